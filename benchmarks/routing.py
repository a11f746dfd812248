"""How well the router routes: `python benchmarks/routing.py DATA_DIR [--json] [--queries N] [--no-speed]`.

DATA_DIR holds one folder per set, with corpus.jsonl (id, name, description, body) and queries.jsonl
(id, text, relevant, split). The shipped embedder, no model. Per set:

    cold_hit1         the first candidate is a right one, nothing is known of the past
    cold_recall10     share of the right ones among the first ten
    bm25_hit1         the same router without an embedder: BM25 over name, description and body
    minilm_rrf_hit1   reciprocal rank fusion of BM25 and sentence-transformers' MiniLM; null without torch
    warm_hit1         the train split is what skills solved, weights are trained on it; test requests of the
                      skills that have a past. `memento route train` is what trains
    default_warm_hit1 the same with the weights that ship
    mixed_warm_hit1, mixed_cold_hit1
                      a random half of the skills keeps its past; test requests of the one half and of the
                      other, each skill being once in either half, one router trained on what is left
    mixed_cold_was    cold_hit1 of the requests of mixed_cold_hit1: what they lose by being cold beside warm
    none_auroc        confidence of the route with the right skills there, against confidence in the library
                      without them (warm); none_auroc_cold is the same without a past

and for speed, beside other retrievers in the same run (bm25s, rank-bm25 where installed): p50 per route in
libraries of 1,000, 10,000 and 100,000 skills cut from the real texts given, the time to index 10,000 and
to index one again, the resident memory with 100,000. Vectors of 10,000 and more skills are drawn at random
for the clock, because computing them is a matter of minutes, once (`embed_skill_ms`).
"""

import argparse
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from memento.protocols import Embedder
from memento.route import TantivyRouter
from memento.route.minilm import MiniLM, has_onnxruntime
from memento.route.past import Past
from memento.route.train import train
from memento.route.weights import DEFAULT
from memento.types import File, Folder, Sha, Skill

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NONE_QUERIES = 300
"""Requests whose skills are taken out, each from a library of its own."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A request and the names of the skills that are right for it."""

    text: str
    relevant: frozenset[str]
    train: bool


@dataclass(frozen=True, kw_only=True)
class Skills:
    """A library that is only names, descriptions and bodies."""

    commit: Sha | None
    held: Mapping[str, Skill] = field(repr=False)

    def names(self) -> Sequence[str]:
        return sorted(self.held)

    def skill(self, name: str) -> Skill | None:
        return self.held.get(name)

    def folder(self, name: str) -> Folder:
        return {"SKILL.md": File(data=self.held[name].body.encode())} if name in self.held else {}

    def test(self, name: str) -> bytes | None:  # noqa: ARG002  the seam's name
        return None

    def entries(self) -> Mapping[str, str]:
        return {}

    def tips(self) -> str:
        return ""


def read_corpus(folder: Path) -> tuple[Mapping[str, Skill], Mapping[str, str]]:
    """Skills by unique name, and that name by the set's own id (two skills may share a name)."""
    skills: dict[str, Skill] = {}
    names: dict[str, str] = {}
    for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        name, count = row["name"], 1
        while name in skills:
            count += 1
            name = f"{row['name']} {count}"
        skills[name] = Skill(name=name, description=row["description"], body=row["body"])
        names[row["id"]] = name
    return skills, names


def read_queries(folder: Path, names: Mapping[str, str]) -> Sequence[Query]:
    """The queries whose skills are in the corpus, in an order drawn with a fixed seed."""
    found = []
    for line in (folder / "queries.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        relevant = frozenset(names[i] for i in row["relevant"] if i in names)
        if relevant:
            found.append(Query(text=row["text"], relevant=relevant, train=row["split"] == "train"))
    return random.Random(0).sample(found, len(found))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return wins / (len(positive) * len(negative))


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
    warm_hit1: float
    default_warm_hit1: float
    mixed_warm_hit1: float
    mixed_cold_hit1: float
    mixed_cold_was: float
    none_auroc: float
    none_auroc_cold: float


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
        lessons = router.lessons(self.library)
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


def mixed(data: Set) -> tuple[float, float, float]:
    """Hit@1 of the half with a past, of the half without, and of the latter when all are without."""
    draw, names = random.Random(2), sorted(data.library.held)
    half = set(draw.sample(names, len(names) // 2))
    warm: list[bool] = []
    cold: list[bool] = []
    was: list[bool] = []
    for kept in (half, set(names) - half):
        past = [p for p in data.past if p.skill in kept]
        seen = {p.skill for p in past}
        router = data.router(past, trained=True)
        strange = [q for q in data.tested if not q.relevant & seen]
        warm += hits(router, data.library, [q for q in data.tested if q.relevant & seen])
        cold += hits(router, data.library, strange)
        was += hits(data.router(), data.library, strange)
    return statistics.fmean(warm), statistics.fmean(cold), statistics.fmean(was)


def none_fits(router: TantivyRouter, data: Set, queries: Sequence[Query]) -> float:
    """AUROC of the confidence with the right skills there, against the same request without them."""
    there = [route.confidence for route in router.route_many([q.text for q in queries], data.library)]
    away: list[float] = []
    groups: dict[frozenset[str], list[str]] = {}
    for q in queries:
        groups.setdefault(q.relevant, []).append(q.text)
    for relevant, texts in groups.items():
        held = {name: skill for name, skill in data.library.held.items() if name not in relevant}
        left = replace(router, history=Told(past=[p for p in router.history() if p.skill in held]))
        routes = left.route_many(texts, Skills(commit=None, held=held))
        away += [route.confidence for route in routes]
    return auroc(there, away)


def minilm_rrf(data: Set) -> float | None:
    """Reciprocal rank fusion (k 60) of BM25 and MiniLM as sentence-transformers runs it."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        return None
    model = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2")
    names = sorted(data.library.held)
    texts = [f"{n}: {data.library.held[n].description}" for n in names]
    vectors = model.encode(texts, normalize_embeddings=True)
    router = TantivyRouter()
    right = []
    for q in data.asked:
        cosines = vectors @ model.encode([q.text], normalize_embeddings=True)[0]
        scores: dict[str, float] = {}
        for rank, n in enumerate((-cosines).argsort()[:100]):
            scores[names[n]] = 1 / (60 + rank)
        for rank, (name, _) in enumerate(router.route(q.text, data.library).ranked):
            scores[name] = scores.get(name, 0.0) + 1 / (60 + rank)
        right.append(max(scores, key=lambda name: scores[name]) in q.relevant)
    return statistics.fmean(right)


def measure(folder: Path, most: int) -> Scores:
    """All figures of one set."""
    skills, names = read_corpus(folder)
    data = Set(
        library=Skills(commit=Sha(folder.name), held=skills),
        queries=read_queries(folder, names),
        embedder=Kept(inner=MiniLM(fast=has_onnxruntime())),
        most=most,
    )
    cold, warm = data.router(), data.router(data.past, trained=True)
    mixed_warm, mixed_cold, was = mixed(data)
    return Scores(
        queries=len(data.asked),
        items=len(skills),
        cold_hit1=statistics.fmean(hits(cold, data.library, data.asked)),
        cold_recall10=recall10(cold, data.library, data.asked),
        bm25_hit1=statistics.fmean(hits(TantivyRouter(), data.library, data.asked)),
        minilm_rrf_hit1=minilm_rrf(data),
        warm_queries=len(data.tested),
        warm_hit1=statistics.fmean(hits(warm, data.library, data.tested)),
        default_warm_hit1=statistics.fmean(hits(data.router(data.past), data.library, data.tested)),
        mixed_warm_hit1=mixed_warm,
        mixed_cold_hit1=mixed_cold,
        mixed_cold_was=was,
        none_auroc=none_fits(warm, data, data.tested[:NONE_QUERIES]),
        none_auroc_cold=none_fits(cold, data, data.asked[:NONE_QUERIES]),
    )


class Drawn:
    """Vectors drawn at random for skills, computed for requests: what a route costs, not what it finds."""

    def __init__(self, inner: Embedder, size: int) -> None:
        self.inner = inner
        self.name = f"drawn-{size}"

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        import numpy as np

        if len(texts) == 1:
            return self.inner.embed(texts)
        vectors = np.random.default_rng(len(texts)).standard_normal((len(texts), 384), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


@dataclass(frozen=True, kw_only=True)
class Many(Skills):
    """`size` skills made as they are asked for: the real ones, then halves of two real ones put together."""

    real: Sequence[Skill] = ()
    size: int = 0

    def names(self) -> Sequence[str]:
        return [f"skill-{n:06}" for n in range(self.size)]

    def skill(self, name: str) -> Skill | None:
        n = int(name[-6:])
        a, b = self.real[n % len(self.real)], self.real[(n * 7 + n // len(self.real)) % len(self.real)]
        return Skill(
            name=name,
            description=a.description[: len(a.description) // 2] + b.description[len(b.description) // 2 :],
            body=a.body[: len(a.body) // 2] + b.body[len(b.body) // 2 :],
            tree=Sha(name),
        )


def p50_ms(router: TantivyRouter, library: Skills, texts: Sequence[str]) -> float:
    """The median time of a route, one at a time, the index being there."""
    times = []
    for n, text in enumerate(texts):
        start = time.perf_counter()
        router.route(text, library)
        if n:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def measure_speed(folders: Sequence[Path]) -> dict[str, float]:
    """All times and the memory, on texts of the set with the longest bodies, requests of all sets."""
    corpora = [list(read_corpus(folder)[0].values()) for folder in folders]
    skills = max(corpora, key=lambda held: statistics.fmean(len(s.body) for s in held))
    texts = ["warm up"]
    for folder in folders:
        texts += [q.text for q in read_queries(folder, read_corpus(folder)[1])[:60]]
    inner = MiniLM(fast=has_onnxruntime())
    found: dict[str, float] = {}
    sample = skills[:60]
    inner.embed(["load"])
    start = time.perf_counter()
    inner.embed([s.description for s in sample])
    found["embed_skill_ms"] = 1000 * (time.perf_counter() - start) / len(sample)
    for size in (1_000, 10_000, 100_000):
        library = Many(commit=Sha(f"{size}"), held={}, real=skills, size=size)
        with tempfile.TemporaryDirectory() as state:
            router = TantivyRouter(embedder=Drawn(inner, size), folder=Path(state))
            start = time.perf_counter()
            TantivyRouter(folder=Path(state)).route("build the index", library)
            built = time.perf_counter() - start
            found[f"p50_ms_{size}"] = p50_ms(router, library, texts)
            if size == 10_000:
                found["index_10000_s"] = built
                found["reindex_one_ms"] = reindexed_ms(Path(state), library)
    found["rss_mb_100000"] = resident_mb()
    return found | others_ms(skills, texts[1:])


def reindexed_ms(folder: Path, library: Skills) -> float:
    """One skill changed, at a new commit; the library's other texts are where they were."""
    from memento.route.disk import on_disk

    held = {name: skill for name in library.names() if (skill := library.skill(name))}
    times = []
    for n in range(5):
        name = sorted(held)[7 * n]
        about = f"Changed {n}. {held[name].description}"
        held[name] = replace(held[name], description=about, tree=Sha(f"changed {n}"))
        start = time.perf_counter()
        on_disk(folder / "index", f"change-{n}", held.values)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def resident_mb() -> float:
    """Of this process now, from /proc; the peak where there is none."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20


def others_ms(skills: Sequence[Skill], texts: Sequence[str]) -> dict[str, float]:
    """p50 per query of rank-bm25 over 1,000 of the same skills, where it is installed."""
    try:
        from rank_bm25 import BM25Okapi
    except ImportError:
        return {}
    ranker = BM25Okapi([f"{s.name} {s.description} {s.body}".lower().split() for s in skills[:1000]])
    times = []
    for text in texts:
        start = time.perf_counter()
        ranker.get_scores(text.lower().split())
        times.append(1000 * (time.perf_counter() - start))
    return {"rank_bm25_p50_ms_1000": statistics.median(times)}


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
    parser.add_argument("--queries", type=int, default=2000, help="at most so many per set")
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
