"""How well the router routes: `python benchmarks/routing.py DATA_DIR [--json] [--queries N]`.

DATA_DIR holds one folder per set, with corpus.jsonl (id, name, description, body) and queries.jsonl
(id, text, relevant, split). No history, no model. Per set:

    cold_hit1      the first candidate is a right one
    cold_recall10  share of the right ones among the first ten
    none_auroc     confidence with the right skills there, against confidence with them taken out
    small_hit1, small_auroc   the same in libraries of 20 skills drawn at random
    right, wrong   in those small libraries, per threshold: share of requests that still reach their skill,
                   and share that reach some skill although theirs is gone
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from memento.route import TantivyRouter
from memento.types import File, Folder, Sha, Skill

SMALL = 20
THRESHOLDS = (0.2, 0.25, 0.3, 0.325, 0.35, 0.38, 0.4, 0.45, 0.5)


@dataclass(frozen=True, kw_only=True)
class Query:
    """A request and the names of the skills that are right for it."""

    text: str
    relevant: frozenset[str]


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


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All shares in [0, 1]; times in milliseconds."""

    queries: int
    items: int
    cold_hit1: float
    cold_recall10: float
    none_auroc: float
    small_hit1: float
    small_auroc: float
    right: Mapping[str, float]
    wrong: Mapping[str, float]
    p50_ms: float


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


def read_queries(folder: Path, names: Mapping[str, str], most: int) -> Sequence[Query]:
    """At most `most` queries whose skills are in the corpus, drawn with a fixed seed."""
    found = []
    for line in (folder / "queries.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        relevant = frozenset(names[i] for i in row["relevant"] if i in names)
        if relevant:
            found.append(Query(text=row["text"], relevant=relevant))
    return random.Random(0).sample(found, min(most, len(found)))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return wins / (len(positive) * len(negative))


@dataclass(kw_only=True)
class Tally:
    """Confidences with the right skill there and away, and how often it came first."""

    there: list[float] = field(default_factory=list)
    away: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)


def measure_whole(
    router: TantivyRouter, library: Skills, queries: Sequence[Query]
) -> tuple[Tally, float, float]:
    """The tally on the whole library, recall at ten, and the median time of a route in ms."""
    tally, recalls, times = Tally(), [], []
    router.route("warm up", library)
    for query in queries:
        start = time.perf_counter()
        found = router.explain(query.text, library).candidates
        times.append(1000 * (time.perf_counter() - start))
        tally.right.append(bool(found) and found[0].skill in query.relevant)
        tally.there.append(found[0].confidence if found else 0.0)
        recalls.append(len(query.relevant & {c.skill for c in found}) / len(query.relevant))
        others = [c.confidence for c in found if c.skill not in query.relevant]
        tally.away.append(others[0] if others else 0.0)
    return tally, statistics.fmean(recalls), statistics.median(times)


def measure_small(router: TantivyRouter, skills: Mapping[str, Skill], queries: Sequence[Query]) -> Tally:
    """The tally in libraries of 20 drawn at random, each with one right skill and then without it."""
    draw, tally = random.Random(1), Tally()
    for query in queries:
        others = draw.sample(sorted(set(skills) - query.relevant), SMALL)
        target = min(query.relevant)
        for kept in ([target, *others[1:]], others):
            route = router.route(query.text, Skills(commit=None, held={n: skills[n] for n in kept}))
            (tally.there if target in kept else tally.away).append(route.confidence)
            if target in kept:
                tally.right.append(bool(route.ranked) and route.ranked[0][0] == target)
    return tally


def measure(folder: Path, most: int) -> Scores:
    """All figures of one set."""
    skills, names = read_corpus(folder)
    queries = read_queries(folder, names, most)
    router = TantivyRouter()
    library = Skills(commit=Sha(folder.name), held=skills)
    whole, recall, p50 = measure_whole(router, library, queries)
    small = measure_small(router, skills, queries[:300])
    held = list(zip(small.right, small.there, strict=True))
    return Scores(
        queries=len(queries),
        items=len(skills),
        cold_hit1=statistics.fmean(whole.right),
        cold_recall10=recall,
        none_auroc=auroc(whole.there, whole.away),
        small_hit1=statistics.fmean(small.right),
        small_auroc=auroc(small.there, small.away),
        right={f"{t}": statistics.fmean(ok and c >= t for ok, c in held) for t in THRESHOLDS},
        wrong={f"{t}": statistics.fmean(c >= t for c in small.away) for t in THRESHOLDS},
        p50_ms=p50,
    )


def show(sets: Mapping[str, Scores]) -> Iterable[str]:
    """The table, line by line."""
    yield (
        f"{'set':12}{'queries':>8}{'items':>7}{'hit@1':>8}{'rec@10':>8}{'AUROC':>8}{'p50 ms':>8}"
        "   20 skills: hit@1, AUROC"
    )
    for name, s in sets.items():
        yield (
            f"{name:12}{s.queries:8}{s.items:7}{s.cold_hit1:8.3f}{s.cold_recall10:8.3f}{s.none_auroc:8.3f}"
            f"{s.p50_ms:8.2f}{s.small_hit1:18.3f}{s.small_auroc:8.3f}"
        )
    yield f"\nthreshold, 20 skills: {'':18}" + "".join(f"{t:>8}" for t in THRESHOLDS)
    for name, s in sets.items():
        for label, shares in (("right skill reached", s.right), ("some skill, none fits", s.wrong)):
            yield f"{name:12}{label:28}" + "".join(f"{share:8.2f}" for share in shares.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--queries", type=int, default=2000, help="at most so many per set")
    arguments = parser.parse_args()
    folders = sorted(p.parent for p in arguments.data.glob("*/corpus.jsonl"))
    if not folders:
        sys.exit(f"{arguments.data} has no */corpus.jsonl")
    sets = {folder.name: measure(folder, arguments.queries) for folder in folders}
    if arguments.json:
        print(json.dumps({"sets": {name: asdict(scores) for name, scores in sets.items()}}, indent=2))
    else:
        print("\n".join(show(sets)))


if __name__ == "__main__":
    main()
