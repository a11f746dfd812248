"""The past of a library's requests, out of its journal.

passed            the skill that was used solved this request
fault "routing"   it was the wrong skill for this request
anything else     says nothing about whom the request belonged to
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from memento.journal import Journal
from memento.route.past import Past
from memento.types import Fault, Result


@dataclass(kw_only=True)
class JournalHistory:
    """Reads what is new at every call; what was read stays in memory."""

    journal: Journal
    _past: list[Past] = field(default_factory=list, init=False, repr=False)
    _last: int = field(default=0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __call__(self) -> Sequence[Past]:
        """Oldest first. Raises LibraryError when the journal cannot be read."""
        with self._lock:
            for row in self.journal.requests(after=self._last):
                self._last = row.number
                if row.result is Result.PASSED or row.fault is Fault.ROUTING:
                    self._past.append(Past(row.text, row.skill, row.result is Result.PASSED))
            return tuple(self._past)
