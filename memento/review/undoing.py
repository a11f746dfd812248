"""Which ideas a rollback takes back: its trailers say so, for it may land long after it was asked for."""

from collections.abc import Iterable, Mapping

from memento.journal import Journal
from memento.library import Library, LogEntry
from memento.library.history import entries_of
from memento.types import Sha

UNDOES = "Memento-Undoes"


def undoes(landings: Iterable[LogEntry]) -> Mapping[str, str]:
    """The trailer that names the proposals behind these landings."""
    ids = [entry.trailers["Memento-Proposal"] for entry in landings if "Memento-Proposal" in entry.trailers]
    return {UNDOES: " ".join(ids)} if ids else {}


def undo(library: Library, journal: Journal, commit: Sha, by: str) -> None:
    """Once the rollback at `commit` has landed: the ideas that it takes back count as refused."""
    (entry,) = entries_of(library.git, [commit])
    for proposal in entry.trailers.get(UNDOES, "").split():
        journal.reject(proposal, f"rolled back by {by}")
