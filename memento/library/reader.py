"""Reading objects through one `git cat-file --batch-command` that lives as long as a `with` block.

A name is anything that git resolves to an object: a hash, `refs/heads/main^{commit}`,
`<commit>:skills/x`. A tree is read as git stores it, and taken apart here.

    100644 SKILL.md\\0<20 or 32 bytes>40000 scripts\\0<20 or 32 bytes> ...
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import IO

from memento.errors import LibraryError
from memento.library.git import Git
from memento.types import Sha

MOST_BYTES = 8 * 1024 * 1024
"""No file of a skill is larger; a larger one is refused, not read."""

_MOST_TREE_BYTES = 256 * 1024 * 1024
_QUESTION_BYTES = 16 * 1024
"""At most so much is asked before the answers are read. A pipe holds more, so nobody waits for ever."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Object:
    """An object as git stores it; `kind` is blob, tree, commit or tag."""

    sha: Sha
    kind: str
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a tree: a blob, a tree, a link or a submodule."""

    mode: str
    """Six digits, as `git ls-tree` prints it."""
    sha: Sha

    @property
    def is_file(self) -> bool:
        return self.mode in ("100644", "100755")

    @property
    def is_folder(self) -> bool:
        return self.mode == "040000"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Answers what the repository holds. Not to be shared between threads."""

    questions: IO[bytes]
    answers: IO[bytes]
    known: dict[Sha, Mapping[bytes, tuple[bytes, bytes]]] = field(default_factory=dict)
    """Trees that were read. What a hash names never changes."""
    roots: dict[Sha, Sha] = field(default_factory=dict)
    """The trees of commits that were read."""

    def objects(self, names: Sequence[str]) -> list[Object | None]:
        """The objects of these names, in order; None for what is not there.

        LibraryError for a damaged object and for one that is too large.
        """
        found: list[Object | None] = []
        for some in _portions(names):
            self._ask(some)
            found += [self._answer() for _ in some]
        return found

    def object(self, name: str) -> Object | None:
        return self.objects([name])[0]

    def commit(self, rev: str) -> Sha | None:
        """The commit that `rev` names, None when it names none."""
        found = self.object(f"{rev}^{{commit}}")
        return found.sha if found else None

    def blobs(self, shas: Sequence[Sha]) -> list[bytes]:
        """The contents of blobs, in order. LibraryError for one that is missing."""
        blobs = []
        for sha, found in zip(shas, self.objects(shas), strict=True):
            if found is None or found.kind != "blob":
                raise LibraryError(f"The object {sha} is missing or damaged. `git fsck` says more.")
            blobs.append(found.data)
        return blobs

    def tree(self, name: str) -> Mapping[str, Entry]:
        """The entries of a tree; none when `name` names no tree."""
        return self.trees([name])[0]

    def trees(self, names: Sequence[str]) -> list[Mapping[str, Entry]]:
        found = self.objects(names)
        return [entries(item.data, item.sha) if item and item.kind == "tree" else {} for item in found]

    def items(self, sha: Sha) -> Mapping[bytes, tuple[bytes, bytes]]:
        """(mode, hash) by name of a tree, read once. LibraryError when it is missing.

        Raw on purpose: for 10,000 entries, an `Entry` for each would cost more than a whole landing.
        """
        if sha not in self.known:
            found = self.object(sha)
            if found is None or found.kind != "tree":
                raise LibraryError(f"The folder {sha} is missing or damaged. `git fsck` says more.")
            self.known[sha] = {name: (mode, of) for mode, name, of in lines(found.data, sha)}
        return self.known[sha]

    def root(self, commit: Sha) -> Sha:
        """The tree of a commit. LibraryError when there is no such commit."""
        if commit not in self.roots:
            found = self.object(f"{commit}^{{tree}}")
            if found is None:
                raise LibraryError(f"The commit {commit} is missing. Run `memento doctor`.")
            self.roots[commit] = found.sha
        return self.roots[commit]

    def entry(self, commit: Sha, path: str) -> Entry | None:
        """What is at a path of a commit, None when nothing is."""
        item = Entry(mode="040000", sha=self.root(commit))
        for name in path.encode("utf-8", "surrogateescape").split(b"/"):
            found = self.items(item.sha).get(name) if item.is_folder else None
            if found is None:
                return None
            item = Entry(mode=found[0].decode().zfill(6), sha=Sha(found[1].hex()))
        return item

    def walk(self, name: str) -> Mapping[str, Entry]:
        """Every path below a tree but folders, sorted; none when `name` names no tree."""
        files: dict[str, Entry] = {}
        folders = {"": name}
        while folders:
            listed = zip(folders, self.trees(list(folders.values())), strict=True)
            inside = {f"{prefix}{path}": item for prefix, tree in listed for path, item in tree.items()}
            files |= {path: item for path, item in inside.items() if not item.is_folder}
            folders = {f"{path}/": item.sha for path, item in inside.items() if item.is_folder}
        return dict(sorted(files.items()))

    def _ask(self, names: Sequence[str]) -> None:
        if any("\n" in name or "\0" in name for name in names):
            raise LibraryError("A name holds a line end. Rename the file.")
        try:
            asked = "".join(f"contents {name}\n" for name in names)
            # git keeps the answers back until it is told: one write for many, not one for each
            self.questions.write(f"{asked}flush\n".encode("utf-8", "surrogateescape"))
            self.questions.flush()
        except BrokenPipeError as error:
            raise _damaged() from error

    def _answer(self) -> Object | None:
        line = self.answers.readline()
        if not line.endswith(b"\n"):
            raise _damaged()
        if line.endswith((b" missing\n", b" ambiguous\n")):
            return None
        sha, kind, digits = line.decode("ascii").split()
        size = int(digits)
        if size > (MOST_BYTES if kind == "blob" else _MOST_TREE_BYTES):
            raise LibraryError(f"The object {sha} has {size} bytes. Keep files of skills small.")
        data = self.answers.read(size + 1)
        if len(data) != size + 1:
            raise _damaged()
        return Object(sha=Sha(sha), kind=kind, data=data[:-1])


@contextmanager
def reading(git: Git) -> Iterator[Reader]:
    """A reader of the repository; its process ends with the block."""
    with git.talk("cat-file", "--batch-command", "--buffer") as (questions, answers):
        yield Reader(questions=questions, answers=answers)


def entries(data: bytes, sha: Sha) -> dict[str, Entry]:
    """The entries of the tree `sha`, whose stored form is `data`. LibraryError when it is damaged."""
    # surrogateescape: a path that is not UTF-8 stays nameable, and custody refuses it
    return {
        name.decode("utf-8", "surrogateescape"): Entry(mode=mode.decode().zfill(6), sha=Sha(item.hex()))
        for mode, name, item in lines(data, sha)
    }


def lines(data: bytes, sha: Sha) -> list[tuple[bytes, bytes, bytes]]:
    """(mode, name, hash) of each entry of the tree `sha`, as stored. LibraryError when it is damaged."""
    width = len(sha) // 2
    parts: list[tuple[bytes, bytes, bytes]] = _line(width).findall(data)
    if sum(map(len, chain.from_iterable(parts))) + 2 * len(parts) != len(data):
        raise _damaged()
    return parts


@cache
def _line(width: int) -> re.Pattern[bytes]:
    return re.compile(rb"(\d{5,6}) ([^\0]+)\0(.{%d})" % width, re.DOTALL)


def _portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    portion: list[str] = []
    size = 0
    for name in names:
        # Four bytes at most per character in UTF-8; a name beyond the limit goes alone.
        size += 4 * len(name) + 10
        if portion and size > _QUESTION_BYTES:
            yield portion
            portion, size = [], 4 * len(name) + 10
        portion.append(name)
    if portion:
        yield portion


def _damaged() -> LibraryError:
    return LibraryError(
        "git cannot read an object of this library. Run `memento doctor`; `git fsck` says more."
    )
