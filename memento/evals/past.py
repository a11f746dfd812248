"""What a library has become, for the report: its growth by its history, its learning by its journal."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from memento.evals.arms import CURVE
from memento.evals.report import Growth, Learning, Worth, per
from memento.journal import Journal
from memento.library import Library
from memento.library.snapshot import CommitSnapshot
from memento.types import Sha, Usage

POINTS = 40
"""Commits at which growth is looked at, at most."""
EVERYTHING = 1_000_000


def growth(library: Library, most: int = POINTS) -> tuple[Growth, ...]:
    """The library at up to `most` of its commits, oldest first; its first and its last are among them."""
    history = library.log(limit=EVERYTHING)[::-1]
    landed = 0
    points: list[Growth] = []
    chosen = set(spread(len(history), most))
    for index, entry in enumerate(history):
        landed += entry.skill is not None
        if index in chosen:
            skills = len(library.snapshot(entry.sha).names())
            points.append(Growth(commit=entry.sha, when=entry.when, landings=landed, skills=skills))
    return tuple(points)


def curve(library: Library, number: int) -> tuple[tuple[str, CommitSnapshot], ...]:
    """The library at up to `number` of its commits before the last, with how many changes had landed."""
    history = library.log(limit=EVERYTHING)[::-1]
    landed = list(accumulate(int(entry.skill is not None) for entry in history))
    # Between two landings only tips and settings change: the last commit of each count stands for it.
    last = {count: index for index, count in enumerate(landed)}
    chosen = [list(last.items())[i] for i in spread(len(last), number)] if number else []
    return tuple(
        (f"{CURVE}{count} landings", library.snapshot(history[index].sha))
        for count, index in chosen
        if index != len(history) - 1
    )


def landings(library: Library, commit: Sha) -> int:
    """How many changes of skills had landed at a commit."""
    history = library.log(limit=EVERYTHING)[::-1]
    seen = 0
    for entry in history:
        seen += entry.skill is not None
        if entry.sha == commit:
            return seen
    return seen


def spread(number: int, most: int) -> Sequence[int]:
    """At most `most` indexes below `number`, evenly apart, the first and the last among them."""
    if number <= most or most < 2:
        return range(number) if number <= most else [number - 1]
    return sorted({round(i * (number - 1) / (most - 1)) for i in range(most)})


def learning(library: Library, journal: Journal) -> Learning:
    """What learning has cost and brought so far."""
    episodes = journal.episodes(limit=EVERYTHING)
    landed = sum(entry.skill is not None for entry in library.log(limit=EVERYTHING))
    usage = sum((episode.trajectory.usage for episode in episodes), Usage())
    faults = Counter(
        str(episode.blame.fault or "abstained") for episode in episodes if episode.blame is not None
    )
    return Learning(
        episodes=len(episodes),
        landed=landed,
        usage=usage,
        usd_per_landed=per(usage.usd if episodes else None, landed),
        tokens_per_landed=per(usage.input_tokens + usage.output_tokens, landed),
        faults=faults,
    )


def worth(library: Library, journal: Journal) -> tuple[Worth, ...]:
    """The record of every skill that was tried, best first."""
    snapshot = library.at()
    skills = [skill for name in snapshot.names() if (skill := snapshot.skill(name)) is not None]
    utilities = journal.utilities({skill.name: skill.tree for skill in skills if skill.tree is not None})
    found = [
        Worth(
            skill=name,
            successes=utility.successes,
            failures=utility.failures,
            utility=utility.value,
            low=utility.bounds.low,
            high=utility.bounds.high,
        )
        for name, utility in utilities.items()
    ]
    return tuple(sorted(found, key=lambda w: (-w.utility, w.skill)))
