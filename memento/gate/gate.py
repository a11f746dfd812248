"""The gate: the steps in order, cheapest first; the first FAIL ends it.

    custody       carries what was agreed upon, and nothing else
    static        specification, security, contamination, reach
    red-to-green  the exam fails on the parent and passes on the candidate
    stay-green    what was green on the parent is green on the candidate, test by test
    teeth         the same tests fail on the emptied skill

PASS is the only word that lands. INDECISIVE is what a human must answer: tests that nobody wrote,
a skill that would reach further than before. An accident (the sandbox broke) is no verdict at all:
it raises, nothing is cached and nothing lands.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from memento.gate.change import Answer, Change, failed, indecisive, passed
from memento.gate.custody import custody
from memento.gate.harness import Harness
from memento.gate.static import static
from memento.gate.trial import Trial, hold, parking, red_to_green, stay_green, teeth
from memento.protocols import Snapshot
from memento.types import Evidence, Exam, Exercise, GateOutcome, GateReport, GateStep

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class TestGate:
    """Implements `memento.protocols.Gate`."""

    __test__ = False  # pytest would collect a class of this name

    harness: Harness
    clock: Clock

    def __call__(
        self,
        *,
        skill: str,
        base: Snapshot,
        head: Snapshot,
        exam: Exam | None,
        exercise: Exercise | None = None,
    ) -> GateReport:
        """Gate a skill's change; with `base` and `head` alike, the skill as it stands."""
        examination = _Examination(
            change=Change(skill=skill, base=base, head=head, exam=exam, exercise=exercise),
            harness=self.harness,
        )
        begun = now = self.clock()
        steps: list[GateStep] = []
        for name, answer in examination.steps():
            before, now = now, self.clock()
            steps.append(
                GateStep(name=name, outcome=answer.outcome, detail=answer.detail, seconds=now - before)
            )
            if answer.outcome is GateOutcome.FAIL:
                break
        trial = examination.trial
        return GateReport(
            skill=skill,
            outcome=_worst(steps),
            evidence=_evidence(examination.change, steps),
            steps=tuple(steps),
            tests=trial.candidate if trial else (),
            new_tests=trial.new_tests if trial else (),
            seconds=now - begun,
        )


@dataclass(kw_only=True)
class _Examination:
    """One change on its way through the steps; `trial` is None until the tests have run."""

    change: Change
    harness: Harness
    trial: Trial | None = None

    def steps(self) -> Iterator[tuple[str, Answer]]:
        """Each step's answer, computed when it is asked for: who stops asking runs no more of them."""
        change = self.change
        yield "custody", custody(change)
        yield "static", static(change)
        yield "tests", _has_tests(change)
        if change.test is None:
            return
        self.trial = trial = hold(change, self.harness)
        if change.exam is not None and change.exam.parked:
            yield "parking", parking(trial, change.exam.parked)
        elif change.authored or (change.changes_skill and change.new_tests):
            yield "red-to-green", red_to_green(trial)
        yield "stay-green", stay_green(trial, everything=not change.authored)
        yield "teeth", teeth(trial)


def _has_tests(change: Change) -> Answer:
    if change.test is None:
        return failed("the exam is missing") if change.authored else indecisive("nobody has written a test")
    try:
        count = len(change.new_tests)
    except SyntaxError as error:
        return failed(f"the test file does not parse (line {error.lineno}: {error.msg})")
    return passed(f"{count} new")


def _worst(steps: list[GateStep]) -> GateOutcome:
    outcomes = {step.outcome for step in steps}
    for outcome in (GateOutcome.FAIL, GateOutcome.INDECISIVE):
        if outcome in outcomes:
            return outcome
    return GateOutcome.PASS


def _evidence(change: Change, steps: list[GateStep]) -> Evidence:
    """How well a PASS is supported. Levels above E2 need routing and a model, which this gate has not."""
    good = {step.name for step in steps if step.outcome is GateOutcome.PASS}
    if {"red-to-green", "stay-green", "teeth"} <= good and change.before:
        return Evidence.RED_TO_GREEN
    return Evidence.UNIT if {"stay-green", "teeth"} <= good else Evidence.LINT
