"""The library at a commit, read-only, through `ls-tree` and `cat-file --batch`.

Each is a process that ends with the call. Symbolic links and submodules are never read; `strange`
names those in a skill's folder, and `entries` has them with their modes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from memento.errors import LibraryError
from memento.library.git import Git
from memento.skill.reader import Diagnostic, Parsed, parse
from memento.types import File, FileName, Folder, Sha, Skill

MOST_BYTES = 8 * 1024 * 1024
"""No file of a skill is larger; a larger one is refused, not read."""

_LITTER = {".git", "__pycache__", ".pytest_cache", ".DS_Store"}


def test_path(name: str) -> str:
    """Where the tests of the skill `name` are."""
    return f"skill_tests/test_{name.replace('-', '_')}.py"


test_path.__test__ = False  # type: ignore[attr-defined]  # pytest would collect a function of this name


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a tree: a blob, a tree or a submodule at a path."""

    mode: str
    kind: str
    sha: Sha

    @property
    def is_file(self) -> bool:
        return self.mode in ("100644", "100755")


@dataclass(frozen=True, kw_only=True)
class CommitSnapshot:
    """The library at a commit."""

    git: Git
    commit: Sha

    def names(self) -> Sequence[str]:
        return [name for name, parsed in self._parsed.items() if parsed.skill is not None]

    def unusable(self) -> Mapping[str, tuple[Diagnostic, ...]]:
        """Folders below skills/ that hold a SKILL.md no skill can be read from, and why."""
        return {name: p.diagnostics for name, p in self._parsed.items() if p.skill is None}

    def skill(self, name: str) -> Skill | None:
        found = self._parsed.get(name)
        return found.skill if found else None

    def diagnostics(self, name: str) -> tuple[Diagnostic, ...]:
        """What is odd about a skill's SKILL.md."""
        found = self._parsed.get(name)
        return found.diagnostics if found else ()

    def folder(self, name: str) -> Folder:
        entries = {path: entry for path, entry in self._inside(name).items() if entry.is_file}
        blobs = read_blobs(self.git, [entry.sha for entry in entries.values()])
        return {
            path: File(data=data, executable=entry.mode == "100755")
            for (path, entry), data in zip(entries.items(), blobs, strict=True)
        }

    def strange(self, name: str) -> tuple[FileName, ...]:
        """Paths in the skill's folder that are no regular files (links, submodules); `folder` omits them."""
        inside = self._inside(name).items()
        return tuple(path for path, entry in inside if not entry.is_file and entry.kind != "tree")

    def test(self, name: str) -> bytes | None:
        return self._file(test_path(name))

    def tips(self) -> str:
        return (self._file("tips.md") or b"").decode("utf-8", "replace")

    def entries(self) -> Mapping[str, str]:
        """Every path but folders, with its git mode and object name."""
        files = {path: entry for path, entry in self._tree.items() if entry.kind != "tree"}
        return {path: f"{entry.mode} {entry.sha}" for path, entry in files.items()}

    @cached_property
    def _tree(self) -> Mapping[str, Entry]:
        entries = {}
        for line in self.git("ls-tree", "-r", "-t", "-z", self.commit).split(b"\0")[:-1]:
            meta, _, path = line.partition(b"\t")
            mode, kind, sha = meta.decode().split()
            # surrogateescape: a path that is not UTF-8 stays nameable, and custody refuses it
            entries[path.decode("utf-8", "surrogateescape")] = Entry(mode=mode, kind=kind, sha=Sha(sha))
        return entries

    def _inside(self, name: str) -> Mapping[FileName, Entry]:
        start = f"skills/{name}/"
        inside = {path: entry for path, entry in self._tree.items() if path.startswith(start)}
        return {path.removeprefix(start): entry for path, entry in inside.items()}

    def _file(self, path: str) -> bytes | None:
        entry = self._tree.get(path)
        return read_blobs(self.git, [entry.sha])[0] if entry and entry.is_file else None

    @cached_property
    def _parsed(self) -> Mapping[str, Parsed]:
        documents = {
            path.split("/")[1]: entry
            for path, entry in self._tree.items()
            if path.count("/") == 2 and path.startswith("skills/") and path.endswith("/SKILL.md")
            if entry.is_file
        }
        blobs = read_blobs(self.git, [entry.sha for entry in documents.values()])
        return {
            name: _with_tree(parse(data, folder=name), self._tree[f"skills/{name}"].sha)
            for name, data in sorted(zip(documents, blobs, strict=True))
        }


def _with_tree(parsed: Parsed, tree: Sha) -> Parsed:
    return replace(parsed, skill=parsed.skill and replace(parsed.skill, tree=tree))


def read_blobs(git: Git, shas: Sequence[Sha]) -> list[bytes]:
    """The contents of blobs, in order, through one process. LibraryError for one that is missing."""
    if not shas:
        return []
    out = git("cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in shas).encode())
    blobs, at = [], 0
    for sha in shas:
        end = out.index(b"\n", at)
        header = out[at:end].split()
        if len(header) != 3 or header[1] != b"blob":
            raise LibraryError(f"The object {sha} is missing or damaged. `git fsck` says more.")
        size = int(header[2])
        if size > MOST_BYTES:
            raise LibraryError(f"The object {sha} has {size} bytes. Keep files of skills small.")
        blobs.append(out[end + 1 : end + 1 + size])
        at = end + size + 2
    return blobs
