"""The judge of a dataset: the loop's Judge seam, with each item scored as its set says.

    stopped by the model or the sandbox   unjudged: an accident of ours
    no answer (budget, stuck, nothing)    failed: an exam that was not handed in is not passed
    a judge that cannot be read           unjudged: unscored is kept apart from wrong
    anything else                         the item's own scorer

A verdict's reason is a fixed sentence: it quotes neither the answer nor the gold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from memento.evals.datasets import gym
from memento.evals.datasets.items import ByGaia, ByGold, ByGym, ByHle, ByTests, Item
from memento.evals.scoring import gaia
from memento.evals.scoring.hle import grade
from memento.protocols import Judge, Model
from memento.reflect.rubric import unjudged
from memento.types import Gold, Result, Stop, Task, Trajectory, Verdict

ACCIDENTS = {
    Stop.MODEL_ERROR: "The language model failed.",
    Stop.SANDBOX_ERROR: "The sandbox failed.",
}


@dataclass(frozen=True, kw_only=True)
class DatasetJudge:
    """Implements Judge for the items of one dataset."""

    items: Mapping[str, Item]
    """By task id."""
    usual: Judge
    """For items with a gold answer of their own, and for those with none at all (a rubric)."""
    grader: Model
    """The model that grades HLE's responses."""
    tested: Mapping[str, bool] = field(default_factory=dict)
    """What the tests said of a task's workspace; filled while attempts end."""
    confidences: dict[str, float] = field(default_factory=dict)
    """The confidence that an answer stated, in [0, 1], by task id; HLE only."""

    def __call__(self, task: Task, trajectory: Trajectory, gold: Gold | None) -> Verdict:
        """The verdict on one attempt. Raises ModelError when a grader cannot be asked."""
        item = self.items[task.id]
        self.confidences.pop(task.id, None)
        by = type(item.scored).__name__.removeprefix("By").lower()
        if trajectory.stop in ACCIDENTS:
            return unjudged(ACCIDENTS[trajectory.stop], by=by)
        if isinstance(item.scored, ByTests):
            return _verdict(float(self.tested.get(task.id, False)), by)
        answer = (trajectory.answer or "").strip()
        if not answer:
            reason = f"The agent gave no answer ({trajectory.stop})."
            return Verdict(result=Result.FAILED, rationale=reason, by=by, score=0.0)
        if isinstance(item.scored, ByGold):
            return self.usual(task, trajectory, gold)
        if gold is None:
            return unjudged("The right answer is not public.", by=by)
        return self._scored(item, answer, gold, by)

    def _scored(self, item: Item, answer: str, gold: Gold, by: str) -> Verdict:
        match item.scored:
            case ByGaia():
                return _verdict(float(gaia.is_correct(answer, gold.answer)), by)
            case ByGym() as entry:
                return _verdict(gym.score(entry, answer), by)
            case ByHle():
                return self._graded(item, answer, gold, by)
        raise AssertionError(f"{by} is scored elsewhere")

    def _graded(self, item: Item, answer: str, gold: Gold, by: str) -> Verdict:
        graded = grade(self.grader, item.exercise.task.text, answer, gold.answer)
        if graded is None:
            return unjudged("The judge's word could not be read.", by=by)
        self.confidences[item.id] = graded.confidence
        return _verdict(float(graded.correct), by)


def _verdict(score: float, by: str) -> Verdict:
    """Only the full score passes: a benchmark's partial credit is kept as the score."""
    right = score >= 1
    return Verdict(
        result=Result.PASSED if right else Result.FAILED,
        rationale=f"The answer is {'right' if right else 'wrong'} by the rules of the set.",
        by=by,
        score=score,
    )
