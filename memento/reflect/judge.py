"""Judge: passed, failed, or unjudged; r_t of the loop.

    stopped by a budget, the model or the sandbox   unjudged: it says nothing about the skill
    a gold answer                                   a checker compares; no model is asked
    no gold, and no answer either                   failed
    no gold                                         a rubric: criteria from the task alone, written
                                                    before any trace is shown, then scored with quotes;
                                                    then a second look, for what was changed unasked

The gold answer is read by the checker and by nothing else here: no request is built in its sight.
The model that judges may be another than the one that acts: `model` here is the judge's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memento.errors import UsageError
from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.prompts.trace import is_quoted, trace_text
from memento.protocols import Model, Request
from memento.reflect.checkers import NO_ANSWER, check
from memento.reflect.rubric import OFFERED, Cause, Criterion, Kind, Score, SideEffect, settle, unjudged
from memento.types import Gold, Result, Scorer, Stop, Task, Trajectory, Verdict

if TYPE_CHECKING:
    from memento.reflect.replies import EffectsReply, JudgeReply

ACCIDENTS = {
    Stop.BUDGET: "The budget was spent before the work was done.",
    Stop.MODEL_ERROR: "The language model failed.",
    Stop.SANDBOX_ERROR: "The sandbox failed.",
    Stop.TOOL_ERROR: "A tool server failed.",
}
"""Stops that say nothing about the skill."""

BY_PROGRAM = {
    Result.PASSED: "The answer is right (checked by a program).",
    Result.FAILED: "The answer is wrong (checked by a program).",
    Result.UNJUDGED: "The program that checks the answer broke: mend it in the task file.",
}

Rubric = tuple[Criterion, ...]
Run = Callable[[str, str, Task], Result]
"""A checking program, the answer, the task; see program.py."""


@dataclass(frozen=True, kw_only=True)
class Judging:
    """Checker first, rubric otherwise. Rubrics are kept per task, so that retries are scored alike."""

    model: Model
    run: Run | None = None
    """Runs checking programs; None where there is no sandbox."""
    rubrics: dict[tuple[str, str], Rubric] = field(default_factory=dict)
    """By task id and text."""

    def __call__(self, task: Task, trajectory: Trajectory, gold: Gold | None) -> Verdict:
        """The verdict. ModelError when the rubric's model cannot be asked, SandboxError when a program
        cannot be run, UsageError when the gold is none."""
        if trajectory.stop in ACCIDENTS:
            return unjudged(ACCIDENTS[trajectory.stop], by="checker" if gold else "rubric")
        if gold is not None:
            return checked(task, trajectory, gold, self.run)
        if not (trajectory.answer or "").strip():
            return Verdict(result=Result.FAILED, rationale=NO_ANSWER, by="rubric", score=0.0)
        return self._scored(task, trajectory)

    def _scored(self, task: Task, trajectory: Trajectory) -> Verdict:
        criteria = self._criteria(task)
        if criteria is None:
            return unjudged("The judge's criteria could not be read.")
        from memento.reflect.replies import JudgeReply

        trace = trace_text(trajectory)
        messages = chat("judge", task=task.whole, criteria=criteria, trace=trace, grades=OFFERED)
        reply = ask(self.model, Request(purpose="judge", messages=messages), JudgeReply)
        if reply is None:
            return unjudged("The judge's scores could not be read.")
        effects = self._side_effects(task, trajectory, trace)
        return settle(criteria, scores_of(reply, trace, trajectory.answer), effects)

    def _criteria(self, task: Task) -> Rubric | None:
        """The task's rubric; None, and nothing kept, when the model's was unusable."""
        from memento.reflect.replies import RubricReply

        key = (task.id, task.whole)
        if key not in self.rubrics:
            request = Request(purpose="rubric", messages=chat("rubric", task=task.whole))
            reply = ask(self.model, request, RubricReply)
            if reply is None or not any(c.kind == "outcome" for c in reply.criteria):
                return None
            self.rubrics[key] = tuple(
                Criterion(
                    kind=Kind(c.kind),
                    text=" ".join(c.text.split()),
                    only_if=c.only_if or None,
                    depends_on=c.depends_on if c.depends_on and 0 < c.depends_on < number else None,
                )
                for number, c in enumerate(reply.criteria, 1)
            )
        return self.rubrics[key]

    def _side_effects(self, task: Task, trajectory: Trajectory, trace: str) -> Sequence[SideEffect]:
        """What was changed unasked; nothing without a step, nor by a reply that cannot be read."""
        from memento.reflect.replies import EffectsReply

        if not trajectory.steps:
            return ()
        request = Request(purpose="effects", messages=chat("effects", task=task.text, trace=trace))
        reply = ask(self.model, request, EffectsReply)
        return effects_of(reply, trace) if reply is not None else ()


def checked(task: Task, trajectory: Trajectory, gold: Gold, run: Run | None = None) -> Verdict:
    """The checker's verdict; its rationale is a fixed sentence that quotes neither answer nor gold."""
    answer = (trajectory.answer or "").strip()
    if gold.scorer is not Scorer.PROGRAM or not answer:
        found = check(trajectory.answer, gold)
        result, reason = (Result.PASSED if found.passed else Result.FAILED), found.reason
    elif run is None:
        raise UsageError("This task's answer is checked by a program, and there is no sandbox to run it in.")
    else:
        result = run(gold.answer, answer, task)
        reason = BY_PROGRAM[result]
    score = None if result is Result.UNJUDGED else float(result is Result.PASSED)
    return Verdict(result=result, rationale=reason, by="checker", score=score)


def scores_of(reply: "JudgeReply", trace: str, answer: str | None) -> tuple[Score, ...]:
    """The reply's scores, in order, each with whether its evidence stands in `trace`."""
    return tuple(
        Score(
            criterion=score.criterion,
            grade=score.grade,
            genuine=_is_shown(score.quotes, trace, answer),
            cause=Cause(score.cause),
        )
        for score in reply.scores
    )


def effects_of(reply: "EffectsReply", trace: str) -> tuple[SideEffect, ...]:
    """The reply's side effects, each with whether its evidence stands in `trace`."""
    return tuple(
        SideEffect(
            what=" ".join(effect.what.split()),
            harmful=effect.harmful,
            genuine=_is_shown(effect.quotes, trace, None),
        )
        for effect in reply.effects
    )


def _is_shown(quotes: Sequence[str], trace: str, answer: str | None) -> bool:
    return bool(quotes) and all(is_quoted(quote, trace, answer=answer) for quote in quotes)
