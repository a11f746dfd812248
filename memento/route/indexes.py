"""The indexes at hand, one per library commit, the last few kept.

A commit never changes, so its index never does; a work tree (commit None) does, and is not kept. With a
folder the newest one is on disk, and the next process opens it instead of building it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from memento.protocols import Embedder, Snapshot
from memento.route.births import Births
from memento.route.disk import on_disk
from memento.route.index import Index, build
from memento.route.past import Past
from memento.route.vectors import (
    RecentRequests,
    Space,
    VectorCache,
    centred,
    skill_key,
    skill_vectors,
)
from memento.types import Sha, Skill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

KEPT = 4
ON_DISK_FROM = 500
"""Skills; a smaller library is indexed quicker than its index is found on disk."""


@dataclass(kw_only=True)
class Indexed:
    """A library's index and, once an embedder was asked, the vectors of its skills."""

    index: Index
    trees: Mapping[str, Sha | None] = field(repr=False)
    """By name, in order of name: what a skill's record is kept under."""
    keys: Sequence[bytes] = field(repr=False)
    """Of the skills' vectors, in the same order."""
    read: Callable[[str], Skill | None] = field(repr=False)
    cache: VectorCache | None = None
    recent: RecentRequests = field(default_factory=RecentRequests, repr=False)
    born: tuple[Past, ...] = field(default=(), repr=False)
    """Requests that the skills' own tests say belong to them."""
    _spaces: dict[str, Space] = field(default_factory=dict, repr=False)
    _places: dict[str, int] = field(default_factory=dict, repr=False)

    names: Sequence[str] = field(init=False, repr=False)
    """In order of name."""

    def __post_init__(self) -> None:
        self.names = tuple(self.trees)

    @property
    def places(self) -> Mapping[str, int]:
        """The rows of the vectors, by name."""
        if not self._places:
            self._places = {name: n for n, name in enumerate(self.trees)}
        return self._places

    def space(self, embedder: Embedder) -> Space:
        """One row a skill, in order of name. Raises what the embedder raises."""
        # Two threads may both embed the library once; they store the same vectors.
        if embedder.name not in self._spaces:
            rows = skill_vectors(self.keys, self._skills, embedder, self.cache)
            self._spaces[embedder.name] = centred(rows)
        return self._spaces[embedder.name]

    def queries(self, texts: Sequence[str], embedder: Embedder) -> "Floats":
        """Vectors of requests, in the space of the skills' vectors. Raises what the embedder raises."""
        found = self.recent.of(texts, embedder)
        if self.trees and found.shape[1] != self.space(embedder).rows.shape[1]:
            # The vectors that were kept are of another model of the same name.
            if self.cache:
                self.cache.forget(embedder.name)
            del self._spaces[embedder.name]
        return found

    def as_recorded(self, name: str) -> Skill:
        """A skill as far as its record is concerned: its name and its tree."""
        return Skill(name=name, description="", body="", tree=self.trees[name])

    def _skills(self, numbers: Sequence[int]) -> Sequence[Skill]:
        names = self.names
        found = (self.read(names[n]) for n in numbers)
        return [
            s or Skill(name=names[n], description="", body="") for n, s in zip(numbers, found, strict=True)
        ]


@dataclass(kw_only=True)
class Indexes:
    """Builds at most one index per commit, also when threads ask at the same time."""

    folder: Path | None = None
    _kept: OrderedDict[Sha, Indexed] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _recent: RecentRequests = field(default_factory=RecentRequests)

    @property
    def cache(self) -> VectorCache | None:
        """Of vectors, between processes."""
        return VectorCache(path=self.folder / "vectors.db") if self.folder else None

    def of(self, snapshot: Snapshot) -> Indexed:
        """The index of `snapshot`."""
        if snapshot.commit is None:
            return self._indexed(snapshot)
        with self._lock:
            if snapshot.commit not in self._kept:
                self._kept[snapshot.commit] = self._indexed(snapshot)
            self._kept.move_to_end(snapshot.commit)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[snapshot.commit]

    def _indexed(self, snapshot: Snapshot) -> Indexed:
        names = snapshot.names()
        trees: dict[str, Sha | None] = {}
        keys: list[bytes] = []

        def skills() -> Iterator[Skill]:
            """All, from the start at every call: a library's bodies are never in memory together."""
            trees.clear()
            keys.clear()
            for name in names:
                if (skill := snapshot.skill(name)) is not None:
                    trees[skill.name] = skill.tree
                    keys.append(skill_key(skill))
                    yield skill

        if self.folder and snapshot.commit and len(names) >= ON_DISK_FROM:
            index = on_disk(self.folder / "index", snapshot.commit, skills)
            if not trees:
                for _ in skills():
                    pass
        else:
            index = build(skills())
        return Indexed(
            index=index,
            trees=trees,
            keys=keys,
            read=snapshot.skill,
            cache=self.cache,
            recent=self._recent,
            born=Births(folder=self.folder).of(snapshot, trees),
        )
