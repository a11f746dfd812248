"""How far learning runs have come, in `.memento/learning.db`: what `--resume` goes on from.

    runs       what a run was asked; it goes on only when it is asked the same
    finished   what is done, in order: one row per task, and one per measurement of held-out tasks

Attempts and proposals are in the journal. A row here is written when everything about its task is in
the library and in the journal, so a task without a row is taken up again where its episodes end.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from memento.errors import LibraryError

SCHEMA = """
create table if not exists runs(run text primary key, stream text not null, asked text not null);
create table if not exists finished(
    run text not null, position integer not null, kind text not null, value text not null,
    primary key(run, position, kind));
"""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One file. Every call is a transaction of its own, on the disk when it returns."""

    path: Path

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
                connection.executescript(SCHEMA)
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise LibraryError(
                f"{self.path} cannot be used ({error}); move it away: only --resume needs it"
            ) from error

    def begin(self, run: str, *, stream: str, asked: str) -> None:
        """A new run. LibraryError when there is one of this name."""
        with self._transaction() as db:
            db.execute("insert into runs values (?,?,?)", (run, stream, asked))

    def newest(self, stream: str) -> str | None:
        """The run of these tasks that was begun last."""
        with self._transaction() as db:
            row = db.execute(
                "select run from runs where stream = ? order by rowid desc limit 1", (stream,)
            ).fetchone()
        return row[0] if row else None

    def asked(self, run: str) -> str | None:
        """What a run was asked; None when there is no such run."""
        with self._transaction() as db:
            row = db.execute("select asked from runs where run = ?", (run,)).fetchone()
        return row[0] if row else None

    def finish(self, run: str, position: int, kind: str, value: str) -> None:
        """Write down that something is done."""
        with self._transaction() as db:
            db.execute("insert into finished values (?,?,?,?)", (run, position, kind, value))

    def finished(self, run: str, kind: str) -> Mapping[int, str]:
        """What is done of one kind, by its position."""
        with self._transaction() as db:
            rows = db.execute(
                "select position, value from finished where run = ? and kind = ? order by position",
                (run, kind),
            ).fetchall()
        return dict(rows)
