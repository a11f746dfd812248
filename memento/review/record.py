"""A skill with all that is known of how it did: what `memento show` prints."""

from dataclasses import dataclass, fields

from memento.journal import Idea, Journal
from memento.library import Library
from memento.review.versions import Version, versions
from memento.types import Bounds, Skill


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown(Skill):
    """What `memento show --json` prints: the skill's own fields, then its record."""

    utility: float | None
    """Older versions discounted; None before the first outcome."""
    bounds: Bounds
    """Where the true rate lies with 95 % confidence (Wilson)."""
    outcomes: float
    versions: tuple[Version, ...]
    """Newest first, each with its own successes and failures."""
    ideas: tuple[Idea, ...]
    """What was tried, oldest first."""


def shown(library: Library, journal: Journal, skill: Skill) -> Shown:
    """The record of one version of a skill. LibraryError when main never had the skill."""
    utility = journal.utility(skill.name, skill.tree)
    return Shown(
        **{field.name: getattr(skill, field.name) for field in fields(Skill)},
        utility=utility.value if utility.n else None,
        bounds=utility.bounds,
        outcomes=utility.n,
        versions=versions(library, journal, skill.name),
        ideas=journal.ideas.of(skill.name),
    )
