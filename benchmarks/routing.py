"""How well the router routes: `python benchmarks/routing.py DATA_DIR [--json] [--queries N] [--no-speed]`.

DATA_DIR holds one folder per set, with corpus.jsonl (id, name, description, body) and queries.jsonl
(id, text, relevant, split: "train" or "test"). The shipped embedder, no model, all queries. Per set:

    cold_hit1         the first candidate is a right one, nothing is known of the past
    cold_recall10     share of the right ones among the first ten
    bm25_hit1         the same router without an embedder: BM25 over name, description and body
    minilm_rrf_hit1   reciprocal rank fusion of that and the original float32 MiniLM; null without torch, see
                      routing_others.py
    warm_hit1         the train split is what skills solved, and what weights are trained on, as by
                      `memento route train`; test requests of the skills that have a past
    default_warm_hit1 the same with the weights that ship
    mixed_warm_hit1, mixed_cold_hit1
                      half of the skills keep their past, then the other half, three times over; one router,
                      trained on what is left. Test requests all of whose right skills are in the half with a
                      past, and those none of whose are; for halves see routing_data.py
    mixed_warm_was, mixed_cold_was
                      the same requests when all skills have their past, and when none has: what a half
                      without a past costs is the difference
    mixed_whole       share of the test requests that are one or the other, on average
    mixed_any_hit1    all that have a right skill with a past, though others of their right ones have none
    none_auroc        confidence with the right skills there, against confidence in the library without them,
                      the journal being what it was: it still knows who solved such requests (warm)
    none_auroc_strange  the same when the journal has no such requests either
    none_auroc_cold   the same without a past

and for speed, beside rank-bm25 where it is installed: p50 per route in libraries of 1,000, 10,000 and 100,000
skills cut from the real texts given, the time to index 10,000 and to index one again, and the resident memory
of a process that answers with 100,000 (`rss_build_mb_100000`: at the most while they were indexed). Their
vectors are drawn at random for the clock: computing them takes minutes, once (`embed_skill_ms`).
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from routing_data import DEALS, Query, Skills, halves, read_corpus, read_queries
from routing_others import minilm_rrf_hit1
from routing_speed import measure_speed

from memento.errors import UsageError
from memento.protocols import Embedder
from memento.route import TantivyRouter
from memento.route.minilm import MiniLM
from memento.route.past import Past
from memento.route.train import train
from memento.route.weights import DEFAULT
from memento.types import Sha

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    import numpy as np

    below = np.sort(negative)
    wins = np.searchsorted(below, positive, "left") + np.searchsorted(below, positive, "right")
    return float(wins.sum()) / (2 * len(positive) * len(negative))


def mean(flags: Sequence[bool | float]) -> float | None:
    """None when there is nothing to measure."""
    return statistics.fmean(flags) if flags else None


@dataclass(kw_only=True)
class Kept:
    """An embedder that computes each text once in a run."""

    inner: Embedder
    known: "dict[str, NDArray[np.float32]]" = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.inner.name

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        import numpy as np

        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        self.known |= dict(zip(new, self.inner.embed(new), strict=True)) if new else {}
        return np.stack([self.known[text] for text in texts])


@dataclass(frozen=True, kw_only=True)
class Told:
    """A history that does not change."""

    past: Sequence[Past]

    def __call__(self) -> Sequence[Past]:
        return self.past


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All shares in [0, 1]."""

    queries: int
    items: int
    cold_hit1: float
    cold_recall10: float
    bm25_hit1: float
    minilm_rrf_hit1: float | None
    warm_queries: int
    warm_hit1: float | None
    default_warm_hit1: float | None
    mixed_warm_hit1: float | None
    mixed_cold_hit1: float | None
    mixed_any_hit1: float | None
    mixed_warm_was: float | None
    mixed_cold_was: float | None
    mixed_whole: float | None
    none_auroc: float | None
    none_auroc_strange: float | None
    none_auroc_cold: float | None


@dataclass(frozen=True, kw_only=True)
class Set:
    """One set of data under measurement."""

    library: Skills
    queries: Sequence[Query]
    embedder: Kept
    most: int

    def router(self, past: Sequence[Past] = (), *, trained: bool = False) -> TantivyRouter:
        """With the given past; `trained` on it."""
        router = TantivyRouter(embedder=self.embedder, history=Told(past=past))
        if not trained:
            return router
        try:
            lessons = router.lessons(self.library)
        except UsageError:  # too little past: the shipped weights hold, as in a library
            return router
        return replace(router, weights=train(lessons, DEFAULT, embedder=self.embedder.name).weights)

    @property
    def asked(self) -> Sequence[Query]:
        return self.queries[: self.most]

    @property
    def past(self) -> Sequence[Past]:
        """What the train split says that skills solved."""
        return [Past(q.text, name) for q in self.queries if q.train for name in sorted(q.relevant)]

    @property
    def tested(self) -> Sequence[Query]:
        """Test requests for skills that have a past."""
        seen = {p.skill for p in self.past}
        return [q for q in self.queries if not q.train and q.relevant & seen][: self.most]


def hits(router: TantivyRouter, library: Skills, queries: Sequence[Query]) -> Sequence[bool]:
    """Of each query, whether the first candidate is right."""
    routes = router.route_many([q.text for q in queries], library)
    firsts = [route.ranked[0][0] if route.ranked else "" for route in routes]
    return [first in q.relevant for first, q in zip(firsts, queries, strict=True)]


def recall10(router: TantivyRouter, library: Skills, queries: Sequence[Query]) -> float:
    """Mean share of the right ones among the first ten."""
    routes = router.route_many([q.text for q in queries], library)
    shares = [
        len(q.relevant & {name for name, _ in route.ranked}) / len(q.relevant)
        for route, q in zip(routes, queries, strict=True)
    ]
    return statistics.fmean(shares)


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """Hits of requests, over all halves."""

    warm: list[bool] = field(default_factory=list)
    any: list[bool] = field(default_factory=list)
    cold: list[bool] = field(default_factory=list)
    warm_was: list[bool] = field(default_factory=list)
    cold_was: list[bool] = field(default_factory=list)


def mixed(data: Set, warm: TantivyRouter, cold: TantivyRouter) -> Mixed:
    """Each half of the skills keeps its past in turn; `warm` and `cold` know all of it and none."""
    found = Mixed()
    for kept in halves(data.library.held, [q.relevant for q in data.queries]):
        past = [p for p in data.past if p.skill in kept]
        seen = {p.skill for p in past}
        router = data.router(past, trained=True)
        strange = [q for q in data.tested if not q.relevant & kept]
        own = [q for q in data.tested if q.relevant <= kept and q.relevant & seen]
        found.warm.extend(hits(router, data.library, own))
        found.any.extend(hits(router, data.library, [q for q in data.tested if q.relevant & seen]))
        found.cold.extend(hits(router, data.library, strange))
        found.warm_was.extend(hits(warm, data.library, own))
        found.cold_was.extend(hits(cold, data.library, strange))
    return found


def none_fits(router: TantivyRouter, data: Set, queries: Sequence[Query], *, strange: bool) -> float | None:
    """AUROC of the confidence with the right skills there, against the same request without them.

    `strange`: past requests that only they solved are taken out of the journal too.
    """
    if not queries:
        return None
    there = [route.confidence for route in router.route_many([q.text for q in queries], data.library)]
    away: list[float] = []
    groups: dict[frozenset[str], list[str]] = {}
    for q in queries:
        groups.setdefault(q.relevant, []).append(q.text)
    for relevant, texts in groups.items():
        held = {name: skill for name, skill in data.library.held.items() if name not in relevant}
        past = [p for p in router.history() if p.skill in held] if strange else router.history()
        left = replace(router, history=Told(past=past))
        routes = left.route_many(texts, Skills(commit=Sha("left"), held=held))
        away += [route.confidence for route in routes]
    return auroc(there, away)


def measure(folder: Path, most: int) -> Scores:
    """All figures of one set."""
    skills, names = read_corpus(folder)
    data = Set(
        library=Skills(commit=Sha(folder.name), held=skills),
        queries=read_queries(folder, names),
        embedder=Kept(inner=MiniLM()),
        most=most,
    )
    cold, warm = data.router(), data.router(data.past, trained=True)
    half = mixed(data, warm, cold)
    return Scores(
        queries=len(data.asked),
        items=len(skills),
        cold_hit1=statistics.fmean(hits(cold, data.library, data.asked)),
        cold_recall10=recall10(cold, data.library, data.asked),
        bm25_hit1=statistics.fmean(hits(TantivyRouter(), data.library, data.asked)),
        minilm_rrf_hit1=minilm_rrf_hit1(skills, data.asked),
        warm_queries=len(data.tested),
        warm_hit1=mean(hits(warm, data.library, data.tested)),
        default_warm_hit1=mean(hits(data.router(data.past), data.library, data.tested)),
        mixed_warm_hit1=mean(half.warm),
        mixed_cold_hit1=mean(half.cold),
        mixed_any_hit1=mean(half.any),
        mixed_warm_was=mean(half.warm_was),
        mixed_cold_was=mean(half.cold_was),
        mixed_whole=len(half.cold) / (DEALS * len(data.tested)) if data.tested else None,
        none_auroc=none_fits(warm, data, data.tested, strange=False),
        none_auroc_strange=none_fits(warm, data, data.tested, strange=True),
        none_auroc_cold=none_fits(cold, data, data.tested or data.asked, strange=True),
    )


def show(sets: Mapping[str, Scores], speed: Mapping[str, float]) -> Iterable[str]:
    """The table, line by line."""
    columns = list(Scores.__dataclass_fields__)
    yield f"{'':20}" + "".join(f"{name:>14}" for name in sets)
    for column in columns:
        cells = (getattr(scores, column) for scores in sets.values())
        yield f"{column:20}" + "".join(
            f"{'-' if c is None else c if isinstance(c, int) else round(c, 3):>14}" for c in cells
        )
    yield from (f"{name:20}{value:14.3f}" for name, value in speed.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--queries", type=int, default=10**9, help="at most so many per set; all by default")
    parser.add_argument("--no-speed", action="store_true")
    arguments = parser.parse_args()
    folders = sorted(p.parent for p in arguments.data.glob("*/corpus.jsonl"))
    if not folders:
        sys.exit(f"{arguments.data} has no */corpus.jsonl")
    speed = {} if arguments.no_speed else measure_speed(folders)
    sets = {folder.name: measure(folder, arguments.queries) for folder in folders}
    if arguments.json:
        print(json.dumps({"sets": {name: asdict(s) for name, s in sets.items()}, **speed}, indent=2))
    else:
        print("\n".join(show(sets, speed)))


if __name__ == "__main__":
    main()
