"""Candidates and their scores: words, vectors and memory each bring some, and each is scored by all three.

Without a vector score = BM25. With one it is the linear sum of weights.py. Utility moves a score by at most
5 %, so it decides between near equals and never starves a skill that has no record, or an unlucky one.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from memento.protocols import Embedder
from memento.route.index import FUSED_HEAD_BOOST
from memento.route.indexes import Indexed
from memento.route.memory import Recall
from memento.route.past import Recalled
from memento.route.weights import Weights
from memento.types import Skill, Utility

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FROM_EACH = 20
"""Candidates that each way of finding brings: words, vectors, memory."""
UTILITY_SPAN = 0.1
"""From utility 0 to 1 a score gains a tenth, centred on the prior."""
PRIOR_WEIGHT = 4.0
"""Runs that the prior of one half counts for: one failure must not look like a record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request as the router sees it. Without a vector, words alone decide."""

    terms: Sequence[str]
    vector: "Floats | None" = None
    recall: Recall | None = None
    number: int = 0
    """Of the request in `recall`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """One candidate; `cosine` is None when words alone decided."""

    skill: str
    score: float
    bm25: float
    cosine: float | None
    utility: Utility
    recalled: Recalled | None
    parts: tuple[tuple[str, float], ...]
    """What each feature added to the score, and utility as the points it moved."""


class _Found(NamedTuple):
    """A candidate before its record is asked for."""

    bm25: float
    cosine: float | None
    recalled: Recalled | None
    parts: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Finds and scores candidates."""

    weights: Weights
    utility: Callable[[Skill], Utility]
    embedder: Embedder | None = field(repr=False)

    def __call__(self, asked: Asked, indexed: Indexed, most: int) -> Sequence[Scored]:
        """The `most` best, best first, ties by name."""
        plain = self._plain(asked, indexed, most)
        # Utility moves a score by 5 % at most: who is far behind need not be asked for a record.
        best = heapq.nlargest(2 * most, plain.items(), key=lambda item: sum(item[1].parts.values()))
        scored = [self._scored(name, found, indexed) for name, found in best]
        return sorted(scored, key=lambda s: (-s.score, s.skill))[:most]

    def texts(self, asked: Asked, indexed: Indexed) -> dict[str, tuple[float, float]]:
        """(BM25, cosine) of every candidate. Raises what the embedder raises."""
        import numpy as np

        assert self.embedder is not None
        assert asked.vector is not None
        # Not `@`: BLAS would share so little work among threads, and wait for them on a machine that is busy.
        cosines = np.vecdot(indexed.space(self.embedder).rows, asked.vector)
        past = asked.recall.best(asked.number, FROM_EACH) if asked.recall else ()
        near = _nearest(cosines, indexed.names)
        bm25 = dict(indexed.index.search(asked.terms, limit=FROM_EACH, head=FUSED_HEAD_BOOST))
        others = [n for n in dict.fromkeys((*near, *past)) if n not in bm25 and n in indexed.places]
        bm25 |= indexed.index.scores(asked.terms, others, head=FUSED_HEAD_BOOST)
        return {name: (score, float(cosines[indexed.places[name]])) for name, score in bm25.items()}

    def _plain(self, asked: Asked, indexed: Indexed, most: int) -> dict[str, _Found]:
        if not asked.terms:
            return {}
        if asked.vector is None:
            bm25s = indexed.index.search(asked.terms, limit=2 * most)
            return {name: _Found(bm25, None, None, {"bm25": bm25}) for name, bm25 in bm25s.items()}
        found = {}
        for name, (bm25, cosine) in self.texts(asked, indexed).items():
            recalled = asked.recall.of(asked.number, name) if asked.recall else None
            found[name] = _Found(bm25, cosine, recalled, self.weights.parts(cosine, bm25, recalled))
        return found

    def _scored(self, name: str, found: _Found, indexed: Indexed) -> Scored:
        utility = self.utility(indexed.as_recorded(name))
        plain = sum(found.parts.values())
        moved = abs(plain) * UTILITY_SPAN * (shrunk(utility) - 0.5)
        return Scored(
            skill=name,
            score=plain + moved,
            bm25=found.bm25,
            cosine=found.cosine,
            utility=utility,
            recalled=found.recalled,
            parts=(*found.parts.items(), ("utility", moved)),
        )


def shrunk(utility: Utility) -> float:
    """The mean of what is believed of a skill's chance to solve a task, the prior counted in."""
    return (utility.successes + PRIOR_WEIGHT / 2) / (utility.n + PRIOR_WEIGHT)


def margin(ranked: Sequence[Scored], n: int = 0) -> float:
    """How far the `n`-th is ahead of the best other one, below 0 when behind; all its score when alone."""
    other = 1 if n == 0 else 0
    return ranked[n].score - (ranked[other].score if len(ranked) > 1 else 0.0)


def _nearest(cosines: "Floats", names: Sequence[str]) -> Sequence[str]:
    import numpy as np

    if len(names) <= FROM_EACH:
        return names
    return [names[n] for n in np.argpartition(-cosines, FROM_EACH)[:FROM_EACH]]
