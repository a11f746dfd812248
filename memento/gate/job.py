"""What is asked of the harness, and what it answers: the words that its parts share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from memento.changes import TestResult
from memento.types import Folder

Results = tuple[TestResult, ...]
"""One result per expected test or case, then what was strange."""

RUN = "<run>"
"""Id of the pseudo test that stands for the run itself: collection, and an orderly end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One test file to run on one state of a skill."""

    skill: str
    folder: Folder
    test: bytes
    beside: Mapping[str, Folder] = field(default_factory=dict)
    """Other skills that the files of this one name."""
    routes: Mapping[str, str | None] = field(default_factory=dict)
    """What `route(request)` answers."""
    turn: int = 0
    """Of runs of the same content. Odd ones have another order, time zone and working directory; the
    hash seed always differs."""
    until_red: bool = False
    """Stop at the first red test: all that a mutant needs."""
