"""The site of this moment: made anew only when main, a branch, the journal or the hour has changed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from memento.library import Library
from memento.review.pages.site import Site

FRESH_S = 600
"""Ages on the pages are at most so old."""


@dataclass(kw_only=True)
class Present:
    """Makes sites of a library and its journal, by `make`."""

    library: Library
    make: Callable[[], Site]
    _site: Site | None = None
    _stamp: object = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Site:
        """Raises LibraryError."""
        with self._lock:
            stamp = self._now()
            if self._site is None or stamp != self._stamp:
                self._site, self._stamp = self.make(), stamp
            return self._site

    def _now(self) -> object:
        journal = self.library.state / "journal.db"
        files = [path.stat() for path in (journal, journal.with_name("journal.db-wal")) if path.exists()]
        return (
            self.library.tip(),
            tuple(proposal.commit for proposal in self.library.proposals()),
            tuple((stat.st_size, stat.st_mtime_ns) for stat in files),
            int(self.library.now() // FRESH_S),
        )
