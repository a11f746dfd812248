"""The files that gate a library's pull requests on GitHub: workflows, CODEOWNERS, advice on protection."""

from collections.abc import Mapping
from importlib import resources

from memento.library import Library

FILES = {
    ".github/workflows/gate.yml": "gate.yml",
    ".github/workflows/gate-comment.yml": "gate-comment.yml",
    ".github/CODEOWNERS": "CODEOWNERS",
    ".github/branch-protection.md": "branch-protection.md",
}


def github_files(version: str) -> Mapping[str, bytes]:
    """By path; the workflows install this version of Memento."""
    folder = resources.files("memento").joinpath("templates", "github")
    texts = {path: folder.joinpath(name).read_text("utf-8") for path, name in FILES.items()}
    return {path: text.replace("@VERSION@", version).encode() for path, text in texts.items()}


def add_github(library: Library, version: str) -> tuple[str, ...]:
    """Commit to main those of the files that it does not have; their paths."""
    present = library.at().entries()
    missing = {path: data for path, data in github_files(version).items() if path not in present}
    if missing:
        library.commit_files(missing, "Gate pull requests on GitHub", {})
    return tuple(missing)
