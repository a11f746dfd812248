"""The gate: PASS, FAIL or INDECISIVE on one skill's change. The steps, in order, are `memento.gate.steps`.

PASS is the only word that lands. INDECISIVE is what a human must answer: tests that nobody wrote,
a skill that would reach further than before, a test that cannot make up its mind. An accident (the
sandbox broke, the disk is full, the time of the whole gate is over) is no verdict at all: it raises,
nothing is cached and nothing lands.

Evidence is what a PASS is worth: E0 without a trial; E1 stay-green and teeth; E2 and red-to-green on a
skill that was there, with tests that notice mutants; E3 and own queries that reach it; E4, E5 as the
behaviour step says.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from memento.changes import Evidence, Exam, GateOutcome, GateReport, GateStep
from memento.gate.change import Answer, Change
from memento.gate.harness import Harness
from memento.gate.routes import Board, Routes, board
from memento.gate.view import View
from memento.protocols import Snapshot
from memento.types import Exercise

if TYPE_CHECKING:
    from memento.gate.behaviour import Solver
    from memento.gate.scanner import Scanner
    from memento.gate.steps import Examination

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class TestGate:
    """Implements `memento.protocols.Gate`."""

    __test__ = False  # pytest would collect a class of this name

    harness: Harness
    clock: Clock
    routes: Routes | None = None
    """Where requests go; without it routing is not looked at."""
    scanner: "Scanner | None" = None
    solver: "Solver | None" = None
    """An agent with a model; without it behaviour is not looked at."""
    timeout_s: float = inf
    """Of everything that one call asks for."""
    tell: Callable[[GateStep], None] = lambda _step: None
    """Is told each step when it has its answer."""

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
        before = View(snapshot=base, journal=self.harness.journal)
        after = before if base is head else View(snapshot=head, journal=self.harness.journal)
        change = Change(skill=skill, base=before, head=after, exam=exam, exercise=exercise)
        return self.begun().judge(change)

    def begun(self) -> "TestGate":
        """This gate with its time running from now on."""
        ends = self.clock() + self.timeout_s
        return replace(self, harness=replace(self.harness, clock=self.clock, ends=ends))

    def judge(self, change: Change, requests: Board | None = None, *, alone: bool = True) -> GateReport:
        """The same with what several skills of a library share already at hand.

        `alone`: the change of this skill is all there is between the two snapshots.
        """
        # Loaded when something is to be judged: a gate that knows everything need not wait for it.
        from memento.gate.retirement import retirement
        from memento.gate.steps import Examination

        if change.before and not change.after:
            return retirement(change.skill, change.base.snapshot, change.head.snapshot, alone=alone)
        examination = Examination(
            change=change,
            harness=self.harness,
            asked=lambda: requests or board(self.routes, change.base, change.head, change.skill),
            routed=self.routes is not None,
            scanner=self.scanner,
            solver=self.solver,
        )
        begun = now = self.clock()
        steps: list[GateStep] = []
        answers: dict[str, Answer] = {}
        for name, answer in examination.steps():
            before, now = now, self.clock()
            steps.append(
                GateStep(name=name, outcome=answer.outcome, detail=answer.detail, seconds=now - before)
            )
            self.tell(steps[-1])
            answers[name] = answer
            if answer.outcome is GateOutcome.FAIL:
                break
            self.harness.still()
        trial = examination.trial
        return GateReport(
            skill=change.skill,
            outcome=_worst(steps),
            evidence=_evidence(change, answers, examination),
            steps=tuple(steps),
            tests=trial.candidate if trial else (),
            new_tests=trial.new_tests if trial else (),
            flaky=trial.flaky if trial else (),
            needs_model=examination.needs_model,
            routes=examination.rows,
            seconds=now - begun,
        )


def _worst(steps: list[GateStep]) -> GateOutcome:
    outcomes = {step.outcome for step in steps}
    for outcome in (GateOutcome.FAIL, GateOutcome.INDECISIVE):
        if outcome in outcomes:
            return outcome
    return GateOutcome.PASS


def _evidence(change: Change, answers: dict[str, Answer], examination: "Examination") -> Evidence:
    """How well a PASS is supported."""
    good = {name: answer for name, answer in answers.items() if answer.outcome is GateOutcome.PASS}
    if not {"stay-green", "teeth"} <= good.keys():
        return Evidence.LINT
    if "behaviour" in good:
        return good["behaviour"].supports or Evidence.UNIT
    noticed = "mutants" in good and good["mutants"].supports is Evidence.RED_TO_GREEN
    if not ("red-to-green" in good and change.before and noticed):
        return Evidence.UNIT
    claims = examination.board.facts.get(change.skill) if "routes" in good else None
    return Evidence.ROUTING if claims and claims.queries else Evidence.RED_TO_GREEN
