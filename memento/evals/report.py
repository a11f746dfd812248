"""What an evaluation says, as values: a fold over records, and nothing that is not in them.

Rules
- The headline is the first attempt. What retries add stands apart, and is None where none were made.
- Unscored (a judge that could not be read) is neither right nor wrong: such tasks are left out of the
  share and counted beside it, with the share's range whichever way they had gone.
- Arms are compared on the tasks that all two have a result for, pairwise, with corrected p-values.
- A price that is unknown is None: unknown is not free.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from memento.evals.arms import LIBRARY, Arm
from memento.evals.guard import Leak
from memento.evals.records import Attempt, Identity, Record
from memento.evals.scoring.hle import calibration_error
from memento.evals.statistics import Share, holm, mcnemar
from memento.types import Result, Stop, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A share of tasks. `low` and `high` are its 95 % interval; all shares are in [0, 1]."""

    name: str
    tasks: int
    solved: int
    unscored: int
    share: float | None
    """Of the scored tasks; None when there is none."""
    low: float
    high: float
    at_least: float
    at_most: float
    """The share of all tasks, had every unscored one been wrong, or right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a number of tasks cost, grading apart."""

    usd: float | None
    tokens: int
    calls: int
    usd_per_solved: float | None
    tokens_per_solved: float | None
    grading: Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmReport:
    """One library's results."""

    name: str
    library: str
    landings: int | None
    """How many changes had landed in it; None for what is no commit of the library."""
    skills: int
    first: Score
    after_retry: Score | None
    levels: tuple[Score, ...]
    subjects: tuple[Score, ...]
    causes: Mapping[str, int]
    """Why first attempts failed, as far as a frozen library shows it."""
    calibration_error: float | None
    cost: Cost
    seconds_per_task: float | None
    routed: float | None
    """Share of first attempts that got a skill."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two arms on the tasks both have. `p` is McNemar's exact test, `p_corrected` Holm's correction of it."""

    one: str
    other: str
    tasks: int
    only_one: int
    only_other: int
    difference: float
    p: float
    p_corrected: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """The library at one of its commits."""

    commit: str
    when: float
    landings: int
    skills: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What the journal knows of a skill; the interval is of 95 %."""

    skill: str
    successes: float
    failures: float
    utility: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Learning:
    """What became of learning so far, from the journal: attempts of the agent, without the writers' calls."""

    episodes: int
    landed: int
    usage: Usage
    usd_per_landed: float | None
    tokens_per_landed: float | None
    faults: Mapping[str, int] = field(default_factory=dict)
    """Failed attempts by what attribution blamed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What `memento eval --json` prints. `simulated` results say nothing about any real model."""

    simulated: bool
    identity: Identity
    folder: str
    arms: tuple[ArmReport, ...]
    comparisons: tuple[Comparison, ...]
    leaks: tuple[Leak, ...]
    left_out: Mapping[str, str]
    """Controls that were not run, and why."""
    growth: tuple[Growth, ...]
    worth: tuple[Worth, ...]
    learning: Learning
    unfinished: int
    """Pieces of work that have no result yet."""
    wall_s: float
    """Time in which at least one task was under way, over all runs of this command."""


def report_of_arm(arm: Arm, records: Sequence[Record], *, landings: int | None) -> ArmReport:
    """One arm's records, folded."""
    stated = [r.first for r in records if r.first.confidence is not None]
    retried = any(len(record.attempts) > 1 for record in records)
    return ArmReport(
        name=arm.name,
        library=arm.label,
        landings=landings,
        skills=len(arm.snapshot.names()),
        first=score("all", records, lambda record: record.first),
        after_retry=score("after retries", records, lambda record: record.last) if retried else None,
        levels=_groups(records, lambda record: record.level),
        subjects=_groups(records, lambda record: record.subject),
        causes=Counter(cause_of(r.first) for r in records if r.first.result is not Result.PASSED),
        calibration_error=calibration_error(
            [a.confidence for a in stated if a.confidence is not None],
            [a.result is Result.PASSED for a in stated],
        ),
        cost=_cost(records),
        seconds_per_task=sum(r.seconds for r in records) / len(records) if records else None,
        routed=sum(r.first.skill is not None for r in records) / len(records) if records else None,
    )


def score(name: str, records: Sequence[Record], which: Callable[[Record], Attempt]) -> Score:
    """The share of solved tasks, by one of each task's attempts."""
    results = Counter(which(record).result for record in records)
    solved, unscored, n = results[Result.PASSED], results[Result.UNJUDGED], len(records)
    share = Share(solved=solved, n=n - unscored)
    return Score(
        name=name,
        tasks=n,
        solved=solved,
        unscored=unscored,
        share=share.value,
        low=share.bounds.low,
        high=share.bounds.high,
        at_least=solved / n if n else 0.0,
        at_most=(solved + unscored) / n if n else 1.0,
    )


def _groups(records: Sequence[Record], by: Callable[[Record], str]) -> tuple[Score, ...]:
    """A score per level or subject; none when there is only one."""
    names = sorted({by(record) for record in records})
    if len(names) < 2:
        return ()
    return tuple(score(name, [r for r in records if by(r) == name], lambda r: r.first) for name in names)


def cause_of(attempt: Attempt) -> str:
    """Why an attempt did not pass, in the words of the figures."""
    if attempt.result is Result.UNJUDGED:
        return "unscored"
    named = {
        Stop.BUDGET: "budget spent",
        Stop.STUCK: "went in circles",
        Stop.MODEL_ERROR: "refused or too long",
    }
    if attempt.stop in named:
        return named[attempt.stop]
    return "wrong with a skill" if attempt.skill else "wrong without a skill"


def _cost(records: Sequence[Record]) -> Cost:
    usage = sum((attempt.usage for record in records for attempt in record.attempts), Usage())
    tokens = usage.input_tokens + usage.output_tokens
    solved = sum(record.last.result is Result.PASSED for record in records)
    return Cost(
        usd=usage.usd,
        tokens=tokens,
        calls=usage.calls,
        usd_per_solved=per(usage.usd, solved),
        tokens_per_solved=per(tokens, solved),
        grading=sum((record.grading for record in records), Usage()),
    )


def per(amount: float | None, number: int) -> float | None:
    """`amount` for each of `number`; None when either is unknown or nothing."""
    return None if amount is None or not number else amount / number


def compare(arms: Mapping[str, Mapping[str, Record]], against: str = LIBRARY) -> tuple[Comparison, ...]:
    """`against` held against every other arm; records by arm and task."""
    others = [name for name in arms if name != against] if against in arms else []
    counted = [_pairs(arms[against], arms[other]) for other in others]
    p_values = [mcnemar(pairs.only_one, pairs.only_other) for pairs in counted]
    return tuple(
        Comparison(
            one=against,
            other=other,
            tasks=pairs.tasks,
            only_one=pairs.only_one,
            only_other=pairs.only_other,
            difference=(pairs.only_one - pairs.only_other) / pairs.tasks if pairs.tasks else 0.0,
            p=p,
            p_corrected=corrected,
        )
        for other, pairs, p, corrected in zip(others, counted, p_values, holm(p_values), strict=True)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pairs:
    tasks: int
    only_one: int
    only_other: int


def _pairs(one: Mapping[str, Record], other: Mapping[str, Record]) -> _Pairs:
    """Tasks that both arms have a scored result for, and those that only one of them solves."""
    both = [
        (one[task].first.result, other[task].first.result)
        for task in one.keys() & other.keys()
        if Result.UNJUDGED not in (one[task].first.result, other[task].first.result)
    ]
    return _Pairs(
        tasks=len(both),
        only_one=sum(a is Result.PASSED and b is not Result.PASSED for a, b in both),
        only_other=sum(b is Result.PASSED and a is not Result.PASSED for a, b in both),
    )


def wall(records: Iterable[Record]) -> float:
    """Seconds in which at least one task was under way."""
    total, until = 0.0, float("-inf")
    for record in sorted(records, key=lambda record: record.started):
        end = record.started + record.seconds
        total += max(0.0, end - max(record.started, until))
        until = max(until, end)
    return total
