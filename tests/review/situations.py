"""Open proposals of an agent, on the shared library, and the hands of a person.

opened(library)            a proposal of the agent for greeter, with the gate's word in the journal
waiting(library, rewrite)  the same for a change of yours
written_by_agent(library)  a skill `csv-sums` that the agent made and landed
hands(library, answer)     a Review by Ada whose gate says `answer` about whatever it is shown
"""

from dataclasses import replace

from memento.assemble.gates import journal_of
from memento.changes import Disposition, GateReport, Landing, Proposal, Rewrite
from memento.library import Library
from memento.repair import evidence_of
from memento.review.policy import ReviewPolicy
from memento.review.reviewing import Review
from memento.types import Sha
from tests.library.changes import GREEN, UNSURE, created, landed, propose, rewritten

NOW = 1760000000.0
AGENT = {
    "Memento-Task": "t1",
    "Memento-Model": "some-model",
    "Memento-Episode": "e1",
    "Memento-Blame": "planning: it never says goodbye",
    "Memento-Cost": "3 calls, 900 tokens, $0.0100",
}


def settings(library: Library, text: str) -> Sha:
    """This memento.toml on main."""
    return library.commit_files({"memento.toml": text.encode()}, "settings", {})


def policy(library: Library, now: float = NOW) -> ReviewPolicy:
    return ReviewPolicy(library=library, now=lambda: now)


def opened(
    library: Library, body: str = "Say hello and goodbye.", answer: GateReport = GREEN, **words: object
) -> Proposal:
    return waiting(library, rewritten(library, "greeter", body), answer, **words)


def waiting(library: Library, rewrite: Rewrite, answer: GateReport = GREEN, **words: object) -> Proposal:
    proposal = propose(library, rewrite, **{"trailers": AGENT, **words})
    landing = Landing(
        proposal=proposal, disposition=Disposition.OPEN, report=replace(answer, skill=proposal.skill)
    )
    journal_of(library).ideas.record(landing, episode="e1")
    return proposal


def stale(library):
    opened(library, "Say hello and goodbye.")
    landed(library, propose(library, rewritten(library, "greeter", "Say hullo.")))


def written_by_agent(library: Library, skill: str = "csv-sums") -> Landing:
    return landed(library, propose(library, created(skill), trailers=AGENT))


def hands(library: Library, answer: GateReport = UNSURE) -> Review:
    return Review(
        library=library,
        journal=journal_of(library),
        gate=lambda *, skill, **_: replace(answer, skill=skill),
        policy=policy(library),
        evidence=evidence_of,
        by="Ada <ada@example.org>",
        now=lambda: NOW,
    )
