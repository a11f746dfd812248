"""A dossier: all that a person needs to decide about one proposal, gathered from git and the journal.

    git         the proposal, its trailers, its diff, its owners, whether main has moved under it
    journal     the gate's last word, the failed attempt, the parent's utility, what people said
    policy      why it waits

Everything but `waits`, `stale` and the numbers is untrusted text: whoever shows it neutralises it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from memento.changes import GateReport, Proposal
from memento.errors import LibraryError
from memento.journal import Journal, Remark
from memento.library import Library, LogEntry
from memento.library.history import changed_lines, diff, entries_of
from memento.library.proposals import conflict
from memento.review.policy import ReviewPolicy
from memento.types import Episode, Utility

__all__ = ["Dossier", "Remark", "dossier", "dossiers", "open_proposal", "word_on"]

UNGATED = "journal"
"""The step by which the journal says that a proposal's process ended before the gate's word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dossier:
    """All that a person needs to decide about one proposal."""

    proposal: Proposal
    opened: float
    """Unix time of the proposal's newest commit."""
    waits: str
    """Why it waits for a person, in a clause."""
    stale: str | None
    """Why it cannot be merged into main as main is now, None when it can."""
    owners: tuple[str, ...]
    """Those whom CODEOWNERS names for the skill."""
    report: GateReport | None
    """The gate's last word; None when its process ended before it."""
    trailers: Mapping[str, str]
    diff: str
    """Unified, of the skill's folder and its test file, from the base to the proposal."""
    size: int
    """Changed lines in the skill's folder."""
    episode: Episode | None
    """The failed attempt that it came from, when the journal has it."""
    utility: Utility
    """Of the version that it starts from."""
    remarks: tuple[Remark, ...]

    @property
    def by_agent(self) -> bool:
        """Whether a model wrote it; else a person, or `memento lint`, proposed it."""
        return "Memento-Model" in self.trailers


def dossiers(library: Library, journal: Journal, policy: ReviewPolicy) -> tuple[Dossier, ...]:
    """Of every open proposal, oldest first."""
    proposals = library.proposals()
    told = entries_of(library.git, [proposal.commit for proposal in proposals])
    return tuple(
        _gathered(library, journal, policy, proposal, entry)
        for proposal, entry in zip(proposals, told, strict=True)
    )


def dossier(library: Library, journal: Journal, policy: ReviewPolicy, id: str) -> Dossier:  # noqa: A002
    """Of one open proposal, by what `open_proposal` takes. LibraryError with the ids when there is none."""
    proposal = open_proposal(library, id)
    (entry,) = entries_of(library.git, [proposal.commit])
    return _gathered(library, journal, policy, proposal, entry)


def open_proposal(library: Library, id: str) -> Proposal:  # noqa: A002
    """The open proposal of this id; else the only one whose id begins so, or whose skill is called so.

    LibraryError with the ids.
    """
    proposals = library.proposals()
    for proposal in proposals:
        if proposal.id == id:
            return proposal
    fitting = [p for p in proposals if id and (p.id.startswith(id) or p.skill == id)]
    if len(fitting) == 1:
        return fitting[0]
    if not proposals:
        raise LibraryError(f"There is no open proposal {id!r}, and no other one either.")
    ids = ", ".join(proposal.id for proposal in fitting or proposals)
    what = "Several open proposals fit" if fitting else "There is no open proposal"
    raise LibraryError(f"{what} {id!r}. Name one of: {ids}.")


def _gathered(
    library: Library, journal: Journal, policy: ReviewPolicy, proposal: Proposal, entry: LogEntry
) -> Dossier:
    base = library.snapshot(proposal.base)
    parent = base.skill(proposal.skill)
    report = word_on(journal, proposal)
    tip = library.tip()
    waits = policy.against_landing(proposal, report, tip) if report else "its gate was interrupted"
    episode = entry.trailers.get("Memento-Episode")
    return Dossier(
        proposal=proposal,
        opened=entry.when,
        waits=waits or _otherwise(entry),
        stale=conflict(library.git, proposal, tip),
        owners=policy.standing(proposal.skill, tip).owners,
        report=report,
        trailers=entry.trailers,
        diff=diff(library.git, proposal.skill, proposal.base, proposal.commit),
        size=changed_lines(library.git, proposal.skill, proposal.base, proposal.commit),
        episode=journal.episode(episode) if episode else None,
        utility=journal.utility(proposal.skill, parent.tree if parent else None),
        remarks=journal.ideas.remarks(proposal.id),
    )


def word_on(journal: Journal, proposal: Proposal) -> GateReport | None:
    """The gate's last word on a proposal, None when there is none on its newest commit."""
    landing = journal.ideas.landing(proposal.id)
    if landing is None or [step.name for step in landing.report.steps] == [UNGATED]:
        return None
    # Of another commit of the branch: somebody pushed to it since.
    return landing.report if landing.proposal.commit == proposal.commit else None


def _otherwise(entry: LogEntry) -> str:
    if "Memento-Model" in entry.trailers:
        return "nothing holds it back: it was left behind when its landing was interrupted"
    return "no model proposed it, so a person lands it"
