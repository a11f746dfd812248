"""The rubric's arithmetic: criteria and scores in, a verdict out. No model in here.

Rules
    - a score counts only when every quote of its evidence stands in the trace, and there is one;
      any other is void: what cannot be shown did not happen
    - the last grade for a criterion wins; a grade that was not offered makes the whole UNJUDGED
    - a conditional criterion that does not apply is left out
    - outcome criteria decide: one not met fails; all met pass; one void, and none not met, is UNJUDGED
    - process criteria are reported and decide nothing
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


OFFERED = (Grade.MET, Grade.NOT_MET, Grade.NOT_APPLICABLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """Written from the task before any trace was seen."""

    kind: Kind
    text: str
    only_if: str | None = None
    """The condition under which it applies; None: always."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One grade as the model gave it. `genuine`: there is evidence and all of it is in the trace."""

    criterion: int
    """1-based."""
    grade: str
    genuine: bool


def settle(criteria: Sequence[Criterion], scores: Sequence[Score]) -> Verdict:
    """The verdict that `scores` support under the rules above."""
    last = {score.criterion: score for score in scores}
    strangers = [s.grade for s in last.values() if s.grade.strip().lower() not in OFFERED]
    if strangers:
        return unjudged(f"The judge gave a grade that was not offered: {strangers[0]!r}.")
    grades = {i: _grade(criterion, last.get(i)) for i, criterion in enumerate(criteria, 1)}
    outcome = _of(Kind.OUTCOME, criteria, grades)
    process = _of(Kind.PROCESS, criteria, grades)
    met = sum(grade is Grade.MET for grade in outcome.values())
    rationale = f"{_tally(outcome, 'outcome')}; {_tally(process, 'process')}.{_named(outcome, criteria)}"
    if Grade.NOT_MET in outcome.values():
        return Verdict(result=Result.FAILED, rationale=rationale, by=BY, score=met / len(outcome))
    if not met or Grade.VOID in outcome.values():
        return unjudged(rationale)
    return Verdict(result=Result.PASSED, rationale=rationale, by=BY, score=1.0)


def unjudged(rationale: str, *, by: str = BY) -> Verdict:
    """No verdict, with the reason."""
    return Verdict(result=Result.UNJUDGED, rationale=rationale, by=by)


def _grade(criterion: Criterion, score: Score | None) -> Grade:
    if score is None:
        return Grade.VOID
    grade = Grade(score.grade.strip().lower())
    if grade is Grade.NOT_APPLICABLE:
        # An unconditional criterion always applies: leaving it out would be a way to pass.
        return grade if criterion.only_if else Grade.VOID
    return grade if score.genuine else Grade.VOID


def _of(kind: Kind, criteria: Sequence[Criterion], grades: Mapping[int, Grade]) -> dict[int, Grade]:
    applicable = {i: g for i, g in grades.items() if g is not Grade.NOT_APPLICABLE}
    return {i: g for i, g in applicable.items() if criteria[i - 1].kind is kind}


def _tally(grades: Mapping[int, Grade], name: str) -> str:
    met = sum(grade is Grade.MET for grade in grades.values())
    void = sum(grade is Grade.VOID for grade in grades.values())
    return f"{name} {met} of {len(grades)} met" + (f", {void} without evidence" if void else "")


def _named(grades: Mapping[int, Grade], criteria: Sequence[Criterion]) -> str:
    missed = [criteria[i - 1].text for i, grade in grades.items() if grade is Grade.NOT_MET]
    return f" Not met: {'; '.join(missed)}" if missed else ""
