"""Which landing broke a task, from runs that are on record. Nothing is run again.

    versions of the skill on main     v1    v2    v3    v4
    runs of the task                  ++    +           --        v3 or v4: the records do not decide
                                      ++    +     +     -         v4

A run counts where its library stood on main's line, and its verdict says something: an outage or a
spent budget does not. A version passed or failed when all its runs say so; mixed runs are named and
decide nothing. What is sought is the last version that passed before the newest one that failed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from memento.errors import LibraryError
from memento.journal import Journal
from memento.library import Library, LogEntry
from memento.library.lineage import main_line
from memento.types import Episode, Fault, Result, Sha

_NOT_THE_LIBRARY = {Fault.ENVIRONMENT, Fault.MODEL, Fault.JUDGE}


class Found(StrEnum):
    """How far the records reach."""

    LANDING = "landing"
    NARROWED = "narrowed"
    UNDECIDED = "undecided"


class Word(StrEnum):
    """What all runs of one version say together."""

    PASSED = "passed"
    FAILED = "failed"
    MIXED = "mixed"
    UNTRIED = "untried"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One version of the skill and the runs of the task on it."""

    landing: LogEntry
    passed: int
    failed: int

    @property
    def word(self) -> Word:
        if self.passed and self.failed:
            return Word.MIXED
        return Word.PASSED if self.passed else Word.FAILED if self.failed else Word.UNTRIED


@dataclass(frozen=True, kw_only=True, slots=True)
class Bisection:
    """The answer. `suspects` are the landings that may have broken the task, oldest first."""

    skill: str
    task: str
    found: Found
    reason: str
    suspects: tuple[LogEntry, ...]
    versions: tuple[Tried, ...]
    """Oldest first."""


def bisect(library: Library, journal: Journal, skill: str, task: str) -> Bisection:
    """LibraryError when main never had the skill, or the task was never run."""
    landings = tuple(reversed(library.log(skill, 10_000)))
    if not landings:
        raise LibraryError(f"There has never been a skill {skill}. `memento list` shows what there is.")
    runs = journal.episodes_of(task)
    if not runs:
        raise LibraryError(f"The journal has no run of a task {task!r}. `memento log {skill}` names tasks.")
    age = {sha: number for number, sha in enumerate(main_line(library.git, library.tip()))}
    tried = _tried(landings, runs, age)
    return _answer(skill, task, tried)


def _tried(
    landings: Sequence[LogEntry], runs: Sequence[Episode], age: Mapping[Sha, int]
) -> tuple[Tried, ...]:
    passed, failed = [0] * len(landings), [0] * len(landings)
    for run in runs:
        at = age.get(run.library)
        number = sum(age[landing.sha] <= at for landing in landings) - 1 if at is not None else -1
        if number < 0 or (run.blame is not None and run.blame.fault in _NOT_THE_LIBRARY):
            continue
        passed[number] += run.verdict.result is Result.PASSED
        failed[number] += run.verdict.result is Result.FAILED
    return tuple(
        Tried(landing=landing, passed=won, failed=lost)
        for landing, won, lost in zip(landings, passed, failed, strict=True)
    )


def _answer(skill: str, task: str, tried: tuple[Tried, ...]) -> Bisection:
    words = [each.word for each in tried]
    known = [word for word in words if word is not Word.UNTRIED]
    good = max((number for number, word in enumerate(words) if word is Word.PASSED), default=-1)
    bad = next((n for n, word in enumerate(words) if n > good and word is Word.FAILED), None)
    found, suspects = Found.UNDECIDED, tuple(each.landing for each in tried[good + 1 : (bad or 0) + 1])
    if not known:
        reason = "no run on main's line says anything about it"
    elif known[-1] is Word.PASSED:
        reason = "it passes with the newest version that was tried: nothing is broken"
    elif good < 0:
        reason = "it never passed with all runs of one version, so no landing is known to have broken it"
    elif bad is None:
        reason = "since it last passed, its runs do not agree with each other"
    elif len(suspects) == 1:
        found, reason = Found.LANDING, "it passed with the version before and failed with this one"
    else:
        mixed = Word.MIXED in words[good + 1 : bad]
        why = "runs between do not agree" if mixed else "the versions between were never tried with it"
        found, reason = Found.NARROWED, f"one of {len(suspects)} landings: {why}"
    known_suspects = () if found is Found.UNDECIDED else suspects
    return Bisection(
        skill=skill, task=task, found=found, reason=reason, suspects=known_suspects, versions=tried
    )
