"""The indexes at hand, one per library commit, the last few kept.

A commit never changes, so its index never does; a work tree (commit None) does, and is not kept. With a
folder the newest one is on disk, and the next process opens it instead of building it.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from memento.protocols import Embedder, Snapshot
from memento.route.disk import on_disk
from memento.route.index import Index, build
from memento.route.vectors import VectorCache, embed, skill_vectors
from memento.types import Sha, Skill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 4
ON_DISK_FROM = 500
"""Skills; a smaller library is indexed quicker than its index is found on disk."""


@dataclass(kw_only=True)
class Indexed:
    """A library's index and, once an embedder was asked, the vectors of its skills."""

    index: Index
    skills: Mapping[str, Skill] = field(repr=False)
    """By name, in order of name; their bodies are left out, the index has read them."""
    cache: VectorCache | None = None
    positions: Mapping[str, int] = field(repr=False)
    _vectors: "dict[str, NDArray[np.float32]]" = field(default_factory=dict, repr=False)

    def vectors(self, embedder: Embedder) -> "NDArray[np.float32]":
        """One row a skill, in order of name. Raises what the embedder raises."""
        # Two threads may both embed the library once; they store the same vectors.
        if embedder.name not in self._vectors:
            self._vectors[embedder.name] = skill_vectors(list(self.skills.values()), embedder, self.cache)
        return self._vectors[embedder.name]

    def queries(self, texts: Sequence[str], embedder: Embedder) -> "NDArray[np.float32]":
        """Vectors of requests, in the space of the skills' vectors. Raises what the embedder raises."""
        found = embed(texts, embedder)
        if self.skills and found.shape[1] != self.vectors(embedder).shape[1]:
            # The vectors that were kept are of another model of the same name.
            if self.cache:
                self.cache.forget(embedder.name)
            del self._vectors[embedder.name]
        return found


@dataclass(kw_only=True)
class Indexes:
    """Builds at most one index per commit, also when threads ask at the same time."""

    folder: Path | None = None
    _kept: OrderedDict[Sha, Indexed] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

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

        def skills() -> Iterable[Skill]:
            return (skill for name in names if (skill := snapshot.skill(name)) is not None)

        light = {skill.name: replace(skill, body="") for skill in skills()}
        if self.folder and snapshot.commit and len(light) >= ON_DISK_FROM:
            index = on_disk(self.folder / "index", snapshot.commit, skills)
        else:
            index = build(skills())
        return Indexed(
            index=index,
            skills=light,
            positions={name: n for n, name in enumerate(light)},
            cache=VectorCache(path=self.folder / "vectors.db") if self.folder else None,
        )
