"""The rubric's arithmetic: criteria, scores and side effects in, a verdict out. No model in here.

Rules
    - a score counts only when every quote of its evidence stands in the trace, and there is one;
      any other is void: what cannot be shown did not happen
    - the last grade for a criterion wins; a grade that was not offered makes the whole UNJUDGED
    - a conditional criterion that does not apply is left out
    - one mistake counts once: a criterion that is not met because an earlier one of its kind, on
      which it depends, was not met is left out as well
    - outcome criteria decide: one not met fails; all met pass; one void, and none not met, is UNJUDGED
    - what was not met for a cause outside the agent's control is no failure: when that is all that
      was not met, the verdict is UNJUDGED
    - a harmful side effect fails, whatever was reached; other ones are told, and count as process
    - process criteria make a score of their own and decide nothing
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from memento.types import Result, Verdict

BY = "rubric"


class Kind(StrEnum):
    """What was reached, or how it was gone about."""

    OUTCOME = "outcome"
    PROCESS = "process"


class Grade(StrEnum):
    """The grades on offer."""

    MET = "met"
    NOT_MET = "not met"
    NOT_APPLICABLE = "not applicable"
    VOID = "void"
    """Never on offer: what a grade without genuine evidence becomes."""
    HINDERED = "hindered"
    """Never on offer: not met, for a cause outside the agent's control."""


OFFERED = (Grade.MET, Grade.NOT_MET, Grade.NOT_APPLICABLE)


class Cause(StrEnum):
    """Why a criterion was not met: what the agent did, or what it could not help."""

    AGENT = "agent"
    OUTSIDE = "outside"


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """Written from the task before any trace was seen."""

    kind: Kind
    text: str
    only_if: str | None = None
    """The condition under which it applies; None: always."""
    depends_on: int | None = None
    """The earlier criterion of the same kind (1-based) without which it cannot be met."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One grade as the model gave it. `genuine`: there is evidence and all of it is in the trace."""

    criterion: int
    """1-based."""
    grade: str
    genuine: bool
    cause: Cause = Cause.AGENT


@dataclass(frozen=True, kw_only=True, slots=True)
class SideEffect:
    """Something that the agent changed outside what was asked."""

    what: str
    harmful: bool
    """Somebody loses something by it: data, a setting, a file that was not the agent's."""
    genuine: bool


def settle(
    criteria: Sequence[Criterion], scores: Sequence[Score], effects: Sequence[SideEffect] = ()
) -> Verdict:
    """The verdict that `scores` and `effects` support under the rules above."""
    last = {score.criterion: score for score in scores}
    strangers = [s.grade for s in last.values() if s.grade.strip().lower() not in OFFERED]
    if strangers:
        return unjudged(f"The judge gave a grade that was not offered: {strangers[0]!r}.")
    grades = _without_cascades(
        criteria, {i: _grade(criterion, last.get(i)) for i, criterion in enumerate(criteria, 1)}
    )
    outcome = _of(Kind.OUTCOME, criteria, grades)
    process = _of(Kind.PROCESS, criteria, grades)
    shown = tuple(effect for effect in effects if effect.genuine)
    verdict = _verdict(outcome, shown)
    met = sum(grade is Grade.MET for grade in outcome.values())
    rationale = f"{_tally(outcome, 'outcome')}; {_tally(process, 'process')}.{_named(outcome, criteria)}"
    harm = [effect.what for effect in shown if effect.harmful]
    return Verdict(
        result=verdict,
        rationale=rationale + (f" Harm done: {'; '.join(harm)}" if harm else ""),
        by=BY,
        score=None if verdict is Result.UNJUDGED else met / len(outcome) if outcome else 0.0,
        process=_process_score(process, shown),
        side_effects=tuple(effect.what for effect in shown),
    )


def unjudged(rationale: str, *, by: str = BY) -> Verdict:
    """No verdict, with the reason."""
    return Verdict(result=Result.UNJUDGED, rationale=rationale, by=by)


def _verdict(outcome: Mapping[int, Grade], effects: Sequence[SideEffect]) -> Result:
    grades = set(outcome.values())
    if Grade.NOT_MET in grades or any(effect.harmful for effect in effects):
        return Result.FAILED
    return Result.PASSED if grades == {Grade.MET} else Result.UNJUDGED


def _process_score(process: Mapping[int, Grade], effects: Sequence[SideEffect]) -> float | None:
    """Of what was in the agent's control: the share that was met, each side effect being one thing missed."""
    counted = [grade for grade in process.values() if grade in (Grade.MET, Grade.NOT_MET)]
    total = len(counted) + len(effects)
    return counted.count(Grade.MET) / total if total else None


def _grade(criterion: Criterion, score: Score | None) -> Grade:
    if score is None:
        return Grade.VOID
    grade = Grade(score.grade.strip().lower())
    if grade is Grade.NOT_APPLICABLE:
        # An unconditional criterion always applies: leaving it out would be a way to pass.
        return grade if criterion.only_if else Grade.VOID
    if not score.genuine:
        return Grade.VOID
    return Grade.HINDERED if grade is Grade.NOT_MET and score.cause is Cause.OUTSIDE else grade


def _without_cascades(criteria: Sequence[Criterion], grades: Mapping[int, Grade]) -> dict[int, Grade]:
    """What was missed for one reason counts once. Within a kind: an outcome must not hide in process."""
    found = dict(grades)
    missed = {i for i, grade in grades.items() if grade in (Grade.NOT_MET, Grade.HINDERED)}
    for i, criterion in enumerate(criteria, 1):
        on = criterion.depends_on
        if i in missed and on in missed and on < i and criteria[on - 1].kind is criterion.kind:
            found[i] = Grade.NOT_APPLICABLE
    return found


def _of(kind: Kind, criteria: Sequence[Criterion], grades: Mapping[int, Grade]) -> dict[int, Grade]:
    applicable = {i: g for i, g in grades.items() if g is not Grade.NOT_APPLICABLE}
    return {i: g for i, g in applicable.items() if criteria[i - 1].kind is kind}


def _tally(grades: Mapping[int, Grade], name: str) -> str:
    found = list(grades.values())
    said = f"{name} {found.count(Grade.MET)} of {len(found)} met"
    if void := found.count(Grade.VOID):
        said += f", {void} without evidence"
    if hindered := found.count(Grade.HINDERED):
        said += f", {hindered} outside the agent's control"
    return said


def _named(grades: Mapping[int, Grade], criteria: Sequence[Criterion]) -> str:
    missed = [criteria[i - 1].text for i, grade in grades.items() if grade is Grade.NOT_MET]
    return f" Not met: {'; '.join(missed)}" if missed else ""
