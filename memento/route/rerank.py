"""The model chooses among near ties.

    offered   each near tie with its name and description
    answer    the name of one of them, or null: none fits

An answer that cannot be read, or a name that was not offered, is an accident of the model: the router keeps
its own first and says that the route is degraded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from memento.errors import ModelError
from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.protocols import Model, Request
from memento.types import Skill


@dataclass(frozen=True, kw_only=True)
class LLMReranker:
    """A Reranker that asks a model."""

    model: Model

    def __call__(self, text: str, skills: Sequence[Skill]) -> str | None:
        """The name of one of `skills`, or None when none fits. Raises ModelError."""
        from memento.route.replies import ChoiceReply

        offered = "\n".join(f"{skill.name}: {' '.join(skill.description.split())}" for skill in skills)
        request = Request(purpose="route", messages=chat("route", task=text, skills=offered))
        reply = ask(self.model, request, ChoiceReply)
        if reply is None:
            raise ModelError("its answer cannot be read")
        if reply.skill is not None and reply.skill not in {skill.name for skill in skills}:
            raise ModelError(f"it named {reply.skill[:80]!r}, which was not offered")
        return reply.skill
