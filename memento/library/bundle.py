"""A commit on its way to another machine, as a git bundle, and a library made from one.

A bundle is a header and a pack (gitformat-bundle): `git clone FILE` reads ours as well. It is written by
hand because `git bundle create` wants a reference, and a commit that is frozen has none.
"""

from collections.abc import Callable
from pathlib import Path

from memento.errors import LibraryError
from memento.library.git import Git, create_repository, find_git_dir
from memento.library.library import Library
from memento.types import Sha

HEADER = b"# v2 git bundle\n"


def bundle(library: Library, commit: Sha, *others: Sha) -> bytes:
    """The commit as the tip of main, and other commits, with all of their history.

    LibraryError for a SHA-256 repository.
    """
    if len(commit) != 40:
        raise LibraryError("A bundle of a SHA-256 repository is not written; evaluate it on this machine.")
    wanted = "".join(f"{sha}\n" for sha in (commit, *others))
    pack = library.git("pack-objects", "--revs", "--stdout", "--quiet", stdin=wanted.encode())
    return HEADER + f"{commit} {library.main}\n\n".encode() + pack


def from_bundle(data: bytes, root: Path, *, now: Callable[[], float], ids: Callable[[], str]) -> Library:
    """A library at `root`, an empty folder, with the bundle's commit as main.

    LibraryError when the bundle is damaged.
    """
    head, _, pack = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not head.startswith(HEADER.strip()) or len(lines) != 2:
        raise LibraryError("This is no bundle of a library.")
    commit, _, main = lines[1].decode().partition(" ")
    create_repository(root, main.removeprefix("refs/heads/"))
    git = Git(git_dir=find_git_dir(root), now=now, durable=False)
    git("index-pack", "--stdin", "--strict", stdin=pack)
    git("update-ref", main, commit)
    return Library.open(root, now=now, ids=ids, durable=False)
