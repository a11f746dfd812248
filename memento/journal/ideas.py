"""Proposals, what became of them, and what people said about them.

Of several rewrites of one lesson one is chosen. That the others were refused is written in the very
transaction that says what became of the chosen one, whoever writes that: a process may die in between.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memento.changes import Disposition, Landing
from memento.journal.database import Database, adapter

REMARKS = (
    "create table if not exists remarks(proposal text not null, who text not null, said real not null,"
    " text not null)"
)
"""Made on first use: a journal from before people could say something has no such table."""
CONTESTS = (
    "create table if not exists contests(chosen text primary key, refused text not null,"
    " changes text not null)"
)
"""Made on first use, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Idea:
    """A proposal in one line: what was tried, and what became of it."""

    proposal: str
    skill: str
    episode: str
    idea: str
    disposition: Disposition
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """What a person said about a proposal; `when` is Unix time."""

    who: str
    when: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Ideas:
    """The tables `ideas` and `remarks`."""

    database: Database

    def choose(self, chosen: str, refused: Sequence[Landing], changes: Mapping[str, str]) -> None:
        """Keep what is to be written when there is a word on the proposal `chosen`: the other proposals that
        were `refused`, and what `Cache` is to remember of their `changes`."""
        values = (chosen, adapter(list[Landing]).dump_json(list(refused)).decode(), json.dumps(dict(changes)))
        with self.database.transaction() as db:
            db.execute(CONTESTS)
            db.execute("insert or replace into contests values (?,?,?)", values)

    def record(self, landing: Landing, *, episode: str, decided: bool = True) -> None:
        """Keep what became of a proposal, with its reason; a later word on the same proposal replaces it.

        Not `decided`: its process died, and the same proposal may be made once more.
        """
        with self.database.transaction() as db:
            _insert(db, landing, episode)
            if decided:
                _end_contest(db, landing.proposal.id, episode)

    def knows_lesson(self, episode: str) -> bool:
        """Whether a change was proposed because of this episode, whatever became of it."""
        with self.database.transaction() as db:
            return db.execute("select 1 from ideas where episode = ?", (episode,)).fetchone() is not None

    def forget(self, proposal: str) -> None:
        """Remove a line about a proposal that a killed process left and that is made again."""
        with self.database.transaction() as db:
            db.execute(CONTESTS)
            db.execute("delete from contests where chosen = ?", (proposal,))
            db.execute("delete from ideas where proposal = ?", (proposal,))

    def of(self, skill: str | None = None) -> tuple[Idea, ...]:
        """Proposals for one skill, or for all, oldest first."""
        where, arguments = (" where skill = ?", (skill,)) if skill is not None else ("", ())
        with self.database.transaction() as db:
            rows = db.execute(
                "select proposal, skill, episode, idea, disposition, reason from ideas"  # noqa: S608
                + where
                + " order by rowid",
                arguments,
            ).fetchall()
        return tuple(
            Idea(proposal=p, skill=s, episode=e, idea=i, disposition=Disposition(d), reason=r)
            for p, s, e, i, d, r in rows
        )

    def rejected(self, skill: str) -> tuple[str, ...]:
        """Ideas for a skill that are not to be tried again, oldest first."""
        return tuple(i.idea for i in self.of(skill) if i.disposition is Disposition.DISCARDED)

    def landing(self, proposal: str) -> Landing | None:
        """The last word on a proposal, None when nothing is known of it."""
        with self.database.transaction() as db:
            row = db.execute("select value from ideas where proposal = ?", (proposal,)).fetchone()
        return adapter(Landing).validate_json(row[0]) if row else None

    def remark(self, proposal: str, remark: Remark) -> None:
        """Keep what a person said about a proposal."""
        with self.database.transaction() as db:
            db.execute(REMARKS)
            db.execute(
                "insert into remarks values (?,?,?,?)", (proposal, remark.who, remark.when, remark.text)
            )

    def remarks(self, proposal: str) -> tuple[Remark, ...]:
        """What people said about a proposal, oldest first."""
        with self.database.transaction() as db:
            db.execute(REMARKS)
            rows = db.execute(
                "select who, said, text from remarks where proposal = ? order by rowid", (proposal,)
            ).fetchall()
        return tuple(Remark(who=who, when=when, text=text) for who, when, text in rows)

    def objections(self, skill: str) -> tuple[str, ...]:
        """What people said about refused ideas for a skill, oldest first.

        The gate's reasons are not among them: they name tests, and may repeat a gold answer.
        """
        with self.database.transaction() as db:
            db.execute(REMARKS)
            rows = db.execute(
                "select idea, text from remarks join ideas using (proposal)"
                " where skill = ? and disposition = ? order by remarks.rowid",
                (skill, Disposition.DISCARDED),
            ).fetchall()
        return tuple(f"{idea}: {text}" for idea, text in rows)

    def reject(self, proposal: str, reason: str) -> None:
        """Take back the idea of a proposal that had landed."""
        with self.database.transaction() as db:
            db.execute(
                "update ideas set disposition = ?, reason = ? where proposal = ?",
                (Disposition.DISCARDED, reason, proposal),
            )


def _insert(db: sqlite3.Connection, landing: Landing, episode: str) -> None:
    proposal = landing.proposal
    db.execute(
        "insert or replace into ideas values (?,?,?,?,?,?,?,?)",
        (proposal.id, proposal.skill, proposal.kind, episode, proposal.idea, landing.disposition,
         landing.report.reason, adapter(Landing).dump_json(landing).decode()),
    )  # fmt: skip


def _end_contest(db: sqlite3.Connection, chosen: str, episode: str) -> None:
    db.execute(CONTESTS)
    row = db.execute("select refused, changes from contests where chosen = ?", (chosen,)).fetchone()
    if row is None:
        return
    for landing in adapter(list[Landing]).validate_json(row[0]):
        _insert(db, landing, episode)
    db.executemany("insert or replace into runs values (?,?)", list(json.loads(row[1]).items()))
    db.execute("delete from contests where chosen = ?", (chosen,))
