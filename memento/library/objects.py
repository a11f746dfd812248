"""Commits made from values: one `git fast-import`, no checkout, no index, no ref.

Measured against hash-object + mktree + commit-tree: one process instead of one per level, and it
reads only the trees on the way to what changes. fast-import insists on a branch; the stream names
a draft of its own and takes it back before the end, so that none is ever written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from memento.errors import LibraryError
from memento.library.git import EMAIL, NAME, Git
from memento.types import File, Sha

_FORBIDDEN_PART = re.compile(r"\.{0,2}|\.git|git~\d+", re.IGNORECASE)
_FORBIDDEN_CHARACTER = re.compile(r"[\x00-\x1f\x7f\\:\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Graft:
    """An object that already exists, to be put at a path."""

    sha: Sha
    mode: str
    """100644, 100755 or 040000."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A commit to be made: the first parent's tree, without `remove`, with `put` and `graft`."""

    message: str
    parents: tuple[Sha, ...]
    remove: tuple[str, ...] = ()
    put: Mapping[str, File] = field(default_factory=dict)
    graft: Mapping[str, Graft] = field(default_factory=dict)


def check_path(path: str) -> None:
    """LibraryError unless `path` is a plain relative POSIX path that no git or file system misreads."""
    parts = path.split("/")
    # Some file systems drop trailing dots and spaces: `.git ` would be `.git` there.
    if any(_FORBIDDEN_PART.fullmatch(part.rstrip(". ")) for part in parts) or len(path.encode()) > 1024:
        raise LibraryError(f"{path!r} is no path for a library. Rename the file.")
    if _FORBIDDEN_CHARACTER.search(path):
        raise LibraryError(f"{path!r} holds a character that does not belong in a path. Rename the file.")


def create(git: Git, draft: Draft, token: str) -> Sha:
    """Write the commit and what it needs as objects; its name. No ref is made. `token` is a fresh id."""
    ref = f"refs/memento/draft/{token}"
    stream = b"feature done\n" + _commit(draft, ref, int(git.now())) + _take_back(draft, ref) + b"done\n"
    return Sha(git("fast-import", "--quiet", "--date-format=raw", stdin=stream).decode().strip())


def create_note(git: Git, text: str, about: Sha, notes: Sha | None, token: str) -> Sha:
    """The notes commit that says `text` about a commit, on top of `notes` (the present notes, if any)."""
    ref = f"refs/memento/draft/{token}"
    draft = Draft(message="Notes added by Memento", parents=(notes,) if notes else ())
    note = b"N inline " + about.encode() + b"\n" + _data(text.encode())
    head = _commit(draft, ref, int(git.now()), note)
    stream = b"feature done\n" + head + _take_back(Draft(message="", parents=(about,)), ref) + b"done\n"
    return Sha(git("fast-import", "--quiet", "--date-format=raw", stdin=stream).decode().strip())


def _commit(draft: Draft, ref: str, when: int, extra: bytes = b"") -> bytes:
    parts = [f"commit {ref}\nmark :1\ncommitter {NAME} <{EMAIL}> {when} +0000\n".encode()]
    parts.append(_data(draft.message.encode("utf-8", "replace")))
    parts += [
        f"{'merge' if index else 'from'} {parent}\n".encode() for index, parent in enumerate(draft.parents)
    ]
    parts += [f"D {_quoted(path)}\n".encode() for path in draft.remove]
    for path, file in draft.put.items():
        mode = "100755" if file.executable else "100644"
        parts.append(f"M {mode} inline {_quoted(path)}\n".encode() + _data(file.data))
    parts += [f"M {graft.mode} {graft.sha} {_quoted(path)}\n".encode() for path, graft in draft.graft.items()]
    return b"".join([*parts, extra, b"\nget-mark :1\n"])


def _take_back(draft: Draft, ref: str) -> bytes:
    width = len(draft.parents[0]) if draft.parents else 40
    return f"reset {ref}\nfrom {'0' * width}\n\n".encode()


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _quoted(path: str) -> str:
    check_path(path)
    return '"' + path.replace('"', '\\"') + '"'
