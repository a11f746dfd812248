"""What the pages are made from: the library and its journal at one moment, each part read when it is wanted.

A page of one skill costs little; all pages together read everything once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from memento.changes import Disposition
from memento.journal import Glance, Idea, Journal
from memento.library import Library
from memento.library.chronicle import Chronicle, chronicle
from memento.library.headers import Header
from memento.library.snapshot import CommitSnapshot
from memento.review.dossier import Dossier, dossiers
from memento.review.policy import ReviewPolicy
from memento.skill.reader import NAME
from memento.types import Sha, Utility, test_path

NEWEST_CHANGES = 300
"""So many landed, and so many refused changes have pages of their own."""
NEWEST_EPISODES = 300
"""So many failed episodes have pages of their own, beside those behind a change."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """The library at `tip`; `when` (Unix time) is the moment that ages are counted to."""

    library: Library
    journal: Journal
    policy: ReviewPolicy
    tip: Sha
    when: float

    @cached_property
    def name(self) -> str:
        """What the pages call the library: its folder's name."""
        return self.library.root.resolve().name or "library"

    @cached_property
    def at(self) -> CommitSnapshot:
        return self.library.snapshot(self.tip)

    @cached_property
    def headers(self) -> Sequence[Header]:
        return self.at.headers()

    @cached_property
    def chronicle(self) -> Chronicle:
        return chronicle(self.library.git, self.tip)

    @cached_property
    def glances(self) -> tuple[Glance, ...]:
        """Every episode, oldest first."""
        return self.journal.glances()

    @cached_property
    def glances_of(self) -> Mapping[str, Sequence[Glance]]:
        """The episodes that each skill was used in."""
        found: dict[str, list[Glance]] = {}
        for glance in self.glances:
            if glance.skill is not None:
                found.setdefault(glance.skill, []).append(glance)
        return found

    @cached_property
    def simulated(self) -> bool:
        """Whether any of it was made by a simulated model."""
        return any(glance.model.startswith("SIMULATED") for glance in self.glances)

    @cached_property
    def utilities(self) -> Mapping[str, Utility]:
        return self.journal.utilities({header.name: header.tree for header in self.headers})

    @cached_property
    def records(self) -> Mapping[str, Mapping[Sha, Utility]]:
        return self.journal.records()

    @cached_property
    def tests(self) -> Mapping[str, bytes]:
        """The test file of each skill that has one."""
        paths = {test_path(header.name): header.name for header in self.headers}
        return {paths[path]: data for path, data in self.at.files(paths).items()}

    @cached_property
    def ideas(self) -> tuple[Idea, ...]:
        """Every proposal that came to an end, oldest first, and those that the journal knows to be open."""
        return self.journal.ideas.of()

    @cached_property
    def ideas_of(self) -> Mapping[str, Sequence[Idea]]:
        found: dict[str, list[Idea]] = {}
        for idea in self.ideas:
            found.setdefault(idea.skill, []).append(idea)
        return found

    @cached_property
    def files(self) -> Mapping[str, Sequence[str]]:
        """The paths in each skill's folder, relative to it."""
        found: dict[str, list[str]] = {}
        for path in self.at.entries():
            top, _, rest = path.partition("/")
            name, _, inner = rest.partition("/")
            if top == "skills" and inner:
                found.setdefault(name, []).append(inner)
        return found

    @cached_property
    def open(self) -> tuple[Dossier, ...]:
        """What waits for a person, oldest first."""
        return dossiers(self.library, self.journal, self.policy)

    @cached_property
    def refused(self) -> Sequence[Idea]:
        """The newest refused ideas, newest first."""
        waiting = {dossier.proposal.id for dossier in self.open}
        gone = (i for i in reversed(self.ideas) if i.disposition is Disposition.DISCARDED)
        return [idea for idea in gone if idea.proposal not in waiting][:NEWEST_CHANGES]

    @cached_property
    def landed(self) -> Mapping[str, Sha]:
        """The newest landings by the id of their proposal, newest first."""
        found: dict[str, Sha] = {}
        for entry in reversed(self.chronicle.landings):
            id = entry.trailers.get("Memento-Proposal")  # noqa: A001 (git's word for it)
            # A trailer may say anything: only a skill's name is asked about again.
            if id and NAME.fullmatch(entry.skill or "") and len(found) < NEWEST_CHANGES:
                found.setdefault(id, entry.sha)
        return found

    @cached_property
    def changes(self) -> frozenset[str]:
        """The ids of the proposals that have a page."""
        waiting = (dossier.proposal.id for dossier in self.open)
        return frozenset((*waiting, *self.landed, *(idea.proposal for idea in self.refused)))

    @cached_property
    def traced(self) -> frozenset[str]:
        """The ids of the episodes that have a page: the newest failed ones, and those behind a change."""
        known = {glance.id for glance in self.glances}
        behind = {idea.episode for idea in self.ideas if idea.proposal in self.changes} & known
        failed = [glance.id for glance in self.glances if glance.result == "failed"]
        return frozenset(behind.union(failed[-NEWEST_EPISODES:]))
