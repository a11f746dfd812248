"""The journal's file: made complete, opened for one transaction at a time."""

import errno
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memento.errors import LibraryError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = """
create table if not exists episodes(
    id text primary key, task text not null, attempt integer not null, skill text, skill_tree text,
    result text not null, fault text, model text not null, started real not null, value text not null);
create index if not exists episodes_by_task on episodes(task, attempt);
create table if not exists outcomes(
    episode text primary key references episodes(id), skill text not null, skill_tree text not null,
    success integer not null);
create index if not exists outcomes_by_skill on outcomes(skill);
create table if not exists ideas(
    proposal text primary key, skill text not null, kind text not null, episode text not null,
    idea text not null, disposition text not null, reason text not null, value text not null);
create index if not exists ideas_by_skill on ideas(skill);
create table if not exists runs(key text primary key, value text not null);
"""


@dataclass(frozen=True, kw_only=True)
class Database:
    """One file. Every transaction has a connection of its own, so threads and processes share it."""

    path: Path

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that commits at the end. LibraryError when the file cannot be used."""
        try:
            if not self.path.exists():
                _create(self.path)
            with closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
                yield connection
        except (OSError, sqlite3.Error) as error:
            mend = (
                "free some space on its disk and run the same again"
                if _is_for_want_of_space(error)
                else "move it away to start a new one: skills, tests and evidence are in git"
            )
            raise LibraryError(f"the journal {self.path} cannot be used ({error}); {mend}") from error


def _is_for_want_of_space(error: OSError | sqlite3.Error) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    # SQLite says "I/O error" when it cannot make its files larger.
    return str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_FULL", "SQLITE_IOERR"))


def adapter(kind: Any) -> "TypeAdapter[Any]":
    """From values to JSON and back."""
    # pydantic is imported on first use: `memento --help` must not pay for it.
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _create(path: Path) -> None:
    """An empty journal, complete before anybody sees it.

    Several processes may open a new library at once, and SQLite does not wait its turn for the change
    to WAL: so the file is made aside and linked into place, and the first one stays. WAL comes last: what
    is in a WAL when the disk is full is not in the file, and closing it does not say so.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="journal-") as aside:
        made = Path(aside) / "journal.db"
        with closing(sqlite3.connect(made)) as connection:
            connection.executescript(SCHEMA)
            connection.execute("pragma journal_mode=wal")
        with suppress(FileExistsError):
            path.hardlink_to(made)
