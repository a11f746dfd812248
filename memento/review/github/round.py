"""Another round of the rewriter on a branch that waits, because people said something about it.

    base ── proposal ── revision          the same branch, the same frozen exam, one more commit

The rewriter is shown the proposal as it is, the failed attempt behind it, and what was said, as data
among data. The exam stays: a comment changes how a fault is cured, never what counts as cured. The
revision is gated before it stays; one that FAILs leaves the branch where it was. What was written on
GitHub comes from outside, so the proposal is tainted from then on: it never lands without a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memento.changes import Disposition, GateOutcome, GateReport, Landing, Lesson, Proposal, Rewrite
from memento.errors import ModelError
from memento.journal import Journal
from memento.library import Library
from memento.library.history import entries_of
from memento.library.proposals import OF_EXAM, Change, conflict, write_revision
from memento.protocols import Gate, Parent, Rewriter
from memento.types import ChangeKind, Episode

WRITTEN = (ChangeKind.CREATE, ChangeKind.OPTIMISE, ChangeKind.DISCOVER)
"""The kinds of change that the rewriter makes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What became of a round: the proposal as it is now, or why it is as it was."""

    landing: Landing | None
    why: str = ""
    again: bool = False
    """Whether the same words may lead further at another time."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """Asks the rewriter once."""

    library: Library
    journal: Journal
    rewriter: Rewriter
    gate: Gate
    model: str

    def __call__(self, proposal: Proposal, said: Sequence[str]) -> Turn:
        """One more commit on the proposal's branch, gated; or the reason why there is none."""
        (entry,) = entries_of(self.library.git, [proposal.commit])
        episode = self.journal.episode(entry.trailers.get("Memento-Episode", ""))
        if proposal.kind not in WRITTEN or episode is None or episode.blame is None:
            return Turn(
                landing=None, why="no failed attempt is behind it: `memento review ID --edit` changes it"
            )
        stale = conflict(self.library.git, proposal, self.library.tip())
        if stale is not None:
            return Turn(landing=None, why=stale, again=True)
        try:
            rewrite = self._rewrite(proposal, episode, said)
        except ModelError as error:
            return Turn(landing=None, why=f"the model could not be asked: {error}", again=True)
        if rewrite is None:
            return Turn(landing=None, why="the model had nothing new to offer")
        trailers = {key: text for key, text in entry.trailers.items() if key not in OF_EXAM}
        return self._gated(proposal, rewrite, {**trailers, "Memento-Model": self.model})

    def _rewrite(self, proposal: Proposal, episode: Episode, said: Sequence[str]) -> Rewrite | None:
        head = self.library.snapshot(proposal.commit)
        contract = head.skill(proposal.skill)
        if contract is None or episode.blame is None:
            return None
        lesson = Lesson(
            episode=episode.id,
            task=episode.task,
            trajectory=episode.trajectory,
            verdict=episode.verdict,
            blame=episode.blame,
            tips=self.library.at().tips(),
            rejected=self.journal.ideas.rejected(proposal.skill),
            objections=(
                *self.journal.ideas.objections(proposal.skill),
                *(f"{proposal.idea}: {text}" for text in said),
            ),
        )
        parent = Parent(contract=contract, folder=head.folder(proposal.skill))
        rewrite = self.rewriter(lesson, parent, discover=False)
        return replace(rewrite, kind=proposal.kind) if rewrite else None

    def _gated(self, proposal: Proposal, rewrite: Rewrite, trailers: dict[str, str]) -> Turn:
        library = self.library
        change = Change(
            rewrite=rewrite, exam=proposal.exam, base=proposal.base, trailers=trailers, tainted=True
        )
        test = library.snapshot(proposal.commit).test(proposal.skill)
        revised = replace(
            write_revision(library.git, proposal, change, test), idea=rewrite.idea, tainted=True
        )
        base, head = library.snapshot(revised.base), library.snapshot(revised.commit)
        report: GateReport = self.gate(skill=revised.skill, base=base, head=head, exam=revised.exam)
        if report.outcome is GateOutcome.FAIL:
            back = ("update-ref", f"refs/heads/{proposal.branch}", proposal.commit, revised.commit)
            library.git(*back)
            return Turn(landing=None, why=f"the gate refused what it led to: {report.reason}")
        landing = Landing(proposal=revised, disposition=Disposition.OPEN, report=report)
        self.journal.ideas.record(landing, episode=trailers["Memento-Episode"])
        return Turn(landing=landing)
