"""Attribution: where the fault of a failed attempt lies, and which one skill, if any.

    1. How it ended may settle it: budget, model error, sandbox error, not failed at all.
    2. Rules give a first opinion from the trace alone (opinion.py).
    3. The model reads the whole trace, beside that opinion and the facts that the trace shows by itself.
    4. It abstains (fault None) when the reply is unusable, when the confidence is below the
       threshold, when no quote stands in the trace, or when it blames a skill that was not used.
    5. The two are weighed. An abstention changes nothing, and neither does a fault outside the library.

    what the model says                     the blame
    tool, planning, reasoning; skill used   that fault and that skill
    the same; no skill was used             routing, no skill: nothing in the library fits
    routing, a skill of the library that    routing and that skill: its description did not draw the
        was not used                            task; its instructions were never tried
    routing                                 routing, no skill: the text of none is wrong
    environment, model, judge               that, no skill: nothing changes

Abstaining costs one lesson; blaming a good skill costs a good skill.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.prompts.trace import is_quoted, trace_text
from memento.protocols import Model, Request, Snapshot
from memento.reflect.evidence import abstain, settled, signals
from memento.reflect.opinion import first_opinion, weighed
from memento.skill.nearby import listing
from memento.types import SKILL_FAULTS, Blame, Fault, Skill, Task, Trajectory, Verdict

if TYPE_CHECKING:
    from memento.reflect.replies import BlameReply

THRESHOLD = 0.5


@dataclass(frozen=True, kw_only=True)
class LLMAttributor:
    """Evidence first, then the model's opinion, held to the evidence."""

    model: Model
    threshold: float = THRESHOLD

    def __call__(
        self, task: Task, skill: Skill | None, trajectory: Trajectory, verdict: Verdict, library: Snapshot
    ) -> Blame:
        """The blame, or an abstention. Raises ModelError when the model cannot be asked."""
        first = settled(trajectory, verdict)
        if first is not None:
            return first
        from memento.reflect.replies import BlameReply

        trace = trace_text(trajectory)
        opinion = first_opinion(task, skill, trajectory)
        facts = (*signals(trajectory, skill), *((opinion.fact,) if opinion else ()))
        messages = chat(
            "attribute",
            task=task.whole,
            skill=skill,
            library=listing(task.text, library),
            trace=trace,
            verdict=verdict,
            facts=facts,
        )
        reply = ask(self.model, Request(purpose="attribute", messages=messages), BlameReply)
        if reply is None:
            blame = abstain("the attributor's reply could not be read")
        else:
            blame = blame_of(reply, skill, trajectory, library, trace=trace, threshold=self.threshold)
        return weighed(blame, opinion, threshold=self.threshold)


def blame_of(
    reply: "BlameReply",
    skill: Skill | None,
    trajectory: Trajectory,
    library: Snapshot,
    *,
    trace: str,
    threshold: float,
) -> Blame:
    """The model's opinion, held against what was used, what there is and what the trace holds."""
    explanation = " ".join(reply.explanation.split())
    quotes = tuple(q for q in reply.quotes if is_quoted(q, trace, answer=trajectory.answer))
    if reply.fault is None:
        return abstain(explanation)
    if reply.confidence < threshold:
        return abstain(f"too unsure ({reply.confidence:.2f}): {explanation}")
    if not quotes:
        return abstain(f"no evidence in the trace: {explanation}")
    fault, blamed = Fault(reply.fault), None
    if fault in SKILL_FAULTS:
        if skill is None:
            fault = Fault.ROUTING
        elif reply.skill != skill.name:
            return abstain(f"the skill that was used ({skill.name}) is not the one to blame: {explanation}")
        else:
            blamed = skill.name
    if fault is Fault.ROUTING:
        blamed = _overlooked(reply.skill, skill, library)
    return Blame(
        fault=fault,
        skill=blamed,
        explanation=explanation,
        first_wrong_step=_step_of(reply.first_wrong_step, trajectory),
        quotes=quotes,
        confidence=reply.confidence,
    )


def _overlooked(named: str | None, used: Skill | None, library: Snapshot) -> str | None:
    """The skill that is said to be meant for the task: one that there is, and another than was used."""
    if named is None or (used is not None and named == used.name):
        return None
    return named if library.skill(named) is not None else None


def _step_of(index: int | None, trajectory: Trajectory) -> int | None:
    return index if index in {step.index for step in trajectory.steps} else None
