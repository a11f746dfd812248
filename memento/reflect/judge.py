"""Judge: passed, failed, or unjudged; r_t of the loop.

    stopped by a budget, the model or the sandbox   unjudged: it says nothing about the skill
    a gold answer                                   a checker compares; no model is asked
    no gold, and no answer either                   failed
    no gold                                         a rubric: criteria from the task alone, written
                                                    before any trace is shown, then scored with quotes

The gold answer is read by the checker and by nothing else here: no request is built in its sight.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.prompts.trace import is_quoted, trace_text
from memento.protocols import Model, Request
from memento.reflect.checkers import check
from memento.reflect.rubric import OFFERED, Criterion, Kind, Score, settle, unjudged
from memento.types import Gold, Result, Stop, Task, Trajectory, Verdict

if TYPE_CHECKING:
    from memento.reflect.replies import JudgeReply

ACCIDENTS = {
    Stop.BUDGET: "The budget was spent before the work was done.",
    Stop.MODEL_ERROR: "The language model failed.",
    Stop.SANDBOX_ERROR: "The sandbox failed.",
}
"""Stops that say nothing about the skill."""

Rubric = tuple[Criterion, ...]


@dataclass(frozen=True, kw_only=True)
class Judging:
    """Checker first, rubric otherwise. Rubrics are kept per task, so that retries are scored alike."""

    model: Model
    rubrics: dict[tuple[str, str], Rubric] = field(default_factory=dict)
    """By task id and text."""

    def __call__(self, task: Task, trajectory: Trajectory, gold: Gold | None) -> Verdict:
        """The verdict. Raises ModelError when the rubric's model cannot be asked."""
        if trajectory.stop in ACCIDENTS:
            return unjudged(ACCIDENTS[trajectory.stop], by="checker" if gold else "rubric")
        if gold is not None:
            return checked(trajectory, gold)
        if not (trajectory.answer or "").strip():
            reason = "The agent gave no answer."
            return Verdict(result=Result.FAILED, rationale=reason, by="rubric", score=0.0)
        return self._scored(task, trajectory)

    def _scored(self, task: Task, trajectory: Trajectory) -> Verdict:
        criteria = self._criteria(task)
        if criteria is None:
            return unjudged("The judge's criteria could not be read.")
        from memento.reflect.replies import JudgeReply

        trace = trace_text(trajectory)
        messages = chat("judge", task=task.text, criteria=criteria, trace=trace, grades=OFFERED)
        reply = ask(self.model, Request(purpose="judge", messages=messages), JudgeReply)
        if reply is None:
            return unjudged("The judge's scores could not be read.")
        return settle(criteria, scores_of(reply, trace, trajectory.answer))

    def _criteria(self, task: Task) -> Rubric | None:
        """The task's rubric; None, and nothing kept, when the model's was unusable."""
        from memento.reflect.replies import RubricReply

        key = (task.id, task.text)
        if key not in self.rubrics:
            request = Request(purpose="rubric", messages=chat("rubric", task=task.text))
            reply = ask(self.model, request, RubricReply)
            if reply is None or not any(c.kind == "outcome" for c in reply.criteria):
                return None
            self.rubrics[key] = tuple(
                Criterion(kind=Kind(c.kind), text=" ".join(c.text.split()), only_if=c.only_if or None)
                for c in reply.criteria
            )
        return self.rubrics[key]


def checked(trajectory: Trajectory, gold: Gold) -> Verdict:
    """The checker's verdict; its rationale is a fixed sentence that quotes neither answer nor gold."""
    result = check(trajectory.answer, gold)
    return Verdict(
        result=Result.PASSED if result.passed else Result.FAILED,
        rationale=result.reason,
        by="checker",
        score=float(result.passed),
    )


def scores_of(reply: "JudgeReply", trace: str, answer: str | None) -> tuple[Score, ...]:
    """The reply's scores, in order, each with whether its evidence stands in `trace`."""
    return tuple(
        Score(
            criterion=score.criterion,
            grade=score.grade,
            genuine=bool(score.quotes) and all(is_quoted(q, trace, answer=answer) for q in score.quotes),
        )
        for score in reply.scores
    )
