"""A person's yes, kept apart from the gate's own word.

    report      one more step, `person`, and PASS: only what a person let in has that step
    trailers    Memento-Gate says what the gate itself had said, Memento-Agreed who agreed

A FAIL stays a FAIL, whoever agrees.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from memento.changes import Evidence, GateOutcome, GateReport, GateStep

Trailers = Callable[[GateReport], Mapping[str, str]]
PERSON = "person"
"""Name of the gate step by which a person answers."""
AGREED = "Memento-Agreed"
"""The trailer that names the person who let a change in."""
EDITED = "Memento-Edited"
"""The trailer that names the person who changed a proposal before it landed."""


def with_consent(report: GateReport, by: str) -> GateReport:
    """A report that a person has answered with yes; a FAIL as it is."""
    if report.outcome is GateOutcome.FAIL:
        return report
    step = GateStep(name=PERSON, outcome=GateOutcome.PASS, detail=f"{by} saw the change and agreed")
    return replace(report, outcome=GateOutcome.PASS, steps=(*report.steps, step))


def consent(report: GateReport, by: str) -> Mapping[str, str]:
    """The trailers of a report that a person may have answered."""
    if not any(map(_is_yes, report.steps)):
        return {}
    return {"Memento-Gate": f"{own_word(report).upper()} {report.evidence}", AGREED: by}


def without_consent(report: GateReport) -> GateReport:
    """The gate's own report: an answer of a person holds for the moment that it was given in."""
    steps = tuple(step for step in report.steps if not _is_yes(step))
    return replace(report, outcome=own_word(report), steps=steps)


def own_word(report: GateReport) -> GateOutcome:
    """What the gate itself had said."""
    unsure = any(step.outcome is GateOutcome.INDECISIVE for step in report.steps)
    return GateOutcome.INDECISIVE if unsure and report.outcome is GateOutcome.PASS else report.outcome


def _is_yes(step: GateStep) -> bool:
    # A retirement has a step of this name too: the question that a person is to answer.
    return step.name == PERSON and step.outcome is GateOutcome.PASS


def refusal(report: GateReport | None, skill: str, by: str, reason: str) -> GateReport:
    """A person's no, with the gate's steps behind it. It has no evidence of its own."""
    step = GateStep(name=PERSON, outcome=GateOutcome.FAIL, detail=f"{by}: {reason}")
    if report is None:
        return GateReport(skill=skill, outcome=GateOutcome.FAIL, evidence=Evidence.LINT, steps=(step,))
    # In front: the first step that is not green is the one that decided.
    return replace(report, outcome=GateOutcome.FAIL, steps=(step, *report.steps))
