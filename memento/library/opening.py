"""What makes a repository a library: the branch that is main, and the files that `memento init` adds."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from memento.errors import LibraryError
from memento.library.git import Git, common_dir
from memento.library.reader import Reader, reading

if TYPE_CHECKING:
    from memento.types import Folder

BRANCHES = "refs/heads/memento/"
"""Where proposals are."""

_BRANCH = re.compile(r"(?!-)[\w][\w./-]*")

CONFIG = """\
# Settings of this library. Flags and MEMENTO_... variables win over what is written here.
# What is commented out shows its default.

[library]
# main = "main"             # the branch that landings go to

[review]
# agent = "auto"            # skills that the agent wrote: auto (they land after PASS), review, locked
# people = "review"         # skills that people wrote, the starter skills among them
# where = "local"           # or "github": proposals become pull requests
# open_proposals = 20       # the agent proposes no more while so many wait
# landings_per_day = 50     # so many land by themselves; the next ones wait for a person
# most_lines = 400          # a larger change waits for a person

# [review.skills]           # rules by name; the first pattern that fits counts
# "csv-*" = "auto"
# "payroll" = "locked"
"""


def main_of(git: Git, read: Reader, root: Path) -> str:
    """The full name of main: as memento.toml says, else main, else master, else HEAD's own branch."""
    policy, *branches = read.objects(
        ["HEAD:memento.toml", "refs/heads/main^{commit}", "refs/heads/master^{commit}"]
    )
    named = _configured(policy.data, root) if policy and policy.kind == "blob" else None
    if named is not None:
        return f"refs/heads/{named}"
    for branch, found in zip(("refs/heads/main", "refs/heads/master"), branches, strict=True):
        # One that is there but cannot be read is damaged: its neighbour must not take its place.
        if found is not None or (common_dir(git.git_dir) / branch).exists():
            return branch
    head = git.run("symbolic-ref", "--quiet", "HEAD").stdout.decode().strip()
    if not head.startswith("refs/heads/") or head.startswith(BRANCHES):
        raise LibraryError(f"{root} has no branch main. Name yours in memento.toml: [library] main = ...")
    return head


def main_of_damaged(git: Git, root: Path) -> str:
    """As `main_of`; where the policy cannot be read, main when there is one, else HEAD's own branch."""
    try:
        with reading(git) as read:
            return main_of(git, read, root)
    except LibraryError:
        head = git.run("symbolic-ref", "--quiet", "HEAD").stdout.decode().strip()
        if (common_dir(git.git_dir) / "refs/heads/main").exists() or not head.startswith("refs/heads/"):
            return "refs/heads/main"
        return head


def _configured(policy: bytes, root: Path) -> str | None:
    import tomllib

    try:
        section = tomllib.loads(policy.decode("utf-8")).get("library", {})
    except ValueError as error:
        raise LibraryError(
            f"memento.toml of {root} cannot be read: {error}. Correct and commit it."
        ) from error
    named = section.get("main") if isinstance(section, dict) else None
    if named is not None and (not isinstance(named, str) or not _BRANCH.fullmatch(named) or ".." in named):
        raise LibraryError(f"[library] main = {named!r} in memento.toml is no branch name. Correct it.")
    return named


def new_files(present: Mapping[str, object], settings: str = "") -> "Folder":
    """What `memento init` adds to a repository whose main has the paths `present`.

    `settings` is the text of memento.toml, for a library that is not to have the defaults.
    """
    from memento.library.starter import starter_files
    from memento.types import File

    files: dict[str, File] = {
        "tips.md": File(data=b""),
        "memento.toml": File(data=(settings or CONFIG).encode()),
        ".gitignore": File(data=b".memento/\n__pycache__/\n"),
        **starter_files(),
    }
    for top in ("skills", "skill_tests"):
        if not any(path.startswith(f"{top}/") for path in files):
            files[f"{top}/.gitkeep"] = File(data=b"")
    return {path: file for path, file in files.items() if path not in present}


def make_folder(folder: Path) -> None:
    """The folder and its parents; LibraryError when they cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(
            f"{folder} cannot be made: {error.strerror}. Choose a folder you may write."
        ) from error


def private_folder(path: Path) -> Path:
    """A folder that git ignores, made on first use. LibraryError when it cannot be made."""
    make_folder(path)
    ignore = path / ".gitignore"
    if not ignore.exists():
        try:
            ignore.write_text("*\n", "utf-8")
        except OSError as error:
            raise LibraryError(f"{ignore} cannot be written: {error.strerror}.") from error
    return path
