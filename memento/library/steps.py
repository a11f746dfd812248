"""The named moments of a change, so that a test can stop the process at each of them.

Whatever writes calls `reached("...")` before and after it does. Nothing happens there; a crash test
hands in a function that kills its own process.
"""

from collections.abc import Callable

Reached = Callable[[str], None]


def nothing(_step: str) -> None:
    """What is handed in outside crash tests."""


STEPS = (
    "object: before", "object: written", "object: after",
    "branch: before", "branch: after",
    "lock: before", "lock: after", "lock: released",
    "mark: after", "main: before", "main: after", "landed: after",
    "checkout: before", "checkout: file", "checkout: files", "checkout: after",
    "discard: before", "discard: after",
)  # fmt: skip
"""Every step that the library passes, in the order of a landing."""
