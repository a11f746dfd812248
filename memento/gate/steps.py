"""The steps of the gate in order, cheapest first; the first FAIL ends it.

    custody       carries what was agreed upon, and nothing else
    static        specification, security, contamination, reach
    scanner       an external one finds nothing, where one is named in memento.toml
    tests         there are some, and they contain no way to be green without testing
    self-check    the gate does not change its mind here
    routes        own queries reach it, no near miss does, no neighbour loses one of its own
    steady        the same tests say the same, twice; new ones five times
    red-to-green  the exam fails on the parent and passes on the candidate
    parking       a rollback parks what it must; a parked test that is green again is named
    stay-green    what was green on the parent is green on the candidate, test by test
    teeth         the same tests fail on the emptied skill
    neighbours    the tests of skills that use this one stay green
    mutants       the tests notice small damages: the difference between E1 and E2
    behaviour     an agent does no worse with it: E4, or better: E5 (only with a model)

A change that removes the skill has steps of its own (`retirement`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from memento.changes import RouteChange
from memento.gate.behaviour import LEAST, Solver, behaviour, due
from memento.gate.change import Answer, Change, failed, indecisive, listed, passed
from memento.gate.custody import custody
from memento.gate.damage import damage
from memento.gate.harness import Harness
from memento.gate.lane import altered_tests
from memento.gate.neighbours import neighbours
from memento.gate.policy import breaches
from memento.gate.routes import Board, diff
from memento.gate.scanner import Scanner
from memento.gate.selfcheck import trusted
from memento.gate.static import static
from memento.gate.trial import (
    Runs,
    Trial,
    awake,
    compares,
    hold,
    parking,
    red_to_green,
    runs,
    stay_green,
    steadiness,
    teeth,
)

Step = tuple[str, Answer]


@dataclass(kw_only=True)
class Examination:
    """One change on its way through the steps; `trial` is None until the tests have run."""

    change: Change
    harness: Harness
    asked: Callable[[], Board]
    """Who asks for what, and where it goes: asked once, and not for a change that is refused before."""
    routed: bool
    scanner: Scanner | None
    solver: Solver | None
    trial: Trial | None = None
    needs_model: tuple[str, ...] = field(default=())

    @cached_property
    def board(self) -> Board:
        return self.asked()

    @property
    def rows(self) -> tuple[RouteChange, ...]:
        """The route diff, as far as the examination came to it."""
        return self.board.rows(self.change.skill) if self.routed and "board" in vars(self) else ()

    def steps(self) -> Iterator[Step]:
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
            yield "routes", self._routes()
        if change.test is None or not change.plan.deciding:
            return
        yield from self._trial(planned(change, self.board))
        yield "neighbours", neighbours(change, self.harness, self.board)
        yield from damage(change, self.harness, self.board.after)
        yield from self._behaviour()

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
            return failed(f"{change.own_paths[1]}:{error.lineno}: the test file does not parse: {error.msg}")
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

    def _routes(self) -> Answer:
        change = self.change
        rows = self.board.rows(change.skill)
        return diff(rows, change.skill, new=not change.before, standing=change.standing)

    def _trial(self, jobs: Runs) -> Iterator[Step]:
        change = self.change
        self.trial = trial = hold(change, self.harness, jobs)
        yield "steady", steadiness(trial, change)
        if change.exam is not None and change.exam.parked:
            yield "parking", parking(trial, change.exam.parked)
        elif change.authored or compares(change):
            yield "red-to-green", red_to_green(trial)
        if not (change.exam and change.exam.parked) and (named := awake(trial, change.parked)):
            yield "parking", named
        yield "stay-green", stay_green(trial, everything=not change.authored)
        yield "teeth", teeth(trial)

    def _behaviour(self) -> Iterator[Step]:
        """No step for a skill as it stands, a rollback, or too few cases to tell anything."""
        change = self.change
        if self.solver is None or not change.changes_skill or (change.exam and change.exam.parked):
            return
        asked = due(change)
        if len(asked) < LEAST:
            return
        yield "behaviour", behaviour(change, self.solver, self.harness.workers, self.harness.still)
        answered = {case.test for case in asked}
        self.needs_model = tuple(name for name in self.needs_model if name not in answered)


def planned(change: Change, requests: Board) -> Runs:
    """The runs of a change. Raises SyntaxError for a test file that does not parse."""
    asked = {*change.plan.routed, *change.plan.queries, *change.plan.near_misses}
    before = {request: to for request, to in requests.before.items() if request in asked}
    after = {request: to for request, to in requests.after.items() if request in asked}
    if not change.plan.routed and b"route" not in (change.test or b""):
        before = after = {}  # so that a run's key depends on routing only where its tests do
    return runs(change, before, after)
