"""The versions of a skill on main, newest first, each with what was seen of it in use.

A version is a state of the skill's folder. A landing that changed only tests makes none; a rollback
makes one of its own, with the record of the text that it brought back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from memento.errors import LibraryError
from memento.journal import Journal
from memento.library import Library, LogEntry
from memento.library.lineage import State, states
from memento.types import Sha, Utility


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version: where it came from, and its record. `tree` is None where the skill was removed."""

    version: str
    landing: LogEntry
    tree: Sha | None
    kind: str | None
    task: str | None
    evidence: str | None
    """The gate's word, "PASS E2"."""
    successes: float
    failures: float
    utility: float | None
    """successes / (successes + failures) of this version alone; None before its first outcome."""
    current: bool


def versions(library: Library, journal: Journal, skill: str) -> tuple[Version, ...]:
    """LibraryError when main never had such a skill."""
    entries = library.log(skill, 10_000)
    if not entries:
        raise LibraryError(f"There has never been a skill {skill}. `memento list` shows what there is.")
    seen = states(library.git, tuple(entry.sha for entry in entries), skill)
    return told(entries, seen, journal.record_by_version(skill))


def told(
    entries: Sequence[LogEntry], seen: Sequence[State], record: Mapping[Sha, Utility]
) -> tuple[Version, ...]:
    """The versions among the states that these landings left the skill in, newest first."""
    found = []
    for number, (entry, state) in enumerate(_distinct(entries, seen)):
        utility = record.get(state.tree) if state.tree else None
        trailers = entry.trailers
        found.append(
            Version(
                version=state.skill.version if state.skill else "",
                landing=entry,
                tree=state.tree,
                kind=trailers.get("Memento-Kind"),
                task=trailers.get("Memento-Task"),
                evidence=trailers.get("Memento-Gate"),
                successes=utility.successes if utility else 0.0,
                failures=utility.failures if utility else 0.0,
                utility=utility.value if utility else None,
                current=number == 0,
            )
        )
    return tuple(found)


def _distinct(entries: Sequence[LogEntry], seen: Sequence[State]) -> Iterator[tuple[LogEntry, State]]:
    """Newest first, without the commits that left the folder as it was."""
    older: tuple[State | None, ...] = (*seen[1:], None)
    for entry, state, before in zip(entries, seen, older, strict=True):
        if state.tree != (before.tree if before else None):
            yield entry, state
