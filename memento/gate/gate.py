"""The gate: the steps in order, cheapest first; the first FAIL ends it.

    custody       carries what was agreed upon, and nothing else
    static        specification, security, contamination, reach
    tests         there are some, and they contain no way to be green without testing
    routes        own queries reach it, no near miss does, no neighbour loses one of its own
    steady        the same tests say the same, twice
    red-to-green  the exam fails on the parent and passes on the candidate
    stay-green    what was green on the parent is green on the candidate, test by test
    teeth         the same tests fail on the emptied skill
    neighbours    the tests of skills that use this one stay green
    mutants       the tests notice small damages: the difference between E1 and E2

A change that removes the skill has steps of its own (`retirement`).

PASS is the only word that lands. INDECISIVE is what a human must answer: tests that nobody wrote,
a skill that would reach further than before, a test that cannot make up its mind. An accident (the
sandbox broke) is no verdict at all: it raises, nothing is cached and nothing lands.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from memento.changes import Evidence, Exam, GateOutcome, GateReport, GateStep
from memento.gate.change import Answer, Change, failed, indecisive, listed, passed
from memento.gate.custody import altered_tests, custody
from memento.gate.damage import damage
from memento.gate.harness import Harness
from memento.gate.neighbours import neighbours
from memento.gate.policy import breaches
from memento.gate.retirement import retirement
from memento.gate.routes import Board, Routes, board, diff
from memento.gate.scanner import Scanner
from memento.gate.selfcheck import trusted
from memento.gate.static import static
from memento.gate.trial import (
    Runs,
    Trial,
    hold,
    parking,
    red_to_green,
    runs,
    stay_green,
    steadiness,
    teeth,
)
from memento.gate.view import View
from memento.protocols import Snapshot
from memento.types import Exercise

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class TestGate:
    """Implements `memento.protocols.Gate`."""

    __test__ = False  # pytest would collect a class of this name

    harness: Harness
    clock: Clock
    routes: Routes | None = None
    """Where requests go; without it routing is not looked at."""
    scanner: Scanner | None = None

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
        if change.before and not change.after:
            return retirement(skill, base, head)
        return self.judge(change, board(self.routes, before, after, skill))

    def judge(self, change: Change, requests: Board) -> GateReport:
        """The same with what several skills of a library share already at hand."""
        examination = _Examination(
            change=change,
            harness=self.harness,
            board=requests,
            routed=self.routes is not None,
            scanner=self.scanner,
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
            skill=change.skill,
            outcome=_worst(steps),
            evidence=_evidence(change, steps, requests),
            steps=tuple(steps),
            tests=trial.candidate if trial else (),
            new_tests=trial.new_tests if trial else (),
            flaky=trial.flaky if trial else (),
            needs_model=examination.needs_model,
            routes=requests.rows(change.skill) if self.routes is not None else (),
            seconds=now - begun,
        )


@dataclass(kw_only=True)
class _Examination:
    """One change on its way through the steps; `trial` is None until the tests have run."""

    change: Change
    harness: Harness
    board: Board
    routed: bool
    scanner: Scanner | None
    trial: Trial | None = None
    needs_model: tuple[str, ...] = field(default=())

    def steps(self) -> Iterator[tuple[str, Answer]]:
        """Each step's answer, computed when it is asked for: who stops asking runs no more of them."""
        change = self.change
        yield "custody", custody(change)
        yield "static", static(change)
        if self.scanner is not None:
            yield "scanner", self.scanner(change.skill, change.after)
        yield "tests", self._tests()
        if change.authored and not trusted(self.harness.journal):
            yield "self-check", indecisive("the gate changes its mind too often here: a human must land")
        if self.routed:
            yield (
                "routes",
                diff(
                    self.board.rows(change.skill),
                    change.skill,
                    new=not change.before,
                    standing=change.standing,
                ),
            )
        if change.test is None or not change.plan.deciding:
            return
        yield from self._trial(change, planned(change, self.board))
        yield "neighbours", neighbours(change, self.harness, self.board)
        yield from damage(change, self.harness, self.board.after)

    def _tests(self) -> Answer:
        change = self.change
        if change.test is None:
            if change.authored or change.old_test is not None:
                return failed("the exam is missing" if change.authored else "its test file is gone")
            return indecisive("nobody has written a test")
        try:
            self.needs_model = tuple(sorted(change.plan.model))
            for breach in breaches(change.test):
                return failed(f"{change.own_paths[1]}:{breach.line}: {breach.message}")
        except SyntaxError as error:
            return failed(f"the test file does not parse (line {error.lineno}: {error.msg})")
        except (ValueError, RecursionError, MemoryError) as error:
            return failed(f"the test file does not parse (line 1: {error})")
        more = f", needs a model: {listed(self.needs_model)}" if self.needs_model else ""
        if not change.plan.deciding and change.plan.model:
            return indecisive(f"no test runs without a model{more}")
        return self._lane(f"{len(change.new_tests)} new{more}")

    def _lane(self, found: str) -> Answer:
        """Tests that were there may change or go only in a change of their own, which a human agrees to."""
        altered = [] if self.change.standing else altered_tests(self.change.old_test, self.change.test)
        if altered and not (self.change.exam and self.change.exam.parked):
            return indecisive(f"tests are changed or gone, a human must agree: {listed(altered)}")
        return passed(found)

    def _trial(self, change: Change, jobs: Runs) -> Iterator[tuple[str, Answer]]:
        self.trial = trial = hold(change, self.harness, jobs)
        yield "steady", steadiness(trial)
        if change.exam is not None and change.exam.parked:
            yield "parking", parking(trial, change.exam.parked)
        elif change.authored or (change.changes_skill and change.new_tests):
            yield "red-to-green", red_to_green(trial)
        yield "stay-green", stay_green(trial, everything=not change.authored)
        yield "teeth", teeth(trial)


def planned(change: Change, requests: Board) -> Runs:
    """The runs of a change. Raises SyntaxError for a test file that does not parse."""
    asked = {*change.plan.routed, *change.plan.queries, *change.plan.near_misses}
    before = {request: to for request, to in requests.before.items() if request in asked}
    after = {request: to for request, to in requests.after.items() if request in asked}
    if not change.plan.routed and b"route" not in (change.test or b""):
        before = after = {}  # so that a run's key depends on routing only where its tests do
    return runs(change, before, after)


def _worst(steps: list[GateStep]) -> GateOutcome:
    outcomes = {step.outcome for step in steps}
    for outcome in (GateOutcome.FAIL, GateOutcome.INDECISIVE):
        if outcome in outcomes:
            return outcome
    return GateOutcome.PASS


def _evidence(change: Change, steps: list[GateStep], requests: Board) -> Evidence:
    """How well a PASS is supported. Levels above E3 need a model, which this gate has not."""
    good = {step.name for step in steps if step.outcome is GateOutcome.PASS}
    if not {"stay-green", "teeth"} <= good:
        return Evidence.LINT
    enough = any(
        step.name == "mutants" and "killed" in step.detail and "E2 withheld" not in step.detail
        for step in steps
    )
    if not ("red-to-green" in good and change.before and enough):
        return Evidence.UNIT
    claims = requests.facts.get(change.skill)
    return Evidence.ROUTING if "routes" in good and claims and claims.queries else Evidence.RED_TO_GREEN
