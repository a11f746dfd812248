"""What a person does with an open proposal. The rules:

approve   it is gated again, as the merge that would land, and lands unless the gate says FAIL: that
          never lands, whoever agrees. What failed, or no longer merges, stays open with the reason
edit      one more commit on the same branch, gated again; it waits for an approval like before. Where
          main has moved under the proposal, the branch starts anew from main
comment   kept beside the proposal, and told to the rewriter should the idea be refused
reject    the branch goes; the idea is remembered as refused, with the reason, and not tried again
regate    the gate's word once more, as for a proposal whose process was killed. It lands by itself
          where the policy allows; not where its task had a known answer, which is no longer at hand
          to be looked for in the skill
skip      is nothing
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from memento.changes import Disposition, GateOutcome, GateReport, Landing, Proposal, Rewrite
from memento.errors import UsageError
from memento.journal import Journal, Remark
from memento.library import Library, land
from memento.library.history import entries_of
from memento.library.proposals import OF_EXAM, Change, conflict, write_revision
from memento.protocols import Gate, Policy, Snapshot
from memento.review import lockfile
from memento.review.consent import EDITED, Trailers, consent, refusal, with_consent, without_consent
from memento.review.dossier import open_proposal, word_on
from memento.review.undoing import undo
from memento.types import ChangeKind, Folder, Sha


@dataclass(frozen=True, kw_only=True)
class Review:
    """One person's hands. `by` is their name, for the trailers; `now` tells when they said something."""

    library: Library
    journal: Journal
    gate: Gate
    policy: Policy
    evidence: Trailers
    by: str
    now: Callable[[], float]

    def approve(self, id: str) -> Landing:  # noqa: A002
        """Land it, or say why not. LibraryError when there is no such proposal."""
        proposal = open_proposal(self.library, id)

        def gate(base: Snapshot, head: Snapshot) -> GateReport:
            return with_consent(self._gated(proposal, base, head), self.by)

        landing = land(
            self.library,
            proposal,
            gate=gate,
            trailers=lambda report: {**self.evidence(report), **consent(report, self.by)},
            may_land=lambda report, _: report.outcome is GateOutcome.PASS,
            remember=self._remember,
            keep=True,
        )
        if landing.disposition is Disposition.LANDED:
            self._follow_up(proposal)
        return landing

    def _follow_up(self, proposal: Proposal) -> None:
        """What a rollback or an import does once it has landed, had it not waited."""
        (entry,) = entries_of(self.library.git, [proposal.commit])
        if proposal.kind is ChangeKind.ROLLBACK:
            undo(self.journal, entry.trailers, self.by)
        origin = entry.trailers.get(lockfile.TRAILER)
        if origin is not None:
            lockfile.record(self.library, lockfile.read_lock(origin.encode()))

    def reject(self, id: str, reason: str) -> Landing:  # noqa: A002
        """Refuse it for good. UsageError without a reason: it is what the next attempt learns from."""
        proposal = open_proposal(self.library, id)
        self.comment(id, reason)
        landing = Landing(
            proposal=proposal,
            disposition=Disposition.DISCARDED,
            report=refusal(word_on(self.journal, proposal), proposal.skill, self.by, reason),
        )
        # Before the branch goes: a process that dies in between must not take the reason with it.
        self._remember(landing)
        self.library.discard(proposal)
        return landing

    def comment(self, id: str, text: str) -> Remark:  # noqa: A002
        """Keep what the person says about it. UsageError when that is nothing."""
        proposal = open_proposal(self.library, id)
        if not text.strip():
            raise UsageError("There is nothing in that text. Say what is wrong, or what is missing.")
        remark = Remark(who=self.by, when=self.now(), text=text.strip())
        self.journal.ideas.remark(proposal.id, remark)
        return remark

    def edit(self, id: str, folder: Folder, test: bytes | None) -> Landing:  # noqa: A002
        """The skill's folder and its test file as the person wants them. UsageError when nothing changes."""
        proposal = open_proposal(self.library, id)
        tip, head = self.library.tip(), self.library.snapshot(proposal.commit)
        stale = conflict(self.library.git, proposal, tip) is not None
        if (
            not stale
            and dict(head.folder(proposal.skill)) == dict(folder)
            and head.test(proposal.skill) == test
        ):
            raise UsageError("Nothing was changed, so the proposal stays as it is.")
        (entry,) = entries_of(self.library.git, [proposal.commit])
        frozen = proposal.exam if proposal.exam and proposal.exam.test_file == test else None
        change = Change(
            rewrite=Rewrite(skill=proposal.skill, kind=proposal.kind, folder=folder, idea=proposal.idea),
            exam=frozen,
            base=tip if stale else proposal.base,
            trailers={**{k: v for k, v in entry.trailers.items() if k not in OF_EXAM}, EDITED: self.by},
            tainted=proposal.tainted,
        )
        revised = write_revision(self.library.git, proposal, change, test)
        base, edited = self.library.snapshot(revised.base), self.library.snapshot(revised.commit)
        report = self._gated(revised, base, edited)
        landing = Landing(proposal=revised, disposition=Disposition.OPEN, report=report)
        self._remember(landing)
        return landing

    def regate(self, id: str) -> Landing:  # noqa: A002
        """Ask the gate again, and land what may land by itself."""
        proposal = open_proposal(self.library, id)
        return land(
            self.library,
            proposal,
            gate=lambda base, head: self._gated(proposal, base, head),
            trailers=self.evidence,
            may_land=lambda report, tip: self._alone(proposal, report, tip),
            remember=self._remember,
            keep=True,
        )

    def _alone(self, proposal: Proposal, report: GateReport, tip: Sha) -> bool:
        (entry,) = entries_of(self.library.git, [proposal.commit])
        episode = self.journal.episode(entry.trailers.get("Memento-Episode", ""))
        unanswered = episode is not None and episode.verdict.by == "rubric"
        return unanswered and self.policy.against_landing(proposal, report, tip) is None

    def _gated(self, proposal: Proposal, base: Snapshot, head: Snapshot) -> GateReport:
        return self.gate(skill=proposal.skill, base=base, head=head, exam=proposal.exam)

    def _remember(self, landing: Landing) -> None:
        """The journal's line of it keeps the episode that it was opened with."""
        if landing.disposition is Disposition.OPEN:
            # A yes holds for the moment that it was given in.
            landing = replace(landing, report=without_consent(landing.report))
        ideas = self.journal.ideas.of(landing.proposal.skill)
        known = next((idea.episode for idea in ideas if idea.proposal == landing.proposal.id), None)
        (entry,) = entries_of(self.library.git, [landing.proposal.commit])
        episode = known or entry.trailers.get("Memento-Episode") or f"review by {self.by}"
        self.journal.ideas.record(landing, episode=episode)
