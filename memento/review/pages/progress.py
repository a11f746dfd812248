"""The view of progress: how well first attempts go, how the library grows, why attempts fail, what they cost.

A first attempt is one that no retry came before; only what could be judged counts. The tasks are those
that the library was given, and it learned from them: this is no measurement on held-out tasks, and the
page says so. `memento eval` is that.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memento.journal import Glance
from memento.library.chronicle import Chronicle
from memento.review.pages.past import Past
from memento.types import SKILL_FAULTS, Fault, Result, Usage, Utility

MOST_BINS = 20
FEWEST_IN_A_BIN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """Consecutive first attempts, numbered [first, last] from 1."""

    first: int
    last: int
    alone: Utility
    """Passed at the first attempt."""
    retried: Utility
    """Passed at the first attempt or a retry."""
    tokens: float
    """Mean per task, retries included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A count from a moment (Unix time) on."""

    when: float
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Failed attempts by what was at fault; `fault` None where nobody could tell."""

    fault: Fault | None
    count: int

    @property
    def teaches(self) -> bool:
        return self.fault in SKILL_FAULTS or self.fault is Fault.ROUTING


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What one model did, and for how much."""

    model: str
    episodes: int
    usage: Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressView:
    """All that the page of progress shows."""

    bins: tuple[Bin, ...]
    first_attempts: Utility
    unjudged: int
    skills: tuple[Point, ...]
    landings: tuple[Point, ...]
    causes: tuple[Cause, ...]
    spent: tuple[Spent, ...]
    solved: int
    """Tasks that were solved, at whichever attempt."""


@dataclass(kw_only=True)
class _Solve:
    """A first attempt with the retries that came after it."""

    first: Result
    passed: bool
    tokens: int


def progress_view(past: Past) -> ProgressView:
    solves = _solves(past.glances)
    judged = [solve for solve in solves if solve.first is not Result.UNJUDGED]
    return ProgressView(
        bins=tuple(_bins(judged)),
        first_attempts=_share([solve.first is Result.PASSED for solve in judged]),
        unjudged=len(solves) - len(judged),
        skills=growth(past.chronicle),
        landings=_landings(past.chronicle),
        causes=_causes(past.glances),
        spent=tuple(_spent(past.glances)),
        solved=sum(solve.passed for solve in solves),
    )


def growth(chronicle: Chronicle) -> tuple[Point, ...]:
    """The number of skills from each landing on that changed it."""
    steps: Counter[float] = Counter()
    for moments in chronicle.moments.values():
        there = False
        for moment in moments:
            if there != (moment.tree is not None):
                steps[moment.landing.when] += -1 if there else 1
                there = not there
    count, found = 0, []
    for when, step in sorted(steps.items()):
        count += step
        found.append(Point(when=when, count=count))
    return tuple(found)


def _landings(chronicle: Chronicle) -> tuple[Point, ...]:
    """Changes of skills that went through the gate, counted up."""
    gated = [entry.when for entry in chronicle.landings if "Memento-Gate" in entry.trailers]
    return tuple(Point(when=when, count=number) for number, when in enumerate(sorted(gated), 1))


def _solves(glances: Sequence[Glance]) -> list[_Solve]:
    running: dict[str, _Solve] = {}
    found = []
    for glance in glances:
        tokens = glance.usage.input_tokens + glance.usage.output_tokens
        passed = glance.result is Result.PASSED
        if glance.attempt == 0 or glance.task not in running:
            if glance.attempt:
                continue  # a retry whose first attempt is not in this journal
            running[glance.task] = _Solve(first=glance.result, passed=passed, tokens=tokens)
            found.append(running[glance.task])
        else:
            running[glance.task].passed |= passed
            running[glance.task].tokens += tokens
    return found


def _bins(solves: Sequence[_Solve]) -> Iterator[Bin]:
    """As many as there can be of at least `FEWEST_IN_A_BIN`, all of one size but for rounding."""
    count = max(1, min(MOST_BINS, len(solves) // FEWEST_IN_A_BIN)) if solves else 0
    for number in range(count):
        first, end = (len(solves) * n // count for n in (number, number + 1))
        part = solves[first:end]
        yield Bin(
            first=first + 1,
            last=end,
            alone=_share([solve.first is Result.PASSED for solve in part]),
            retried=_share([solve.passed for solve in part]),
            tokens=sum(solve.tokens for solve in part) / len(part),
        )


def _share(passed: Sequence[bool]) -> Utility:
    return Utility(successes=sum(passed), failures=len(passed) - sum(passed))


def _causes(glances: Sequence[Glance]) -> tuple[Cause, ...]:
    counted = Counter(glance.fault for glance in glances if glance.result is Result.FAILED)
    found = (Cause(fault=fault, count=count) for fault, count in counted.items())
    return tuple(sorted(found, key=lambda cause: (not cause.teaches, -cause.count, cause.fault or "~")))


def _spent(glances: Sequence[Glance]) -> Iterator[Spent]:
    by_model: dict[str, list[Usage]] = {}
    for glance in glances:
        by_model.setdefault(glance.model, []).append(glance.usage)
    for model, used in sorted(by_model.items()):
        yield Spent(model=model, episodes=len(used), usage=sum(used, start=Usage()))
