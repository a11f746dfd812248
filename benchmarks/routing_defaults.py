"""Where the shipped weights come from: `python benchmarks/routing_defaults.py DATA_DIR`.

The train split of every set is what its skills have solved. The weights of the text stand as they are, those
of the past and of the confidence are fitted on all sets, each counting the same. Then, for each set, they are
fitted on the other sets alone and tried on this one's test split: what an unseen library may expect.
"""

import argparse
import statistics
from dataclasses import asdict, replace
from pathlib import Path

from routing import Kept, Set, hits
from routing_data import Skills, read_corpus, read_queries

from memento.route.lessons import Lessons
from memento.route.minilm import MiniLM
from memento.route.train import fit, fit_sure
from memento.route.weights import DEFAULT, PAST, Score, Weights
from memento.types import Sha

START = Score(**dict.fromkeys(PAST, 0.0) | {"nearest": 0.5})
LEARNED_HERE_ONLY = ("share", "count", "seen_cosine", "seen_bm25")
"""What they say does not carry over from one library to another; `memento route train` fits them."""
PULL = 100.0


def read(folder: Path) -> Set:
    skills, names = read_corpus(folder)
    return Set(
        library=Skills(commit=Sha(folder.name), held=skills),
        queries=read_queries(folder, names),
        embedder=Kept(inner=MiniLM()),
        most=10**9,
    )


def learned(lessons: list[Lessons]) -> Weights:
    score = fit(lessons, START, pull=PULL, held=("cosine", "bm25", *LEARNED_HERE_ONLY))
    return Weights(score=score, sure=fit_sure([(lesson, score) for lesson in lessons], young=True))


def warm(data: Set, weights: Weights) -> float:
    router = replace(data.router(data.past), weights=weights)
    return statistics.fmean(hits(router, data.library, data.tested))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    sets = {p.parent.name: read(p.parent) for p in sorted(parser.parse_args().data.glob("*/corpus.jsonl"))}
    lessons = {name: data.router(data.past).lessons(data.library) for name, data in sets.items()}
    for name, data in sets.items():
        others = learned([lessons[other] for other in sets if other != name])
        both = warm(data, others), warm(data, DEFAULT)
        print(f"{name:12} warm hit@1: from the others {both[0]:.3f}, shipped {both[1]:.3f}")
    for part in asdict(learned(list(lessons.values()))).items():
        print(*part)


if __name__ == "__main__":
    main()
