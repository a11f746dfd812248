"""The library at a commit, read-only.

Symbolic links and submodules are never read; `strange` names those in a skill's folder, and
`entries` has them with their modes. One skill is read alone; the first question about all of them
reads them all, once. The parser is loaded when something is to be parsed: it takes as long as
listing 10,000 skills whose headers are known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from memento.library.git import Git
from memento.library.headers import Header, read_headers
from memento.library.reader import MOST_BYTES, Entry, Reader, reading
from memento.types import File, FileName, Folder, Sha, Skill, test_path

if TYPE_CHECKING:
    from memento.skill.reader import Diagnostic, Parsed

__all__ = ["MOST_BYTES", "CommitSnapshot", "read_blobs"]


@dataclass(frozen=True, kw_only=True)
class CommitSnapshot:
    """The library at a commit."""

    git: Git
    commit: Sha
    cache: Path | None = None
    """Where the headers of skills are kept from one process to the next, None to keep none."""

    def headers(self) -> Sequence[Header]:
        """Every skill in a line, the unusable ones too, sorted by name."""
        return read_headers(self.git, self.commit, self.cache)

    def names(self) -> Sequence[str]:
        return [name for name, parsed in self._parsed.items() if parsed.skill is not None]

    def unusable(self) -> "Mapping[str, tuple[Diagnostic, ...]]":
        """Folders below skills/ that hold a SKILL.md no skill can be read from, and why."""
        return {name: p.diagnostics for name, p in self._parsed.items() if p.skill is None}

    def skill(self, name: str) -> Skill | None:
        found = self._read(name)
        return found.skill if found else None

    def diagnostics(self, name: str) -> "tuple[Diagnostic, ...]":
        """What is odd about a skill's SKILL.md."""
        found = self._read(name)
        return found.diagnostics if found else ()

    def folder(self, name: str) -> Folder:
        if not is_plain(name):
            return {}
        with reading(self.git) as read:
            entries = {path: item for path, item in self._inside(read, name).items() if item.is_file}
            blobs = read.blobs([item.sha for item in entries.values()])
        return {
            path: File(data=data, executable=item.mode == "100755")
            for (path, item), data in zip(entries.items(), blobs, strict=True)
        }

    def strange(self, name: str) -> tuple[FileName, ...]:
        """Paths in the skill's folder that are no regular files (links, submodules); `folder` omits them."""
        if not is_plain(name):
            return ()
        with reading(self.git) as read:
            return tuple(path for path, item in self._inside(read, name).items() if not item.is_file)

    def test(self, name: str) -> bytes | None:
        return self._file(test_path(name)) if is_plain(name) else None

    def tips(self) -> str:
        return (self._file("tips.md") or b"").decode("utf-8", "replace")

    def files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of many regular files at once, of those that there are."""
        known = self.__dict__.get("_entries")
        with reading(self.git) as read:
            if known is None:
                there = {path: read.entry(self.commit, path) for path in paths}
            else:  # no folder is read again: of 10,000 skills that takes longer than their files
                there = {path: _entry(known[path]) for path in paths if path in known}
            wanted = {path: item.sha for path, item in there.items() if item and item.is_file}
            return dict(zip(wanted, read.blobs(list(wanted.values())), strict=True))

    def entries(self) -> Mapping[str, str]:
        """Every path but folders, with its git mode and object name."""
        return self._entries

    @cached_property
    def _entries(self) -> Mapping[str, str]:
        # All folders at once: here git's own walk is faster than ours.
        found: dict[str, str] = {}
        for line in (
            self.git.listing("ls-tree", "-r", "-z", self.commit)
            .decode("utf-8", "surrogateescape")
            .split("\0")[:-1]
        ):
            meta, path = line.split("\t", 1)
            mode, _, sha = meta.split()
            found[path] = f"{mode} {sha}"
        return found

    def _inside(self, read: Reader, name: str) -> Mapping[FileName, Entry]:
        return read.walk(f"{self.commit}:skills/{name}")

    def _file(self, path: str) -> bytes | None:
        with reading(self.git) as read:
            item = read.entry(self.commit, path)
            return read.blobs([item.sha])[0] if item and item.is_file else None

    def _read(self, name: str) -> "Parsed | None":
        from memento.library.parsing import parse_all

        if "_parsed" in self.__dict__:
            return self._parsed.get(name)
        if not is_plain(name):
            return None
        with reading(self.git) as read:
            tree = read.object(f"{self.commit}:skills/{name}")
            return parse_all(read, {name: tree.sha}).get(name) if tree and tree.kind == "tree" else None

    @cached_property
    def _parsed(self) -> "Mapping[str, Parsed]":
        from memento.library.parsing import parse_all

        with reading(self.git) as read:
            folders = read.tree(f"{self.commit}:skills")
            trees = {name: item.sha for name, item in folders.items() if item.is_folder}
            return parse_all(read, dict(sorted(trees.items())))


def _entry(meta: str) -> Entry:
    mode, sha = meta.split()
    return Entry(mode=mode, sha=Sha(sha))


def is_plain(name: str) -> bool:
    """Whether `name` can be the name of something in a folder."""
    return name not in ("", ".", "..") and not set(name) & set("/\0\n")


def read_blobs(git: Git, shas: Sequence[Sha]) -> list[bytes]:
    """The contents of blobs, in order, through one process. LibraryError for one that is missing."""
    if not shas:
        return []
    with reading(git) as read:
        return read.blobs(shas)
