"""Learning from a stream of tasks, with a measure of it, and safe to be killed at any moment.

    held-out tasks                      first attempts, nothing learned: before the first pass
      task 1 ─ task 2 ─ ... ─ task n    each with its retries; finished tasks are written down in order
    held-out tasks                      after each pass
      ...

Rules
    - first attempts are counted apart from what retries made of them: a retry has seen the task fail
    - a task that nobody could judge counts for neither
    - an accident (endpoint, sandbox, budget) ends the run; it is no attempt, and nothing is recorded of it
    - who resumes makes no finished task again. Of the task that was not finished, the recorded attempts
      stand, what the last of them has not taught yet is taught, and proposals that nobody had decided
      about are discarded and made again
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from memento.changes import Disposition
from memento.errors import BudgetError, ModelError, SandboxError, ToolError
from memento.evals.turns import Turns
from memento.journal import Idea
from memento.journal.progress import Progress
from memento.loop import Loop
from memento.protocols import Executor, Observation
from memento.types import Episode, Exercise, Result, Skill, Stop, Trajectory

if TYPE_CHECKING:
    from pydantic import TypeAdapter

UNDECIDED = "journal: "
"""Starts the reason of an idea whose process died before the gate's word (library/reconcile.py)."""


@dataclass(frozen=True, kw_only=True)
class Solved:
    """One task of the stream: the results of its attempts, the first one first."""

    task: str
    results: tuple[Result, ...]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """First attempts at the held-out tasks, when so many tasks of the stream had been finished."""

    after: int
    passed: int
    judged: int
    tasks: int


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What `memento learn --json` prints. Shares are of the tasks that could be judged, in [0, 1]."""

    run: str
    model: str
    tasks: int
    judged: int
    first_attempt: float | None
    after_retries: float | None
    landed: int
    discarded: int
    open: int
    held_out: tuple[Measured, ...]


@dataclass(frozen=True, kw_only=True)
class Insisting:
    """An executor whose accidents are raised, so that no attempt is made of them."""

    executor: Executor
    spent: Callable[[], str | None]
    """Why the run's budget allows no further call, or None."""

    def __call__(self, x: Observation, skill: Skill | None) -> Trajectory:
        """Raises ModelError, SandboxError, ToolError; BudgetError when the whole run's budget is spent."""
        trajectory = self.executor(x, skill)
        match trajectory.stop:
            case Stop.MODEL_ERROR:
                raise ModelError(trajectory.detail)
            case Stop.SANDBOX_ERROR:
                raise SandboxError(trajectory.detail)
            case Stop.TOOL_ERROR:
                raise ToolError(trajectory.detail)
            case Stop.BUDGET if reason := self.spent():
                raise BudgetError(f"{reason} What was learned stays; go on with --resume and a new budget.")
        return trajectory


@dataclass(frozen=True, kw_only=True)
class Learner:
    """A loop over a stream, and the record of how far it came."""

    loop: Loop
    progress: Progress
    turns: Turns
    run: str
    held_out: Sequence[Exercise] = ()
    passes: int = 1
    done: Callable[[Solved], None] = lambda _solved: None
    """Hears of each finished task, also of those that an earlier process finished."""

    def __call__(self, stream: Sequence[Exercise]) -> Learned:
        """Every pass over `stream`. Raises what an accident is; then the run can be resumed."""
        self._discard_undecided()
        known = self.progress.finished(self.run, "task")
        found = []
        for position, exercise in self._positions(stream):
            if position in known:
                solved = _adapter().validate_json(known[position])
            else:
                solved = self._solve(position, exercise)
                self.progress.finish(self.run, position, "task", _adapter().dump_json(solved).decode())
            found.append(solved)
            self.done(solved)
        return self._report(found)

    def _positions(self, stream: Sequence[Exercise]) -> Iterator[tuple[int, Exercise]]:
        """Each task with its place in the run; held-out tasks are measured on the way."""
        for number in range(self.passes):
            self._measure(number * len(stream))
            yield from enumerate(stream, number * len(stream))
        self._measure(self.passes * len(stream))

    def _solve(self, position: int, exercise: Exercise) -> Solved:
        self.turns.begin(position)
        episodes = tuple(self.loop.solve(exercise, self._told()))
        return Solved(task=exercise.task.id, results=tuple(e.verdict.result for e in episodes))

    def _told(self) -> tuple[Episode, ...]:
        """The attempts at the present task that an earlier process recorded."""
        ids = (self.turns.episode(attempt) for attempt in range(self.loop.settings.rounds + 1))
        found = takewhile(lambda episode: episode is not None, map(self.loop.journal.episode, ids))
        return tuple(episode for episode in found if episode is not None)

    def _measure(self, after: int) -> None:
        if not self.held_out or after in self.progress.finished(self.run, "held-out"):
            return
        self.turns.begin(after)
        watched = replace(self.loop, tell=lambda _event: None)
        results = [watched.attempt(exercise).verdict.result for exercise in self.held_out]
        measured = Measured(
            after=after,
            passed=results.count(Result.PASSED),
            judged=len(results) - results.count(Result.UNJUDGED),
            tasks=len(results),
        )
        self.progress.finish(self.run, after, "held-out", _adapter(Measured).dump_json(measured).decode())

    def _discard_undecided(self) -> None:
        """Proposals of the task that was not finished, about which the gate had not said a word."""
        undecided = {i.proposal for i in self._ideas() if i.reason.startswith(UNDECIDED)}
        for proposal in self.loop.library.proposals():
            if proposal.id in undecided:
                self.loop.library.discard(proposal)
        for name in undecided:
            self.loop.journal.ideas.forget(name)

    def _ideas(self) -> list[Idea]:
        return [idea for idea in self.loop.journal.ideas.of() if idea.episode.startswith(f"{self.run}-")]

    def _report(self, found: Sequence[Solved]) -> Learned:
        judged = [solved.results for solved in found if solved.results[-1] is not Result.UNJUDGED]
        fates = [idea.disposition for idea in self._ideas()]
        measured = self.progress.finished(self.run, "held-out").values()
        return Learned(
            run=self.run,
            model=self.loop.model,
            tasks=len(found),
            judged=len(judged),
            first_attempt=_share([results[0] for results in judged]),
            after_retries=_share([results[-1] for results in judged]),
            landed=fates.count(Disposition.LANDED),
            discarded=fates.count(Disposition.DISCARDED),
            open=fates.count(Disposition.OPEN),
            held_out=tuple(_adapter(Measured).validate_json(text) for text in measured),
        )


def _share(results: Sequence[Result]) -> float | None:
    return results.count(Result.PASSED) / len(results) if results else None


def _adapter(kind: Any = Solved) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
