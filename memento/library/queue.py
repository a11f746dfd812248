"""Landing. The rules, in the order they are applied:

1. The proposal is gated against its base. FAIL discards it: its branch goes, nothing else remains,
   unless a person brought it (`keep`): then it stays open, to be mended or rejected by a person.
   INDECISIVE, or a PASS that may not land by itself, leaves the branch open for a person. Whether it
   may is asked about the very tip that main then moves from: what others landed meanwhile counts.
2. The merge commit is built on main's tip, first, as an object. When main and the proposal changed
   the same skill since the base, the proposal is discarded with that reason: it is to be written
   anew on the new tip, never merged as text.
3. When the tip is no longer the base, that very merge commit is gated against the tip, by rule 1. If
   the report says other things than the trailers do, the same tree is committed with the new ones.
4. Main moves from the tip to exactly that commit, in one transaction with the note that carries the
   full report and the deletion of the branch. When main moved meanwhile: back to rule 2.
5. After two rounds of that, the landing lock is taken for the whole round, so that somebody wins.
6. Once main has moved the proposal has landed, whatever fails afterwards. The checkout follows if it
   can; if not, the sentence in the landing says what to do.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from memento.changes import (
    Disposition,
    GateOutcome,
    GateReport,
    GateStep,
    Landing,
    Proposal,
)
from memento.errors import ConflictError, LibraryError, MovedError
from memento.library.library import Library
from memento.library.lock import Held, Intent
from memento.library.moving import held_or_taken
from memento.library.objects import Writer, amend, create, create_note, writer
from memento.library.proposals import merge_of, paths_of
from memento.library.reader import Reader, reading
from memento.library.recovery import NOTES
from memento.protocols import Snapshot
from memento.types import Sha

ROUNDS = 6
_OPTIMISTIC_ROUNDS = 2

Check = Callable[[Snapshot, Snapshot], GateReport]
MayLand = Callable[[GateReport, Sha], bool]
"""Whether a change with that report may land by itself on that commit of main."""


def land(
    library: Library,
    proposal: Proposal,
    gate: Check,
    trailers: Callable[[GateReport], Mapping[str, str]],
    may_land: MayLand,
    remember: Callable[[Landing], None] = lambda _landing: None,
    *,
    keep: bool = False,
) -> Landing:
    """Land `proposal`, discard it or leave it open. MovedError when main never stood still.

    `remember` is told once what became of it; of a discard before its branch goes: a process that dies
    in between must not take the reason with it.
    """
    queue = _Queue(
        library=library,
        proposal=proposal,
        gate=gate,
        trailers=trailers,
        may_land=may_land,
        remember=remember,
        keep=keep,
    )
    report = gate(library.snapshot(proposal.base), library.snapshot(proposal.commit))
    for count in range(ROUNDS):
        if count < _OPTIMISTIC_ROUNDS:
            landing = queue.round(report, None)
        else:
            with library.writing() as held:
                landing = queue.round(report, held)
        if landing is not None:
            return landing
    raise MovedError(
        "Main kept moving while this change was being landed. Its branch is open: land it again."
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Queue:
    library: Library
    proposal: Proposal
    gate: Check
    trailers: Callable[[GateReport], Mapping[str, str]]
    may_land: MayLand
    remember: Callable[[Landing], None]
    keep: bool

    def refused(self, report: GateReport, tip: Sha, held: Held | None) -> Landing | None:
        """Rule 1: the landing that never happens, or None when it may go on."""
        if report.outcome is GateOutcome.FAIL and not self.keep:
            landing = Landing(proposal=self.proposal, disposition=Disposition.DISCARDED, report=report)
            self.remember(landing)
            self.library.discard(self.proposal, held)
            return landing
        if report.outcome is GateOutcome.PASS and self.may_land(report, tip):
            return None
        landing = Landing(proposal=self.proposal, disposition=Disposition.OPEN, report=report)
        self.remember(landing)
        return landing

    def round(self, report: GateReport, held: Held | None) -> Landing | None:
        """The rules once; None when main moved meanwhile."""
        library, proposal = self.library, self.proposal
        with reading(library.git) as read:
            tip = read.commit(library.main) or library.tip()
            refused = self.refused(report, tip, held)
            if refused is not None:
                return refused
            write = writer(library.git, len(tip), library.reached)
            try:
                draft = merge_of(read, proposal, tip, self.trailers(report))
            except ConflictError as error:
                if library.git.run("merge-base", "--is-ancestor", proposal.commit, tip).status == 0:
                    # It has landed: that must not be remembered as a refusal.
                    raise LibraryError(str(error)) from error
                return self.refused(_conflicting(report, str(error)), tip, held)
            merge = create(draft, read, write)
            if tip != proposal.base:
                report = self.gate(library.snapshot(tip), library.snapshot(merge))
                refused = self.refused(report, tip, held)
                if refused is not None:
                    return refused
                again = merge_of(read, proposal, tip, self.trailers(report))
                merge = merge if again == draft else amend(merge, again, read, write)
            intent = self._intent(tip, merge, report, read, write)
            return self._move(intent, report, held, read)

    def _move(self, intent: Intent, report: GateReport, held: Held | None, read: Reader) -> Landing | None:
        """Rules 4 and 6."""
        with held_or_taken(self.library, held) as holder:
            try:
                self.library.swap(intent, holder)
            except MovedError:
                return None
            note = self.library.follow(intent, holder, read)
        landing = Landing(
            proposal=self.proposal,
            disposition=Disposition.LANDED,
            report=report,
            commit=intent.new,
            note=note,
        )
        self.remember(landing)
        return landing

    def _intent(self, tip: Sha, merge: Sha, report: GateReport, read: Reader, write: Writer) -> Intent:
        """The whole move, with the note beside the merge written."""
        notes = read.commit(NOTES)
        text = json.dumps(asdict(report), ensure_ascii=False, indent=1, sort_keys=True)
        return Intent(
            old=tip,
            new=merge,
            notes_old=notes,
            notes_new=create_note(text, merge, notes, read, write),
            branch=self.proposal.branch,
            commit=self.proposal.commit,
            paths=paths_of(self.proposal.skill),
        )


def _conflicting(report: GateReport, why: str) -> GateReport:
    step = GateStep(name="merge", outcome=GateOutcome.FAIL, detail=why)
    return replace(report, outcome=GateOutcome.FAIL, steps=(*report.steps, step))
