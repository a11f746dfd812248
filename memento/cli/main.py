"""The command line's one error boundary."""


def main() -> None:
    """Placeholder while the package is laid out."""
