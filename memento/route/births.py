"""What a skill is asked for before anybody asked, out of its own tests.

    QUERIES       count like requests that it solved; one that names the skill is left out: real ones do not
    NEAR_MISSES   count like requests that it was wrongly given

A new skill has solved nothing, and beside skills that have it would be found by its text alone. Its tests
say in requests what it is for: they are written with it, and gated with it.

Read from a commit: only tests that changed are parsed again, when there is a folder to remember in.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from memento.protocols import Snapshot
from memento.route.past import Past
from memento.route.words import spoken
from memento.skill.duplicates import requests_of
from memento.types import test_path

SCHEMA = "create table if not exists births(test text primary key, requests text not null) without rowid"


Requests = tuple[tuple[str, ...], tuple[str, ...]]
"""Those that are a skill's own, and those that are not."""


@dataclass(frozen=True, kw_only=True)
class Births:
    """Requests out of tests, remembered by the tests' object names."""

    folder: Path | None = None

    def of(self, snapshot: Snapshot, names: Iterable[str]) -> tuple[Past, ...]:
        """Of the named skills, in their order. Nothing is executed."""
        entries = snapshot.entries()
        tests = {name: entry for name in names if (entry := entries.get(test_path(name)))}
        if not tests:
            return ()
        known = self._known()
        new = {
            entry: _requests(snapshot.test(name) or b"")
            for name, entry in tests.items()
            if entry not in known
        }
        self._keep(new)
        requests = {**known, **new}
        return tuple(
            Past(text, name, solved)
            for name, entry in tests.items()
            for solved, texts in zip((True, False), requests[entry], strict=True)
            for text in texts
            if text.strip() and not (solved and names_it(text, name))
        )

    def _known(self) -> Mapping[str, Requests]:
        if self.folder is None:
            return {}
        try:
            with self._open(self.folder) as db:
                rows = db.execute("select test, requests from births").fetchall()
            read = {test: json.loads(requests) for test, requests in rows}
            return {
                test: (tuple(map(str, own)), tuple(map(str, others))) for test, (own, others) in read.items()
            }
        except (sqlite3.DatabaseError, ValueError, TypeError):
            return {}

    def _keep(self, new: Mapping[str, Requests]) -> None:
        if self.folder is None or not new:
            return
        rows = [(test, json.dumps(requests)) for test, requests in new.items()]
        try:
            with self._open(self.folder) as db:
                db.executemany("insert or replace into births values (?,?)", rows)
        except sqlite3.OperationalError:  # locked, read-only or full: parsed again next time
            return
        except sqlite3.DatabaseError:
            (self.folder / "births.db").unlink(missing_ok=True)

    @contextmanager
    def _open(self, folder: Path) -> Iterator[sqlite3.Connection]:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(folder / "births.db", timeout=10)) as db, db:
            db.execute(SCHEMA)
            yield db


def _requests(test: bytes) -> Requests:
    return requests_of(test), requests_of(test, "NEAR_MISSES")


def names_it(text: str, skill: str) -> bool:
    """Whether a request holds the skill's name, as one would write or say it."""
    name, lower = spoken(skill), text.lower()
    # A name of one word is a word of the language too: "files" drops no name.
    return " " in name and (name in lower or skill.lower() in lower)
