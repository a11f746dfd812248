"""The charter of a new skill: what it is for and how it will be used, agreed before anything is written.

No charter, and so no skill, for: a one-off question; what an existing skill is for; a name that is
taken, or that only numbers a taken one (bfs-2 beside bfs); a description that says what another says;
a charter that speaks of this one task (its files, numbers, quoted words).
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memento.changes import Lesson
from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.prompts.trace import trace_text
from memento.protocols import Model, Request, Snapshot
from memento.skill.duplicates import Profile, twin_in
from memento.skill.nearby import listing
from memento.skill.specifics import specific_to
from memento.types import Skill
from memento.write.material import contract_text

if TYPE_CHECKING:
    from memento.write.replies import CharterReply


@dataclass(frozen=True, kw_only=True)
class LLMCharterer:
    """Asks whether a new skill is due, and for its charter."""

    model: Model

    def __call__(self, lesson: Lesson, library: Snapshot) -> Skill | None:
        """The charter, as a Skill whose body is its intended usage; None when none is due; ModelError."""
        from memento.write.replies import CharterReply

        messages = chat(
            "charter",
            lesson=lesson,
            trace=trace_text(lesson.trajectory),
            library=listing(lesson.task.text, library),
        )
        reply = ask(self.model, Request(purpose="charter", messages=messages), CharterReply)
        charter = None if reply is None else charter_of(reply, library)
        if charter is None or specific_to(contract_text(charter), lesson.task, names=False) is not None:
            return None
        return charter


def charter_of(reply: "CharterReply", library: Snapshot) -> Skill | None:
    """The charter that `reply` states; None when it declines or the library has such a skill."""
    if reply.declined or _is_taken(reply.name, library):
        return None
    description = " ".join(reply.description.split())
    if twin_in(library, Profile(name=reply.name, description=description)) is not None:
        return None
    return Skill(name=reply.name, description=description, body=reply.usage.strip())


def _is_taken(name: str, library: Snapshot) -> bool:
    stem = re.sub(r"(-(v?\d+\w*|new|enhanced|improved|copy))+$", "", name)
    # A folder whose SKILL.md cannot be read is no usable skill, and taken all the same.
    return any(candidate in library.names() or library.folder(candidate) for candidate in {name, stem})
