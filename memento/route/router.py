"""Read: which skill is a request about, or none.

Rules
- A request is a bag of words and a vector. Nothing that a user writes is query syntax.
- Without an embedder score = BM25; with one it is a linear sum (weights.py): cosine, BM25, and for a skill
  that has solved requests before what the memory of them says (memory.py).
- Utility is a prior: it moves a score by at most 5 %, so it decides between near equals and never
  starves a skill that has no history, or an unlucky one.
- The skill with the best score is the route when its confidence reaches the threshold, else none fits.
  Confidence comes from the text and from solved requests: a bad record does not make a skill fit less.
- An embedder that fails costs quality, not the route: words decide, and the route says so.
- One index per library commit, the last few in memory, the newest also on disk where a folder is given.
  A work tree has no commit and is indexed at every call.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from memento.errors import ModelError, UsageError
from memento.protocols import Embedder, Observation, Snapshot
from memento.route.confidence import confidence, coverage, fused
from memento.route.indexes import Indexed, Indexes
from memento.route.memory import History, Memory, Past, Recalled, forget_everything, remember
from memento.route.train import Case, right_skills
from memento.route.vectors import embed
from memento.route.weights import DEFAULT, Weights
from memento.route.words import query_terms
from memento.types import Route, Skill, Utility

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THRESHOLD = 0.38
"""Measured in libraries of 20: of requests whose skill is there, .89 reach it on real skills (of .91 that
rank it first); of requests whose skill is not, .22 reach a wrong one. At .30 that is .91 and .62."""
RANKED = 10
FROM_EACH = 20
"""Candidates that each way of finding brings: words, vectors, memory."""
UTILITY_SPAN = 0.1
"""From utility 0 to 1 a score gains a tenth, centred on the prior."""
PRIOR_WEIGHT = 4.0
"""Runs that the prior of one half counts for: one failure must not look like a record."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scored:
    skill: str
    score: float
    bm25: float
    cosine: float | None
    utility: float
    recalled: Recalled | None
    parts: tuple[tuple[str, float], ...]

    def case(self, right: frozenset[str]) -> Case:
        return Case(
            skill=self.skill,
            cosine=self.cosine or 0.0,
            bm25=self.bm25,
            recalled=self.recalled,
            right=self.skill in right,
        )


@dataclass(kw_only=True)
class _Remembered:
    """The memory made of one state of the history."""

    of: tuple[str, int, Past | None] | None = None
    memory: Memory | None = None


@dataclass(frozen=True, kw_only=True)
class TantivyRouter:
    """Router over BM25, an optional embedder, past requests and the skills' utility."""

    threshold: float = THRESHOLD
    utility: Callable[[Skill], Utility] = no_history
    """What is known of a skill version; the skill it is asked about carries no body."""
    embedder: Embedder | None = None
    history: History = forget_everything
    """Past requests, oldest first, append-only; only used with an embedder."""
    weights: Weights = DEFAULT
    folder: Path | None = None
    """Where index and vectors are kept between processes."""
    _indexes: Indexes = field(init=False, repr=False, compare=False)
    _remembered: _Remembered = field(default_factory=_Remembered, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_indexes", Indexes(folder=self.folder))

    def __call__(self, x: Observation) -> Route:
        """The route of the observed task in the observed library."""
        return self.route(x.task.text, x.library)

    def route(self, text: str, snapshot: Snapshot) -> Route:
        """The best skill for `text`, or none; with the ten best by score."""
        return self.route_many((text,), snapshot)[0]

    def route_many(self, texts: Sequence[str], snapshot: Snapshot) -> Sequence[Route]:
        """The routes of `texts`, in order, in one pass over one index."""
        indexed = self._indexes.of(snapshot)
        vectors, degraded = self._vectors(texts, indexed)
        routes = []
        for n, text in enumerate(texts):
            terms = query_terms(text).terms
            ranked = self._ranked(terms, indexed, None if vectors is None else vectors[n])
            sure = self._case(ranked[0], terms, indexed, _margin(ranked)).confidence if ranked else 0.0
            routes.append(self._decision(ranked, sure, degraded))
        return routes

    def explain(self, text: str, snapshot: Snapshot) -> Explanation:
        """The route with what every candidate was given for what."""
        indexed = self._indexes.of(snapshot)
        terms = query_terms(text).terms
        vectors, degraded = self._vectors((text,), indexed)
        ranked = self._ranked(terms, indexed, None if vectors is None else vectors[0])
        cases = tuple(self._case(s, terms, indexed, _margin(ranked[n:])) for n, s in enumerate(ranked))
        route = self._decision(ranked, cases[0].confidence if cases else 0.0, degraded)
        return Explanation(route=route, threshold=self.threshold, terms=terms, candidates=cases)

    def cases(self, snapshot: Snapshot) -> Sequence[Sequence[Case]]:
        """Of every past request that a skill of `snapshot` solved, the candidates as the router sees them.

        Each request is left out of the memory that it is held against. Raises ModelError, and UsageError
        without an embedder.
        """
        if self.embedder is None:
            raise UsageError("routing learns from vectors; choose an embedder, as in [route] embedder")
        indexed, memory = self._indexes.of(snapshot), self._memory()
        right = {text: s for text, s in right_skills(self.history()).items() if s & set(indexed.skills)}
        vectors = indexed.queries(list(right), self.embedder) if right else ()
        number = {text: n for n, text in enumerate(memory.texts)} if memory else {}
        found = []
        for text, vector in zip(right, vectors, strict=True):
            recalled = memory.recall(vector, without=number.get(text)) if memory else {}
            scored = self._fused(query_terms(text).terms, indexed, vector, self.embedder, recalled)
            found.append([s.case(right[text]) for s in scored])
        return found

    def vectors(self, snapshot: Snapshot) -> "tuple[Sequence[str], NDArray[np.float32] | None]":
        """The skills by name, and their unit vectors, None without an embedder. Raises ModelError."""
        indexed = self._indexes.of(snapshot)
        return list(indexed.skills), indexed.vectors(self.embedder) if self.embedder else None

    def _decision(self, ranked: "Sequence[_Scored]", sure: float, degraded: str | None) -> Route:
        return Route(
            skill=ranked[0].skill if ranked and sure >= self.threshold else None,
            confidence=sure,
            ranked=tuple((s.skill, s.score) for s in ranked),
            degraded=degraded,
        )

    def _vectors(
        self, texts: Sequence[str], indexed: Indexed
    ) -> "tuple[NDArray[np.float32] | None, str | None]":
        if self.embedder is None or not indexed.skills or not any(text.strip() for text in texts):
            return None, None
        try:
            vectors = indexed.queries(texts, self.embedder)
            indexed.vectors(self.embedder)
            self._memory()
        except ModelError as error:
            return None, f"embedder {self.embedder.name} is down, words alone decided: {error}"
        return vectors, None

    def _memory(self) -> Memory | None:
        past = self.history()
        if self.embedder is None or not past:
            return None
        state = (self.embedder.name, len(past), past[-1])
        if self._remembered.of != state:
            embedder = self.embedder
            self._remembered.memory = remember(past, lambda texts: embed(texts, embedder))
            self._remembered.of = state
        return self._remembered.memory

    def _ranked(
        self, terms: Sequence[str], indexed: Indexed, vector: "NDArray[np.float32] | None"
    ) -> "Sequence[_Scored]":
        if vector is None or self.embedder is None or not terms:
            found = indexed.index.search(terms, limit=2 * RANKED)
            cases = [self._scored(name, bm25, None, None, indexed) for name, bm25 in found.items()]
        else:
            memory = self._memory()
            recalled = memory.recall(vector) if memory else {}
            cases = self._fused(terms, indexed, vector, self.embedder, recalled)
        return sorted(cases, key=lambda s: (-s.score, s.skill))[:RANKED]

    def _fused(
        self,
        terms: Sequence[str],
        indexed: Indexed,
        vector: "NDArray[np.float32]",
        embedder: Embedder,
        recalled: Mapping[str, Recalled],
    ) -> "list[_Scored]":
        cosines = indexed.vectors(embedder) @ vector
        names = list(indexed.positions) if len(cosines) <= FROM_EACH else None
        near = names if names is not None else _nearest(cosines, list(indexed.skills))
        past = sorted(recalled, key=lambda name: -recalled[name].nearest)
        bm25 = dict(indexed.index.search(terms, limit=FROM_EACH))
        others = [n for n in dict.fromkeys((*near, *past[:FROM_EACH])) if n not in bm25]
        bm25 |= indexed.index.scores(terms, [n for n in others if n in indexed.positions])
        return [
            self._scored(name, score, float(cosines[indexed.positions[name]]), recalled.get(name), indexed)
            for name, score in bm25.items()
        ]

    def _scored(
        self, name: str, bm25: float, cosine: float | None, recalled: Recalled | None, indexed: Indexed
    ) -> _Scored:
        utility = _shrunk(self.utility(indexed.skills[name]))
        parts = {"bm25": bm25} if cosine is None else self.weights.parts(cosine, bm25, recalled)
        plain = sum(parts.values())
        moved = abs(plain) * UTILITY_SPAN * (utility - 0.5)
        return _Scored(
            skill=name,
            score=plain + moved,
            bm25=bm25,
            cosine=cosine,
            utility=utility,
            recalled=recalled,
            parts=(*parts.items(), ("utility", moved)),
        )

    def _case(self, s: _Scored, terms: Sequence[str], indexed: Indexed, margin: float) -> Candidate:
        hit = indexed.index.hit(s.skill, s.bm25)
        rarity = indexed.index.rarity(terms)
        sure = confidence(hit, rarity, indexed.index.rarest)
        if s.cosine is not None:
            sure = fused(sure, s.cosine, s.recalled, margin)
        return Candidate(
            skill=s.skill,
            score=s.score,
            bm25=s.bm25,
            cosine=s.cosine,
            utility=s.utility,
            coverage=coverage(hit, rarity),
            confidence=sure,
            matched=tuple(term for term in rarity if term in hit.full),
            parts=s.parts,
        )


def _margin(ranked: "Sequence[_Scored]") -> float:
    """How far the first is ahead of the second; all its score when it is alone."""
    if not ranked:
        return 0.0
    return ranked[0].score - (ranked[1].score if len(ranked) > 1 else 0.0)


def _nearest(cosines: "NDArray[np.float32]", names: Sequence[str]) -> list[str]:
    import numpy as np

    best = np.argpartition(-cosines, FROM_EACH)[:FROM_EACH]
    return [names[n] for n in best]


def _shrunk(utility: Utility) -> float:
    return (utility.successes + PRIOR_WEIGHT / 2) / (utility.n + PRIOR_WEIGHT)
