"""What happened on GitHub since the last look, learned here. Doing it again changes nothing more.

merged     however that was done: the outcome is recorded as landed, a note beside the commit there keeps
           its trailers with the gate's word and who merged it, main here is brought to main there, and
           the branch goes. Where main here has commits that GitHub has not, nothing moves
closed     the idea is refused, with the last comment of a member as its reason; the branch goes
comments   kept as remarks beside the proposal. What a member said leads to another round, where there is
           a model; what anybody else said is kept and leads to nothing, for on a public repository
           anybody may write anything
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from memento.changes import Disposition, Evidence, GateOutcome, GateReport, GateStep, Landing, Proposal
from memento.errors import GitHubError
from memento.journal import Journal, Remark
from memento.library import Library
from memento.library.merged import proposal_trailers, same_skill, write_note
from memento.library.moving import forward
from memento.library.remote import has, is_ancestor
from memento.review.consent import EDITED, PERSON, consent
from memento.review.dossier import word_on
from memento.review.github.hub import Pull, Said
from memento.review.github.publishing import SEEN, Connection, Published
from memento.review.github.round import Turn
from memento.review.reviewing import Review
from memento.review.undoing import undo
from memento.types import ChangeKind, Sha


class Fate(StrEnum):
    """What a look found."""

    MERGED = "merged"
    CLOSED = "closed"
    OPEN = "open"
    REVISED = "revised"


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """One proposal that has a pull request."""

    proposal: str
    skill: str
    number: int
    url: str
    fate: Fate
    remarks: int
    """New ones."""
    note: str = ""
    """What is left to do, or what became of a round, in a sentence."""
    waits: bool = False
    """Whether it is still open here, and the note says what is left to do."""


@dataclass(frozen=True, kw_only=True)
class Sync:
    """One look at all open proposals; `round` is None where no model is set."""

    library: Library
    journal: Journal
    connection: Connection
    review: Review
    publish: Callable[[str], Published]
    round: Callable[[Proposal, Sequence[str]], Turn] | None

    def __call__(self) -> tuple[Synced, ...]:
        """Those that have a pull request, oldest first. Raises GitHubError."""
        found = []
        for proposal in self.library.proposals():
            pull = self.connection.hub.find(self.connection.owner, proposal.branch)
            if pull is not None:
                found.append(self._one(proposal, pull))
        return tuple(found)

    def _one(self, proposal: Proposal, pull: Pull) -> Synced:
        said = [each for each in self.connection.hub.said(pull.number) if not each.bot]
        fresh = self._kept(proposal, said)
        match pull.state:
            case "merged":
                fate, note = Fate.MERGED, self._merged(proposal, pull)
            case "closed":
                fate, note = Fate.CLOSED, self._closed(proposal, pull, said)
            case _:
                fate, note = self._open(proposal, pull, [each for each in said if each.member])
        here = any(each.id == proposal.id for each in self.library.proposals())
        return Synced(
            proposal=proposal.id,
            skill=proposal.skill,
            number=pull.number,
            url=pull.url,
            fate=fate,
            remarks=fresh,
            note=note,
            waits=here and bool(note) and fate is not Fate.REVISED,
        )

    def _kept(self, proposal: Proposal, said: Sequence[Said]) -> int:
        """Keep what is new; how much that was."""
        known = set(self.journal.ideas.remarks(proposal.id))
        new = [remark for remark in map(_remark, said) if remark not in known]
        for remark in new:
            self.journal.ideas.remark(proposal.id, remark)
        return len(new)

    # ------------------------------------------------------------ merged

    def _merged(self, proposal: Proposal, pull: Pull) -> str:
        connection, library = self.connection, self.library
        if pull.base != connection.main:
            return f"it was merged into {pull.base}, not into {connection.main}: it still waits here"
        seen = connection.there.fetch(connection.main, library.tip(), SEEN)
        tip = library.tip()
        behind, ahead = is_ancestor(library.git, tip, seen), is_ancestor(library.git, seen, tip)
        if not behind and not ahead:
            main = connection.main
            return (
                f"{main} here has commits that GitHub has not, so it stays as it is. `git pull --rebase "
                f"origin {main}`, or push them as a pull request; then `memento pr sync` again"
            )
        # Before the branch goes: a process that dies in between must not leave the outcome open.
        self._landed(proposal, pull)
        note = "main here has it already" if ahead else forward(library, seen, proposal)
        library.discard(proposal)
        return self._gone_there(proposal) or note

    def _landed(self, proposal: Proposal, pull: Pull) -> None:
        who = f"{self.connection.hub.decider(pull.number)} on GitHub"
        trailers = proposal_trailers(self.library.git, proposal.commit)
        landing = Landing(
            proposal=proposal,
            disposition=Disposition.LANDED,
            report=_merged_by(word_on(self.journal, proposal), proposal.skill, who),
            commit=Sha(pull.merge_commit) if pull.merge_commit else None,
            note=f"merged as {pull.url}",
        )
        self.journal.ideas.record(landing, episode=trailers.get("Memento-Episode") or f"review by {who}")
        self._noted(landing, trailers, who)
        if proposal.kind is ChangeKind.ROLLBACK:
            undo(self.journal, trailers, who)

    def _noted(self, landing: Landing, trailers: Mapping[str, str], who: str) -> None:
        """The landing's trailers beside the commit that GitHub made of it."""
        library, proposal, merge = self.library, landing.proposal, landing.commit
        if merge is None or not has(library.git, merge):
            return
        as_proposed = same_skill(library.git, proposal.skill, merge, proposal.commit)
        told = {
            **trailers,
            **self.review.evidence(landing.report),
            **consent(landing.report, who),
            **({} if as_proposed else {EDITED: who}),
        }
        with library.writing() as held:
            write_note(library.git, merge, landing.note, told, held)

    # ------------------------------------------------------------ closed

    def _closed(self, proposal: Proposal, pull: Pull, said: Sequence[Said]) -> str:
        who = self.connection.hub.decider(pull.number)
        reasons = [each.text for each in said if each.member]
        hands = replace(self.review, by=f"{who} on GitHub")
        hands.reject(proposal.id, reasons[-1] if reasons else "closed without a word")
        return self._gone_there(proposal)

    def _gone_there(self, proposal: Proposal) -> str:
        """The branch on GitHub goes too, unless somebody else pushed to it since."""
        ours = self.connection.ours
        try:
            there = ours.branch(proposal.branch)
            if there is not None and has(self.library.git, there):
                ours.delete(proposal.branch, there)
        except GitHubError as error:
            return f"its branch is still on GitHub: {error}"
        return ""

    # ------------------------------------------------------------ open

    def _open(self, proposal: Proposal, pull: Pull, said: Sequence[Said]) -> tuple[Fate, str]:
        if not has(self.library.git, Sha(pull.head)):
            return Fate.OPEN, "somebody pushed to it on GitHub, so nothing more is written here: decide there"
        if pull.head != proposal.commit:
            self.publish(proposal.id)
        keys = {f"github round {self.connection.hub.place.full_name} {each.id}": each for each in said}
        answered = self.journal.cache.recall(keys)
        waiting = {key: each.text for key, each in keys.items() if key not in answered}
        if not waiting:
            return Fate.OPEN, ""
        if self.round is None:
            return Fate.OPEN, "comments wait for another round: set a model, then `memento pr sync` again"
        turn = self.round(proposal, list(waiting.values()))
        if not turn.again:
            self.journal.cache.remember(dict.fromkeys(waiting, turn.why or "heeded"))
        if turn.landing is None:
            return Fate.OPEN, turn.why
        self.publish(proposal.id)
        return Fate.REVISED, f"rewritten: {turn.landing.proposal.idea}"


def _remark(said: Said) -> Remark:
    return Remark(who=f"{said.who} on GitHub", when=said.when, text=said.text.strip())


def _merged_by(report: GateReport | None, skill: str, who: str) -> GateReport:
    """The gate's word with the person's beside it. Somebody on GitHub may merge what the gate refused."""
    step = GateStep(name=PERSON, outcome=GateOutcome.PASS, detail=f"{who} merged it")
    if report is None:
        return GateReport(skill=skill, outcome=GateOutcome.INDECISIVE, evidence=Evidence.LINT, steps=(step,))
    return replace(report, steps=(*report.steps, step))
