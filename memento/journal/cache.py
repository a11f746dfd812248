"""What follows from content alone: test runs that passed, under keys that name all that they depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from memento.changes import TestResult
from memento.journal.database import Database, adapter


@dataclass(frozen=True, kw_only=True)
class Cache:
    """The table `runs`. What is lost here is found out again."""

    database: Database

    def run(self, key: str) -> tuple[TestResult, ...] | None:
        """The results of a test run of exactly this content, if it passed before."""
        with self.database.transaction() as db:
            row = db.execute("select value from runs where key = ?", (key,)).fetchone()
        return adapter(tuple[TestResult, ...]).validate_json(row[0]) if row else None

    def keep_run(self, key: str, results: tuple[TestResult, ...]) -> None:
        """Remember a run. Only passes are kept: a failure may have been the machine's."""
        if results and all(result.passed for result in results):
            value = adapter(tuple[TestResult, ...]).dump_json(results).decode()
            with self.database.transaction() as db:
                db.execute("insert or replace into runs values (?,?)", (key, value))

    def recall(self, keys: Iterable[str]) -> Mapping[str, str]:
        """What was remembered under these keys, of those under which anything was."""
        wanted = list(keys)
        if not wanted:
            return {}
        found: dict[str, str] = {}
        with self.database.transaction() as db:
            for start in range(0, len(wanted), 500):  # below SQLite's limit of variables
                part = wanted[start : start + 500]
                marks = ",".join("?" * len(part))
                found.update(db.execute(f"select key, value from runs where key in ({marks})", part))  # noqa: S608
        return found

    def remember(self, values: Mapping[str, str]) -> None:
        """Keep texts under keys that name all that they depend on."""
        if values:
            with self.database.transaction() as db:
                db.executemany("insert or replace into runs values (?,?)", list(values.items()))

    def forget(self, keys: Iterable[str]) -> None:
        """Remove what was remembered under these keys."""
        with self.database.transaction() as db:
            db.executemany("delete from runs where key = ?", [(key,) for key in keys])
