"""The journal learns what git knows: git is the truth about what landed, the journal remembers it.

    main's landings (trailers)   ->  ideas that landed
    open branches                ->  ideas that are open
    neither of the two           ->  an idea that was open is gone: discarded by hand
    refused, but still a branch  <-  the branch goes: whoever wrote the refusal died before that

A process may die between a landing and the line in the journal. An idea that was taken back stays
taken back, and what a process is about to write itself replaces what is written here.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memento.changes import (
    Disposition,
    Evidence,
    GateOutcome,
    GateReport,
    GateStep,
    Landing,
    Proposal,
)
from memento.journal import Idea, Journal
from memento.library.history import LogEntry, log, note
from memento.library.messages import trailers_of
from memento.library.proposals import open_proposals
from memento.library.reader import Reader, reading
from memento.types import ChangeKind, Sha

if TYPE_CHECKING:
    from memento.library.library import Library

GONE = "its branch is gone: somebody deleted it"

RECENT = 50
"""Landings that are looked at by default; who opens a library for writing looks, so none is older."""


def reconcile(library: "Library", journal: Journal, *, limit: int = RECENT) -> tuple[str, ...]:
    """A sentence for each idea whose line was missing or behind."""
    known = {idea.proposal: idea for idea in journal.ideas.of()}
    # Branches first: one that lands meanwhile is then seen as landed, not as gone.
    opened = {proposal.id: proposal for proposal in open_proposals(library.git)}
    landed = {
        entry.trailers["Memento-Proposal"]: entry
        for entry in log(library.git, library.tip(), None, limit, None)
        if "Memento-Proposal" in entry.trailers
    }
    with reading(library.git) as read:
        missing = [_landing(library, read, entry) for id_, entry in landed.items() if _behind(known.get(id_))]
        undecided = [
            _Told(landing=_landing_of(proposal, Disposition.OPEN), episode=_episode(read, proposal.commit))
            for id_, proposal in opened.items()
            if id_ not in landed and (id_ not in known or known[id_].reason == GONE)
        ]
    for told in missing:
        journal.ideas.record(told.landing, episode=told.episode)
    for told in undecided:
        journal.ideas.record(told.landing, episode=told.episode, decided=False)
    refused = [
        proposal
        for id_, proposal in opened.items()
        if id_ in known and known[id_].disposition is Disposition.DISCARDED and known[id_].reason != GONE
    ]
    for proposal in refused:
        library.discard(proposal)
    gone = [
        idea.proposal
        for idea in known.values()
        if idea.disposition is Disposition.OPEN and idea.proposal not in {**opened, **landed}
    ]
    for proposal_id in gone:
        journal.ideas.reject(proposal_id, GONE)
    learned = [(told.landing.proposal.id, str(told.landing.disposition)) for told in (*missing, *undecided)]
    learned += [(id_, "gone") for id_ in gone]
    return (
        *(f"the journal learned that proposal {id_} is {what}" for id_, what in learned),
        *(f"removed the branch {proposal.branch}, which was refused" for proposal in refused),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    landing: Landing
    episode: str


def _behind(idea: Idea | None) -> bool:
    return idea is None or idea.disposition is Disposition.OPEN


def _landing(library: "Library", read: Reader, entry: LogEntry) -> _Told:
    trailers = entry.trailers
    kind = trailers.get("Memento-Kind", "")
    proposal = Proposal(
        id=trailers["Memento-Proposal"],
        skill=trailers.get("Memento-Skill", ""),
        kind=ChangeKind(kind) if kind in set(ChangeKind) else ChangeKind.EDIT,
        branch=f"memento/{trailers.get('Memento-Skill', '')}/{trailers['Memento-Proposal']}",
        base=read.commit(f"{entry.sha}^1") or entry.sha,
        commit=read.commit(f"{entry.sha}^2") or entry.sha,
        idea=trailers.get("Memento-Idea", ""),
        tainted=trailers.get("Memento-Tainted") == "yes",
    )
    report = _report(note(library.git, entry.sha), proposal.skill, trailers.get("Memento-Gate", ""))
    landing = Landing(proposal=proposal, disposition=Disposition.LANDED, report=report, commit=entry.sha)
    return _Told(landing=landing, episode=trailers.get("Memento-Episode", ""))


def _report(text: str | None, skill: str, trailer: str) -> GateReport:
    """The report in the note, or what the trailer tells of it."""
    from pydantic import TypeAdapter, ValidationError

    if text is not None:
        try:
            return TypeAdapter(GateReport).validate_json(text)
        except ValidationError:  # a note that a person wrote
            pass
    words = trailer.split()
    level = Evidence(words[-1]) if words and words[-1] in set(Evidence) else Evidence.LINT
    return GateReport(skill=skill, outcome=GateOutcome.PASS, evidence=level, steps=())


def _landing_of(proposal: Proposal, disposition: Disposition) -> Landing:
    step = GateStep(
        name="journal", outcome=GateOutcome.INDECISIVE, detail="its process ended before the gate's word"
    )
    report = GateReport(
        skill=proposal.skill, outcome=GateOutcome.INDECISIVE, evidence=Evidence.LINT, steps=(step,)
    )
    return Landing(proposal=proposal, disposition=disposition, report=report)


def _episode(read: Reader, commit: Sha) -> str:
    found = read.object(commit)
    message = found.data.decode("utf-8", "replace").partition("\n\n")[2] if found else ""
    return trailers_of(message).get("Memento-Episode", "")
