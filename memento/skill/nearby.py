"""The skills of a library that a task may be for, as a model is shown them."""

import re

from memento.protocols import Snapshot
from memento.types import Skill

MOST_SHOWN = 40


def nearest(task: str, library: Snapshot) -> tuple[Skill, ...]:
    """At most MOST_SHOWN skills, those that share most words with the task first, then by name."""
    wanted = _words(task)
    ranked = sorted(
        _skills(library), key=lambda s: (-len(wanted & _words(f"{s.name} {s.description}")), s.name)
    )
    return tuple(ranked[:MOST_SHOWN])


def listing(task: str, library: Snapshot) -> str:
    """The nearest skills, one a line: name and description."""
    return "\n".join(f"{s.name}: {' '.join(s.description.split())}" for s in nearest(task, library))


def _skills(library: Snapshot) -> list[Skill]:
    return [skill for name in library.names() if (skill := library.skill(name)) is not None]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{3,}", text.casefold()))
