"""Read: which skill is a request about, or none.

Rules
- A request is a bag of words. Nothing that a user writes is query syntax.
- score = BM25, or BM25 / 60 + cosine where an embedder was handed in.
- Utility is a prior: it moves a score by at most 5 %, so it decides between near equals and never
  starves a skill that has no history, or an unlucky one.
- The skill with the best score is the route when its confidence reaches the threshold, else none fits.
  Confidence comes from the text alone: a bad record does not make a skill fit less.
- An embedder that fails costs quality, not the route: words decide, and the route says so.
- One index per library commit, in memory, the last few kept. A work tree has no commit and is indexed
  at every call.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memento.errors import ModelError
from memento.protocols import Embedder, Observation, Snapshot
from memento.route.confidence import confidence, coverage
from memento.route.indexes import Indexed, Indexes
from memento.route.words import query_terms
from memento.types import Route, Skill, Utility

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memento.route.index import Hit

THRESHOLD = 0.38
"""Measured in libraries of 20: of requests whose skill is there, .89 reach it on real skills (of .91 that
rank it first); of requests whose skill is not, .22 reach a wrong one. At .30 that is .91 and .62."""
RANKED = 10
BM25_PER_COSINE = 60.0
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A route and why: the request's terms, the candidates best first, and the bar they had to reach."""

    route: Route
    threshold: float
    terms: tuple[str, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, kw_only=True)
class TantivyRouter:
    """Router over BM25, an optional embedder and the skills' utility."""

    threshold: float = THRESHOLD
    utility: Callable[[Skill], Utility] = no_history
    """What is known of a skill version; the skill it is asked about carries no body."""
    embedder: Embedder | None = None
    _indexes: Indexes = field(default_factory=Indexes, init=False, repr=False, compare=False)

    def __call__(self, x: Observation) -> Route:
        """The route of the observed task in the observed library."""
        return self.route(x.task.text, x.library)

    def route(self, text: str, snapshot: Snapshot) -> Route:
        """The best skill for `text`, or none; with the ten best by score."""
        return self.explain(text, snapshot).route

    def explain(self, text: str, snapshot: Snapshot) -> Explanation:
        """The route with what every candidate was given for what."""
        words = query_terms(text)
        indexed = self._indexes.of(snapshot)
        cosines, degraded = self._cosines(text, indexed)
        candidates = self._candidates(words.terms, indexed, cosines)
        best = candidates[0] if candidates else None
        fits = best is not None and best.confidence >= self.threshold
        route = Route(
            skill=best.skill if best is not None and fits else None,
            confidence=best.confidence if best is not None else 0.0,
            ranked=tuple((c.skill, c.score) for c in candidates),
            degraded=degraded,
        )
        return Explanation(route=route, threshold=self.threshold, terms=words.terms, candidates=candidates)

    def _cosines(self, text: str, indexed: Indexed) -> "tuple[Mapping[str, float], str | None]":
        if self.embedder is None or not indexed.skills or not text.strip():
            return {}, None
        try:
            return indexed.cosines(text, self.embedder), None
        except ModelError as error:
            return {}, f"embedder {self.embedder.name} is down, words alone decided: {error}"

    def _candidates(
        self, terms: tuple[str, ...], indexed: Indexed, cosines: "Mapping[str, float]"
    ) -> tuple[Candidate, ...]:
        hits = indexed.index.search(terms, limit=2 * RANKED)
        nearest = sorted(cosines, key=lambda name: (-cosines[name], name))[:RANKED]
        found = {hit.skill for hit in hits}
        hits += indexed.index.named(name for name in nearest if name not in found)
        rarity = indexed.index.rarity(terms)
        cases = [self._candidate(hit, indexed, rarity, cosines.get(hit.skill)) for hit in hits]
        return tuple(sorted(cases, key=lambda c: (-c.score, c.skill))[:RANKED])

    def _candidate(
        self, hit: "Hit", indexed: Indexed, rarity: "Mapping[str, float]", cosine: float | None
    ) -> Candidate:
        utility = _shrunk(self.utility(indexed.skills[hit.skill]))
        text = hit.bm25 if cosine is None else hit.bm25 / BM25_PER_COSINE + max(0.0, cosine)
        return Candidate(
            skill=hit.skill,
            score=text * (1 + UTILITY_SPAN * (utility - 0.5)),
            bm25=hit.bm25,
            cosine=cosine,
            utility=utility,
            coverage=coverage(hit, rarity),
            confidence=confidence(hit, rarity, indexed.index.rarest, cosine),
            matched=tuple(term for term in rarity if term in hit.full),
        )


def _shrunk(utility: Utility) -> float:
    return (utility.successes + PRIOR_WEIGHT / 2) / (utility.n + PRIOR_WEIGHT)
