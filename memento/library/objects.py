"""Commits made from values: objects written by us, no checkout, no index, no ref, no process.

    commit ── root ── skills ── greeter ── SKILL.md      only the folders on the way to a change are
                 └─── skill_tests ── test_greeter.py     read and written again; the rest is named

A loose object is a zlib stream whose name is the hash of its content; it appears whole, under its
final name, by a rename. Measured against `git fast-import` at 10,000 skills: 8 ms instead of 64 for
each commit, and a process can be killed between any two objects by a test.
"""

import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from memento.errors import LibraryError
from memento.library.git import EMAIL, NAME, Git, common_dir
from memento.library.reader import Entry, Reader
from memento.library.steps import Reached, nothing
from memento.types import File, Sha

PARTIAL = "tmp_obj_memento"
"""Starts the name of an object that is not whole yet; git's own cleaning knows names of this kind."""

_FORBIDDEN_PART = re.compile(r"\.{0,2}|\.git|git~\d+", re.IGNORECASE)
_FORBIDDEN_CHARACTER = re.compile(r"[\x00-\x1f\x7f\\:\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_FOLDER = b"40000"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A commit to be made: the first parent's tree, without `remove`, with `put` and `graft`."""

    message: str
    parents: tuple[Sha, ...]
    remove: tuple[str, ...] = ()
    put: Mapping[str, File] = field(default_factory=dict)
    graft: Mapping[str, Entry] = field(default_factory=dict)
    """Objects that exist already, by path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Writer:
    """Writes loose objects into the repository of `git`."""

    folder: Path
    """The folder `objects`."""
    digits: int
    """Hex digits of an object name: 64 in a SHA-256 repository."""
    when: int
    durable: bool
    reached: Reached = nothing

    def __call__(self, kind: str, data: bytes) -> Sha:
        """Write one object, unless it is there; its name. LibraryError when the disk does not take it."""
        content = b"%s %d\0%b" % (kind.encode(), len(data), data)
        # SHA-1 because git names objects with it, not for security.
        hasher = hashlib.sha256 if self.digits == 64 else hashlib.sha1
        name = hasher(content, usedforsecurity=False).hexdigest()
        path = self.folder / name[:2] / name[2:]
        self.reached("object: before")
        try:
            if not _is_there(path):
                self._write(path, zlib.compress(content, 1))
        except OSError as error:
            raise LibraryError(
                f"An object could not be written to {self.folder}: {error.strerror}. Nothing has changed; "
                "make room or the folder writable and repeat the command."
            ) from error
        self.reached("object: after")
        return Sha(name)

    def _write(self, path: Path, stored: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=PARTIAL, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(stored)
                file.flush()
                os.fchmod(descriptor, 0o444)
                if self.durable:
                    os.fsync(descriptor)
            self.reached("object: written")
            Path(partial).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(partial).unlink()
            raise
        if self.durable:
            _sync_folder(path.parent)


def writer(git: Git, digits: int, reached: Reached = nothing) -> Writer:
    """A writer for the repository whose object names have that many digits."""
    folder = common_dir(git.git_dir) / "objects"
    return Writer(folder=folder, digits=digits, when=int(git.now()), durable=git.durable, reached=reached)


def check_path(path: str) -> None:
    """LibraryError unless `path` is a plain relative POSIX path that no git or file system misreads."""
    parts = path.split("/")
    # Some file systems drop trailing dots and spaces: `.git ` would be `.git` there.
    if any(_FORBIDDEN_PART.fullmatch(part.rstrip(". ")) for part in parts) or len(path.encode()) > 1024:
        raise LibraryError(f"{path!r} is no path for a library. Rename the file.")
    if _FORBIDDEN_CHARACTER.search(path):
        raise LibraryError(f"{path!r} holds a character that does not belong in a path. Rename the file.")


def create(draft: Draft, read: Reader, write: Writer) -> Sha:
    """Write the commit and what it needs as objects; its name. No ref is made.

    LibraryError for a path that does not belong in a library, before anything is written.
    """
    for path in (*draft.remove, *draft.put, *draft.graft):
        check_path(path)
    grafts: dict[str, Entry | None] = dict.fromkeys(draft.remove)
    for path, file in draft.put.items():
        grafts[path] = Entry(mode="100755" if file.executable else "100644", sha=write("blob", file.data))
    grafts |= draft.graft
    parent = draft.parents[0] if draft.parents else None
    tree = _tree(read.root(parent) if parent else None, grafts, read, write) or write("tree", b"")
    return _commit(tree, draft, write)


def amend(commit: Sha, draft: Draft, read: Reader, write: Writer) -> Sha:
    """A commit with the tree of `commit` and the message and parents of `draft`."""
    return _commit(read.root(commit), draft, write)


def create_note(text: str, about: Sha, notes: Sha | None, read: Reader, write: Writer) -> Sha:
    """The notes commit that says `text` about a commit, on top of `notes` (the present notes, if any)."""
    note = Entry(mode="100644", sha=write("blob", text.encode()))
    # Fanned out once, as git does itself: a flat folder would be written again whole each time.
    path = f"{about[:2]}/{about[2:]}"
    tree = _tree(read.root(notes) if notes else None, {path: note}, read, write)
    assert tree is not None
    parents = (notes,) if notes else ()
    return _commit(tree, Draft(message="Notes added by Memento\n", parents=parents), write)


def _commit(tree: Sha, draft: Draft, write: Writer) -> Sha:
    stamp = f"{NAME} <{EMAIL}> {write.when} +0000"
    parents = [f"parent {parent}" for parent in draft.parents]
    head = "\n".join([f"tree {tree}", *parents, f"author {stamp}", f"committer {stamp}"])
    return write("commit", f"{head}\n\n{draft.message}".encode("utf-8", "replace"))


def _tree(sha: Sha | None, edits: Mapping[str, Entry | None], read: Reader, write: Writer) -> Sha | None:
    """The tree `sha` with `edits` by path, written; None when nothing is left in it."""
    items = dict(read.items(sha)) if sha else {}
    below: dict[str, dict[str, Entry | None]] = {}
    order = list(items)
    for path, item in edits.items():
        head, slash, rest = path.partition("/")
        if slash:
            below.setdefault(head, {})[rest] = item
        elif item is not None:
            _set(items, head, item)
    for head, item in edits.items():
        if item is None and "/" not in head and head not in below:
            _set(items, head, None)
    for head, inner in below.items():
        if edits.get(head) is not None:
            raise LibraryError(f"{head} would be a file and a folder at once. Rename one of them.")
        mode, named = items.get(_bytes(head), (b"", b""))
        # A folder that is itself an edit was removed: what is put there starts from nothing.
        old = Sha(named.hex()) if mode == _FOLDER and head not in edits else None
        new = _tree(old, inner, read, write)
        _set(items, head, Entry(mode="040000", sha=new) if new is not None else None)
    if not items:
        return None
    if order != list(items):
        # git sorts a folder as if its name ended in a slash
        items = dict(sorted(items.items(), key=lambda item: item[0] + b"/" * (item[1][0] == _FOLDER)))
    return write("tree", b"".join([b"%b %b\0%b" % (mode, key, of) for key, (mode, of) in items.items()]))


def _set(items: dict[bytes, tuple[bytes, bytes]], name: str, item: Entry | None) -> None:
    key = _bytes(name)
    new = None if item is None else (item.mode.lstrip("0").encode(), bytes.fromhex(item.sha))
    if new is None or items.get(key, new)[0] != new[0]:
        items.pop(key, None)  # of another kind it sorts elsewhere
    if new is not None:
        items[key] = new


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _is_there(path: Path) -> bool:
    """Whether the object is there; one that is was used just now, so that `git prune` leaves it."""
    try:
        if path.stat().st_size == 0:
            return False  # what a crash of the machine leaves behind: never an object
        os.utime(path)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
