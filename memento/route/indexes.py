"""The indexes in memory, one per library commit, the last few kept.

A commit never changes, so its index never does; a work tree (commit None) does, and is not kept.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

from memento.protocols import Embedder, Snapshot
from memento.route.index import Index, build
from memento.types import Sha, Skill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT = 4


@dataclass(kw_only=True)
class Indexed:
    """A library's index and, once an embedder was asked, the vectors of its skills."""

    index: Index
    skills: Mapping[str, Skill] = field(repr=False)
    """By name, in order of name; their bodies are left out, the index has read them."""
    _vectors: "dict[str, NDArray[np.float32]]" = field(default_factory=dict, repr=False)

    def cosines(self, text: str, embedder: Embedder) -> Mapping[str, float]:
        """The cosine of `text` and each skill, by name. Raises what the embedder raises."""
        # Two threads may both embed the library once; they store the same vectors.
        if embedder.name not in self._vectors:
            texts = [f"{s.name.replace('-', ' ')}: {s.description}" for s in self.skills.values()]
            self._vectors[embedder.name] = embedder.embed(texts)
        scores = self._vectors[embedder.name] @ embedder.embed((text,))[0]
        return dict(zip(self.skills, (float(score) for score in scores), strict=True))


@dataclass(kw_only=True)
class Indexes:
    """Builds at most one index per commit, also when threads ask at the same time."""

    _kept: OrderedDict[Sha, Indexed] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, snapshot: Snapshot) -> Indexed:
        """The index of `snapshot`."""
        if snapshot.commit is None:
            return _indexed(snapshot)
        with self._lock:
            if snapshot.commit not in self._kept:
                self._kept[snapshot.commit] = _indexed(snapshot)
            self._kept.move_to_end(snapshot.commit)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[snapshot.commit]


def _indexed(snapshot: Snapshot) -> Indexed:
    skills: Sequence[Skill] = [s for name in snapshot.names() if (s := snapshot.skill(name)) is not None]
    return Indexed(
        index=build(skills),
        skills={skill.name: replace(skill, body="") for skill in skills},
    )
