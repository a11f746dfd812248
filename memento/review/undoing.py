"""Which ideas a rollback takes back: its trailers say so, for it may land long after it was asked for."""

from collections.abc import Iterable, Mapping

from memento.journal import Journal
from memento.library import LogEntry

UNDOES = "Memento-Undoes"


def undoes(landings: Iterable[LogEntry]) -> Mapping[str, str]:
    """The trailer that names the proposals behind these landings."""
    ids = [entry.trailers["Memento-Proposal"] for entry in landings if "Memento-Proposal" in entry.trailers]
    return {UNDOES: " ".join(ids)} if ids else {}


def undo(journal: Journal, trailers: Mapping[str, str], by: str) -> None:
    """Once a rollback has landed: the ideas that it takes back count as refused."""
    for proposal in trailers.get(UNDOES, "").split():
        journal.ideas.reject(proposal, f"rolled back by {by}")
