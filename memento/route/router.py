"""Read: which skill is a request about, or none.

Rules
- A request is a bag of words and a vector. Nothing that a user writes is query syntax.
- Candidates and scores: ranking.py. What was learned from the past: memory.py, weights.py, train.py.
- The skill with the best score is the route when its confidence reaches the threshold, else none fits.
  Confidence comes from the text and from solved requests: a bad record does not make a skill fit less.
- Near ties are named in the route. A task may be given to another of them (choice.py); `route`, `route_many`
  and `explain` never draw and never ask: the same request in the same library gets the same answer.
- An embedder that fails costs quality, not the route: words decide, and the route says so. So does a model
  that was to choose among near ties.
- One index per library commit, the last few in memory, the newest also on disk where a folder is given.
  A work tree has no commit and is indexed at every call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from memento.errors import ModelError, UsageError
from memento.protocols import Embedder, Observation, Snapshot
from memento.route.choice import Chance, Reranker, drawn, near_ties
from memento.route.confidence import confidence, coverage, fused
from memento.route.indexes import Indexed, Indexes
from memento.route.lessons import Lessons, gathered
from memento.route.memory import Memory, remember
from memento.route.past import History, Past, forget_everything
from memento.route.ranking import Asked, Ranking, Scored, margin, shrunk
from memento.route.vectors import request_vectors
from memento.route.weights import DEFAULT, Weights
from memento.route.words import query_terms
from memento.types import Route, Skill, Utility

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

THRESHOLD = 0.38
"""Measured in libraries of 20: of requests whose skill is there, .89 reach it on real skills (of .91 that
rank it first); of requests whose skill is not, .22 reach a wrong one. At .30 that is .91 and .62."""
RANKED = 10
TOGETHER = 64
"""Requests recalled at once."""


def no_history(_: Skill) -> Utility:
    """Nothing is known of any skill."""
    return Utility()


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One skill's case: what each part of the score said. `matched` are terms, not words of the query."""

    skill: str
    score: float
    bm25: float
    cosine: float | None
    utility: float
    coverage: float
    confidence: float
    matched: tuple[str, ...]
    parts: tuple[tuple[str, float], ...] = ()
    """What each feature added to the score, in order of weight; utility as the points it moved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A route and why: the request's terms, the candidates best first, and the bar they had to reach."""

    route: Route
    threshold: float
    terms: tuple[str, ...]
    candidates: tuple[Candidate, ...]


@dataclass(kw_only=True)
class _Remembered:
    """The memory made of one state of the history."""

    of: tuple[str, int, Past | None, tuple[Past, ...]] | None = None
    memory: Memory | None = None


@dataclass(frozen=True, kw_only=True)
class _Vectors:
    """Of requests, or why there are none though there should be."""

    rows: "Floats | None" = None
    memory: Memory | None = None
    degraded: str | None = None


@dataclass(frozen=True, kw_only=True)
class TantivyRouter:
    """Router over BM25, an optional embedder, past requests and the skills' utility."""

    threshold: float = THRESHOLD
    utility: Callable[[Skill], Utility] = no_history
    """What is known of a skill version; the skill it is asked about is its name and its tree."""
    embedder: Embedder | None = None
    history: History = forget_everything
    """Past requests, oldest first, append-only; only used with an embedder."""
    weights: Weights = DEFAULT
    folder: Path | None = None
    """Where index and vectors are kept between processes."""
    chance: Chance | None = None
    """Explore among near ties; None: never."""
    reranker: Reranker | None = None
    """Asked about near ties; None: nobody is."""
    _indexes: Indexes = field(init=False, repr=False, compare=False)
    _remembered: _Remembered = field(default_factory=_Remembered, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_indexes", Indexes(folder=self.folder))

    def __call__(self, x: Observation) -> Route:
        """The route of the observed task in the observed library; near ties are chosen among."""
        route, ranked = self._routed((x.task.text,), x.library)[0]
        if route.skill is None or not route.near:
            return route
        if self.reranker is not None:
            return self._asked(route, x, self.reranker)
        if self.chance is not None:
            return replace(route, skill=drawn(ranked, route.near, self.chance))
        return route

    def route(self, text: str, snapshot: Snapshot) -> Route:
        """The best skill for `text`, or none; with the ten best by score."""
        return self.route_many((text,), snapshot)[0]

    def route_many(self, texts: Sequence[str], snapshot: Snapshot) -> Sequence[Route]:
        """The routes of `texts`, in order, in one pass over one index."""
        return [route for route, _ in self._routed(texts, snapshot)]

    def explain(self, text: str, snapshot: Snapshot) -> Explanation:
        """The route with what every candidate was given for what."""
        indexed = self._indexes.of(snapshot)
        found = self._vectors((text,), indexed)
        asked = self._asking((text,), found)[0]
        ranked = self._ranking(asked, indexed, RANKED)
        cases = tuple(self._case(ranked, n, asked, indexed) for n in range(len(ranked)))
        route = self._decision(ranked, cases[0].confidence if cases else 0.0, found.degraded)
        least = self._least(found.degraded)
        return Explanation(route=route, threshold=least, terms=tuple(asked.terms), candidates=cases)

    def lessons(self, snapshot: Snapshot) -> Lessons:
        """What the past requests that skills of `snapshot` solved teach, as arrays for train.py.

        Each request is left out of the memory that it is held against. Raises ModelError, and UsageError
        without an embedder or with too little past.
        """
        if self.embedder is None:
            raise UsageError("routing learns from vectors; choose an embedder, as in [route] embedder")
        indexed = self._indexes.of(snapshot)
        memory = self._memory(indexed)
        return gathered(memory, indexed, self._ranking.texts)

    def vectors(self, snapshot: Snapshot) -> "tuple[Sequence[str], Floats | None]":
        """The skills by name, and their unit vectors as the embedder gave them. Raises ModelError."""
        indexed = self._indexes.of(snapshot)
        return indexed.names, indexed.space(self.embedder).raw() if self.embedder else None

    @property
    def _ranking(self) -> Ranking:
        return Ranking(weights=self.weights, utility=self.utility, embedder=self.embedder)

    def _routed(self, texts: Sequence[str], snapshot: Snapshot) -> list[tuple[Route, Sequence[Scored]]]:
        indexed = self._indexes.of(snapshot)
        routed: list[tuple[Route, Sequence[Scored]]] = []
        for start in range(0, len(texts), TOGETHER):
            some = texts[start : start + TOGETHER]
            found = self._vectors(some, indexed)
            for asked in self._asking(some, found):
                ranked = self._ranking(asked, indexed, RANKED)
                sure = self._sure(ranked, 0, asked, indexed)
                routed.append((self._decision(ranked, sure, found.degraded), ranked))
        return routed

    def _asking(self, texts: Sequence[str], found: _Vectors) -> Sequence[Asked]:
        terms = [query_terms(text).terms for text in texts]
        if found.rows is None:
            return [Asked(terms=t) for t in terms]
        recall = found.memory.recall(found.rows) if found.memory else None
        return [Asked(terms=t, vector=found.rows[n], recall=recall, number=n) for n, t in enumerate(terms)]

    def _decision(self, ranked: Sequence[Scored], sure: float, degraded: str | None) -> Route:
        return Route(
            skill=ranked[0].skill if ranked and sure >= self._least(degraded) else None,
            confidence=sure,
            ranked=tuple((s.skill, s.score) for s in ranked),
            near=near_ties(ranked),
            degraded=degraded,
        )

    def _least(self, degraded: str | None) -> float:
        # Words have a confidence of their own, with a bar of its own.
        return self.threshold if degraded is None else max(self.threshold, THRESHOLD)

    def _asked(self, route: Route, x: Observation, reranker: Reranker) -> Route:
        offered = [skill for name in route.near if (skill := x.library.skill(name)) is not None]
        try:
            return replace(route, skill=reranker(x.task.text, offered))
        except ModelError as error:
            return replace(route, degraded=f"the model could not choose among near ties: {error}")

    def _vectors(self, texts: Sequence[str], indexed: Indexed) -> _Vectors:
        if self.embedder is None or not indexed.trees or not any(text.strip() for text in texts):
            return _Vectors()
        try:
            rows = indexed.queries(texts, self.embedder)
            indexed.space(self.embedder)
            return _Vectors(rows=rows, memory=self._memory(indexed))
        except ModelError as error:
            return _Vectors(degraded=f"embedder {self.embedder.name} is down, words alone decided: {error}")

    def _memory(self, indexed: Indexed) -> Memory | None:
        past = self.history()
        if self.embedder is None or not (past or indexed.born):
            return None
        state = (self.embedder.name, len(past), past[-1] if past else None, indexed.born)
        if self._remembered.of != state:
            embedder, cache = self.embedder, self._indexes.cache
            self._remembered.memory = remember(
                [*indexed.born, *past], lambda texts: request_vectors(texts, embedder, cache)
            )
            self._remembered.of = state
        return self._remembered.memory

    def _sure(self, ranked: Sequence[Scored], n: int, asked: Asked, indexed: Indexed) -> float:
        if not ranked:
            return 0.0
        if ranked[n].cosine is not None:
            wording = indexed.index.wording(asked.terms)
            return fused(self.weights.sure, ranked[n], margin(ranked, n), wording)
        hit = indexed.index.hit(ranked[n].skill, ranked[n].bm25)
        return confidence(hit, indexed.index.rarity(asked.terms), indexed.index.rarest)

    def _case(self, ranked: Sequence[Scored], n: int, asked: Asked, indexed: Indexed) -> Candidate:
        scored = ranked[n]
        hit = indexed.index.hit(scored.skill, scored.bm25)
        rarity = indexed.index.rarity(asked.terms)
        return Candidate(
            skill=scored.skill,
            score=scored.score,
            bm25=scored.bm25,
            cosine=scored.cosine,
            utility=shrunk(scored.utility),
            coverage=coverage(hit, rarity),
            confidence=self._sure(ranked, n, asked, indexed),
            matched=tuple(term for term in rarity if term in hit.full),
            parts=scored.parts,
        )
