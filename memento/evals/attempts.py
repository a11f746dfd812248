"""One task with one library, as a record: first attempt, and retries apart.

    first attempt failed, rounds left    again, with the same frozen library and nothing learned
    the model or the sandbox broke       an accident: no record, so the task is tried again later
    too long, or refused                 the endpoint's lasting word on this task: failed, not an accident

Nothing of one task reaches another: each gets a model, a judge and budgets of its own, so results do
not depend on the order of tasks, on how many run at once, or on what was done before an interruption.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from memento.errors import ModelError, SandboxError
from memento.evals.arms import Arm
from memento.evals.datasets.items import Item
from memento.evals.records import Accident, Attempt, Done, Record, key_of
from memento.evals.scoring.judge import DatasetJudge
from memento.llm.budget import Call, Metered
from memento.loop import Loop
from memento.types import Episode, Result, Stop

LASTING = frozenset({"too-long", "refused"})
"""Kinds of ModelError that the same task meets at every try."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One task with one library: what a worker is given."""

    item: Item
    arm: Arm


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Under which a run is done, as far as its records depend on them."""

    model: str
    simulated: bool
    seed: int
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The parts that the attempts at one task are made with."""

    loop: Loop
    judge: DatasetJudge
    grader: Metered
    faults: "Faults"


@dataclass(kw_only=True)
class Faults:
    """Hears of each call of a model; `last` is the kind of the error that ended the last one, or None."""

    last: str | None = None

    def __call__(self, call: Call) -> None:
        self.last = call.error


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Does a piece of work. `stage` makes the parts for it, fresh each time."""

    stage: Callable[[Work], Stage]
    model: str
    seed: int
    rounds: int
    now: Callable[[], float]

    def __call__(self, work: Work) -> Done:
        """The record of a task, or the accident that kept it from having one."""
        begun = self.now()
        stage = self.stage(work)
        attempts: list[Attempt] = []
        for tried in self._attempts(work, stage):
            if isinstance(tried, Accident):
                return tried
            attempts.append(tried)
        item = work.item
        return Record(
            key=self.key(work),
            task=item.id,
            level=item.level,
            subject=item.subject,
            library=work.arm.label,
            attempts=tuple(attempts),
            grading=stage.grader.spent,
            started=begun,
            seconds=self.now() - begun,
        )

    def key(self, work: Work) -> str:
        return key_of(work.item.id, work.arm.label, self.model, self.seed)

    def _attempts(self, work: Work, stage: Stage) -> Iterator[Attempt | Accident]:
        for number in range(self.rounds + 1):
            tried = self._attempt(work, stage, number)
            yield tried
            if isinstance(tried, Accident) or tried.result is not Result.FAILED:
                return

    def _attempt(self, work: Work, stage: Stage, number: int) -> Attempt | Accident:
        try:
            episode = stage.loop.attempt(work.item.exercise, number, at=work.arm.snapshot)
        except ModelError as error:  # of the judge: the agent's own are values
            return _accident(work, error.kind, str(error))
        except SandboxError as error:
            return _accident(work, "sandbox", str(error))
        stop, detail = episode.trajectory.stop, episode.trajectory.detail
        if stop is Stop.SANDBOX_ERROR:
            return _accident(work, "sandbox", detail)
        if stop is Stop.MODEL_ERROR and stage.faults.last not in LASTING:
            return _accident(work, stage.faults.last or "protocol", detail)
        return _attempt_of(episode, stage.judge)


def _accident(work: Work, kind: str, detail: str) -> Accident:
    return Accident(task=work.item.id, library=work.arm.label, kind=kind, detail=detail)


def _attempt_of(episode: Episode, judge: DatasetJudge) -> Attempt:
    trajectory, verdict = episode.trajectory, episode.verdict
    refused = trajectory.stop is Stop.MODEL_ERROR
    return Attempt(
        result=Result.FAILED if refused else verdict.result,
        stop=trajectory.stop,
        by=verdict.by,
        answer=trajectory.answer,
        skill=episode.route.skill,
        skill_tree=episode.skill_tree,
        score=0.0 if refused else verdict.score,
        confidence=judge.confidences.get(episode.task.id),
        usage=trajectory.usage,
        steps=len(trajectory.steps),
        seconds=episode.seconds,
        detail=trajectory.detail,
    )


def without_rewriting(loop: Loop) -> Loop:
    """The same learner, whose skills never change: utility and tips are all that it learns."""
    return replace(loop, repair=lambda _lesson, _exercise: None, settings=replace(loop.settings, learn=True))
