"""The library as the files of a work tree are now, read-only.

Walked by our own code, because git would run filters there. Links, devices and FIFOs are never
followed nor opened; `strange` names those in a skill's folder, and `entries` has links with their
mode. Object names are computed as git would, so that a clean checkout equals its commit.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from memento.errors import LibraryError
from memento.library.reader import MOST_BYTES
from memento.library.snapshot import is_plain
from memento.skill.reader import Diagnostic, Parsed, parse
from memento.types import File, FileName, Folder, Sha, Skill, test_path

_LITTER = {".git", "__pycache__", ".pytest_cache", ".DS_Store"}
_TOP_FILES = ("tips.md", "memento.toml")


@dataclass(frozen=True, kw_only=True)
class WorkTreeSnapshot:
    """The library as its files are now, committed or not. Skills carry no tree: nothing names them yet."""

    root: Path
    digits: int = 40
    """Hex digits of an object name: 64 in a SHA-256 repository."""

    @property
    def commit(self) -> None:
        return None

    def entries(self) -> Mapping[str, str]:
        """Every path of skills/, skill_tests/, tips.md and memento.toml, with git mode and object name."""
        files: dict[FileName, File] = {}
        strange: list[FileName] = []
        for top in ("skills", "skill_tests"):
            _walk(self.root / top, f"{top}/", files, strange)
        for name in _TOP_FILES:
            file = read_file(self.root / name)
            files |= {name: file} if file else {}
        entries = {
            path: f"{'100755' if file.executable else '100644'} {blob_sha(file.data, self.digits)}"
            for path, file in files.items()
        }
        entries |= {path: f"120000 {self._target(path)}" for path in strange}
        return dict(sorted(entries.items()))

    def names(self) -> Sequence[str]:
        return [name for name, parsed in self._parsed().items() if parsed.skill is not None]

    def unusable(self) -> Mapping[str, tuple[Diagnostic, ...]]:
        """Folders below skills/ that hold a SKILL.md no skill can be read from, and why."""
        return {name: p.diagnostics for name, p in self._parsed().items() if p.skill is None}

    def skill(self, name: str) -> Skill | None:
        document = self._document(name)
        return None if document is None else parse(document, folder=name).skill

    def diagnostics(self, name: str) -> tuple[Diagnostic, ...]:
        """What is odd about a skill's SKILL.md."""
        document = self._document(name)
        return () if document is None else parse(document, folder=name).diagnostics

    def folder(self, name: str) -> Folder:
        files: dict[FileName, File] = {}
        if self._has(name):
            _walk(self.root / "skills" / name, "", files, [])
        return dict(sorted(files.items()))

    def strange(self, name: str) -> tuple[FileName, ...]:
        """Paths in the skill's folder that are neither files nor folders; `folder` omits them."""
        strange: list[FileName] = []
        if self._has(name):
            _walk(self.root / "skills" / name, "", {}, strange)
        return tuple(sorted(strange))

    def test(self, name: str) -> bytes | None:
        file = read_file(self.root / test_path(name)) if is_plain(name) else None
        return file.data if file else None

    def files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of many regular files at once, of those that there are."""
        found = {path: read_file(self.root / path) for path in paths}
        return {path: file.data for path, file in found.items() if file is not None}

    def tips(self) -> str:
        file = read_file(self.root / "tips.md")
        return file.data.decode("utf-8", "replace") if file else ""

    def _document(self, name: str) -> bytes | None:
        folder = self.root / "skills" / name
        if not self._has(name):
            return None
        file = read_file(folder / "SKILL.md")
        return file.data if file else None

    def _target(self, path: FileName) -> Sha:
        full = self.root / path
        target = os.readlink(full) if full.is_symlink() else ""  # noqa: PTH115  the text, not a path
        return blob_sha(os.fsencode(target), self.digits)

    def _has(self, name: str) -> bool:
        skills = self.root / "skills"
        return is_plain(name) and _is_directory(skills) and _is_directory(skills / name)

    def _parsed(self) -> Mapping[str, Parsed]:
        skills = self.root / "skills"
        names = sorted(os.listdir(skills)) if _is_directory(skills) else []  # noqa: PTH208  names, not paths
        documents = {name: self._document(name) for name in names}
        return {name: parse(data, folder=name) for name, data in documents.items() if data is not None}


def read_file(path: Path) -> File | None:
    """A regular file's bytes; None for anything else. LibraryError when it is too large."""
    try:
        # O_NONBLOCK: opening a FIFO would wait for a writer for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # missing, a link, unreadable: no file of the library
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        if status.st_size > MOST_BYTES:
            raise LibraryError(f"{path} has {status.st_size} bytes. Keep files of skills small.")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            return File(data=opened.read(MOST_BYTES), executable=bool(status.st_mode & stat.S_IXUSR))
    finally:
        os.close(descriptor)


def blob_sha(data: bytes, digits: int) -> Sha:
    """The object name of a blob, in a repository whose names have that many hex digits."""
    # SHA-1 because git names objects with it, not for security.
    hasher = hashlib.sha256() if digits == 64 else hashlib.sha1(usedforsecurity=False)
    hasher.update(b"blob %d\0" % len(data) + data)
    return Sha(hasher.hexdigest())


def _walk(folder: Path, prefix: str, files: dict[FileName, File], strange: list[FileName]) -> None:
    if not _is_directory(folder):
        return
    with os.scandir(folder) as found:
        for item in found:
            path = f"{prefix}{item.name}"
            if item.name in _LITTER:
                continue
            if item.is_dir(follow_symlinks=False):
                _walk(folder / item.name, f"{path}/", files, strange)
            elif (file := read_file(folder / item.name)) is not None:
                files[path] = file
            else:
                strange.append(path)


def _is_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
