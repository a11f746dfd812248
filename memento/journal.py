"""What happened, as an append-only log in SQLite (WAL) under `.memento/`.

    episodes    one row per attempt, the whole value as JSON
    outcomes    what an episode says about the skill version it used; utility is a query over it
    ideas       proposals and what became of them; refused ones are not tried again
    remarks     what people said about a proposal
    calls       one row per call of a model: purpose, tokens, dollars (null when unknown), seconds
    runs        test runs that passed, and what follows from content alone: the gate's cache

Nothing that a user needs lives only here: skills, tests, tips and evidence are in git. A rejected
proposal changes no outcome, and a rewrite does not wipe the outcomes of the version before.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memento.changes import Disposition, Landing, TestResult
from memento.errors import LibraryError
from memento.types import SKILL_FAULTS, Call, Episode, Fault, Result, Sha, Usage, Utility

if TYPE_CHECKING:
    from pydantic import TypeAdapter

OLDER_VERSION_DISCOUNT = 0.5
"""Weight of an outcome per version between the one it was seen on and the current one."""

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
REMARKS = (
    "create table if not exists remarks(proposal text not null, who text not null, said real not null,"
    " text not null)"
)
"""Made on first use: a journal from before people could say something has no such table."""
CALLS = (
    "create table if not exists calls(run text not null, purpose text not null, model text not null,"
    " input_tokens integer not null, output_tokens integer not null, usd real, seconds real not null,"
    " error text, at real not null)"
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A task that a skill was used on, and how it ended; `number` counts episodes."""

    number: int
    text: str
    skill: str
    result: Result
    fault: Fault | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Glance:
    """An episode without its steps: 10,000 of them are read in a moment."""

    id: str
    task: str
    text: str
    """The beginning of what was asked."""
    attempt: int
    skill: str | None
    skill_tree: Sha | None
    result: Result
    fault: Fault | None
    model: str
    started: float
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Journal:
    """The journal in one file. Every call is a transaction of its own, so threads and processes share it."""

    path: Path

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self.path.exists():
                _create(self.path)
            with closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise LibraryError(
                f"the journal {self.path} cannot be used ({error}); "
                "move it away to start a new one: skills, tests and evidence are in git"
            ) from error

    transaction = _transaction
    """For `outcomes.py`, which reads and writes the same tables."""

    def record(self, episode: Episode) -> None:
        """Keep an episode and, when it says something about a skill, its outcome.

        A success credits the skill that was used. A failure debits it only when it was found to be
        at fault: an outage, a spent budget or a slip of the model is no evidence against a skill.
        """
        skill = episode.route.skill
        result = episode.verdict.result
        fault = episode.blame.fault if episode.blame else None
        with self._transaction() as db:
            db.execute(
                "insert into episodes values (?,?,?,?,?,?,?,?,?,?)"
                # An attempt that was recorded before anybody could say why it failed.
                " on conflict(id) do update set fault = excluded.fault, value = excluded.value",
                (episode.id, episode.task.id, episode.attempt, skill, episode.skill_tree, result, fault,
                 episode.model, episode.started, _adapter(Episode).dump_json(episode).decode()),
            )  # fmt: skip
            at_fault = episode.blame is not None and fault in SKILL_FAULTS and episode.blame.skill == skill
            if skill and (result is Result.PASSED or (result is Result.FAILED and at_fault)):
                db.execute(
                    "insert or ignore into outcomes values (?,?,?,?)",
                    (episode.id, skill, episode.skill_tree or "", result is Result.PASSED),
                )

    def episodes(self, *, limit: int = 1000) -> tuple[Episode, ...]:
        """The newest episodes, newest first."""
        with self._transaction() as db:
            rows = db.execute("select value from episodes order by rowid desc limit ?", (limit,)).fetchall()
        return tuple(_adapter(Episode).validate_json(row[0]) for row in rows)

    def episode(self, id: str) -> Episode | None:  # noqa: A002 (the column's name)
        with self._transaction() as db:
            row = db.execute("select value from episodes where id = ?", (id,)).fetchone()
        return _adapter(Episode).validate_json(row[0]) if row else None

    def episodes_of(self, task: str) -> tuple[Episode, ...]:
        """Every attempt at one task, oldest first."""
        with self._transaction() as db:
            rows = db.execute("select value from episodes where task = ? order by rowid", (task,)).fetchall()
        return tuple(_adapter(Episode).validate_json(row[0]) for row in rows)

    def glances(self) -> tuple[Glance, ...]:
        """Every episode at a glance, oldest first."""
        used = "$.trajectory.usage"
        with self._transaction() as db:
            rows = db.execute(
                "select id, task, substr(json_extract(value, '$.task.text'), 1, 400), attempt, skill,"
                " skill_tree, result, fault, model, started, json_extract(value, ?, ?, ?, ?)"
                " from episodes order by rowid",
                (f"{used}.calls", f"{used}.input_tokens", f"{used}.output_tokens", f"{used}.usd"),
            ).fetchall()
        return tuple(_glance(*row) for row in rows)

    def records(self) -> Mapping[str, Mapping[Sha, Utility]]:
        """As `record_by_version`, of every skill that was tried."""
        with self._transaction() as db:
            rows = db.execute(
                "select skill, skill_tree, sum(success), count(*) - sum(success) from outcomes"
                " group by skill, skill_tree"
            ).fetchall()
        found: dict[str, dict[Sha, Utility]] = {}
        for skill, tree, won, lost in rows:
            found.setdefault(skill, {})[Sha(tree)] = Utility(successes=won, failures=lost)
        return found

    def record_by_version(self, skill: str) -> Mapping[Sha, Utility]:
        """Successes and failures of each version that was tried, by its tree; nothing is discounted."""
        with self._transaction() as db:
            rows = db.execute(
                "select skill_tree, sum(success), count(*) - sum(success) from outcomes"
                " where skill = ? group by skill_tree",
                (skill,),
            ).fetchall()
        return {Sha(tree): Utility(successes=won, failures=lost) for tree, won, lost in rows}

    def requests(self, *, after: int = 0) -> tuple[Asked, ...]:
        """Tasks that a skill was used on, oldest first, from the one behind number `after` on."""
        with self._transaction() as db:
            rows = db.execute(
                "select rowid, json_extract(value, '$.task.text'), skill, result, fault from episodes"
                " where rowid > ? and skill is not null order by rowid",
                (after,),
            ).fetchall()
        return tuple(
            Asked(
                number=n, text=text, skill=skill, result=Result(result), fault=Fault(fault) if fault else None
            )
            for n, text, skill, result, fault in rows
        )

    def utility(self, skill: str, current: Sha | None) -> Utility:
        """Successes and failures of a skill; an outcome of an older version counts half per version.

        `current` is the tree of the version that is asked about: a version that was never tried
        starts from the discounted record of the ones before it.
        """
        with self._transaction() as db:
            rows = db.execute(
                "select skill_tree, sum(success), count(*) - sum(success), max(rowid) from outcomes"
                " where skill = ? group by skill_tree order by 4 desc",
                (skill,),
            ).fetchall()
        return _utility([(tree, won, lost) for tree, won, lost, _ in rows], current)

    def utilities(self, current: Mapping[str, Sha]) -> Mapping[str, Utility]:
        """As `utility`, for many skills at once by their trees; one that was never tried is left out."""
        with self._transaction() as db:
            rows = db.execute(
                "select skill, skill_tree, sum(success), count(*) - sum(success), max(rowid) from outcomes"
                " group by skill, skill_tree order by 5 desc"
            ).fetchall()
        seen: dict[str, list[tuple[str, int, int]]] = {}
        for skill, tree, won, lost, _ in rows:
            seen.setdefault(skill, []).append((tree, won, lost))
        return {skill: _utility(seen[skill], tree) for skill, tree in current.items() if skill in seen}

    def record_landing(self, landing: Landing, *, episode: str) -> None:
        """Keep what became of a proposal, with its reason; a later word on the same proposal replaces it."""
        proposal = landing.proposal
        with self._transaction() as db:
            db.execute(
                "insert or replace into ideas values (?,?,?,?,?,?,?,?)",
                (proposal.id, proposal.skill, proposal.kind, episode, proposal.idea, landing.disposition,
                 landing.report.reason, _adapter(Landing).dump_json(landing).decode()),
            )  # fmt: skip

    def knows_lesson(self, episode: str) -> bool:
        """Whether a change was proposed because of this episode, whatever became of it."""
        with self._transaction() as db:
            return db.execute("select 1 from ideas where episode = ?", (episode,)).fetchone() is not None

    def outcomes_of(self, skill: str, tree: Sha) -> tuple[bool, ...]:
        """Successes and failures of one version, in the order in which they came."""
        with self._transaction() as db:
            rows = db.execute(
                "select success from outcomes where skill = ? and skill_tree = ? order by rowid",
                (skill, tree),
            ).fetchall()
        return tuple(bool(row[0]) for row in rows)

    def forget_idea(self, proposal: str) -> None:
        """Remove a line about a proposal that a killed process left and that is made again."""
        with self._transaction() as db:
            db.execute("delete from ideas where proposal = ?", (proposal,))

    def ideas(self, skill: str | None = None) -> tuple[Idea, ...]:
        """Proposals for one skill, or for all, oldest first."""
        where, arguments = (" where skill = ?", (skill,)) if skill is not None else ("", ())
        with self._transaction() as db:
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
        return tuple(i.idea for i in self.ideas(skill) if i.disposition is Disposition.DISCARDED)

    def landing(self, proposal: str) -> Landing | None:
        """The last word on a proposal, None when nothing is known of it."""
        with self._transaction() as db:
            row = db.execute("select value from ideas where proposal = ?", (proposal,)).fetchone()
        return _adapter(Landing).validate_json(row[0]) if row else None

    def remark(self, proposal: str, remark: Remark) -> None:
        """Keep what a person said about a proposal."""
        with self._transaction() as db:
            db.execute(REMARKS)
            db.execute(
                "insert into remarks values (?,?,?,?)", (proposal, remark.who, remark.when, remark.text)
            )

    def remarks(self, proposal: str) -> tuple[Remark, ...]:
        """What people said about a proposal, oldest first."""
        with self._transaction() as db:
            db.execute(REMARKS)
            rows = db.execute(
                "select who, said, text from remarks where proposal = ? order by rowid", (proposal,)
            ).fetchall()
        return tuple(Remark(who=who, when=when, text=text) for who, when, text in rows)

    def objections(self, skill: str) -> tuple[str, ...]:
        """What people said about refused ideas for a skill, oldest first.

        The gate's reasons are not among them: they name tests, and may repeat a gold answer.
        """
        with self._transaction() as db:
            db.execute(REMARKS)
            rows = db.execute(
                "select idea, text from remarks join ideas using (proposal)"
                " where skill = ? and disposition = ? order by remarks.rowid",
                (skill, Disposition.DISCARDED),
            ).fetchall()
        return tuple(f"{idea}: {text}" for idea, text in rows)

    def reject(self, proposal: str, reason: str) -> None:
        """Take back the idea of a proposal that had landed."""
        with self._transaction() as db:
            db.execute(
                "update ideas set disposition = ?, reason = ? where proposal = ?",
                (Disposition.DISCARDED, reason, proposal),
            )

    def record_call(self, call: Call) -> None:
        """Keep what one call of a model cost, whether or not its episode comes to an end."""
        usage = call.usage
        with self._transaction() as db:
            # The last calls before a power cut may be lost; waiting for the disk at each is not worth it.
            db.execute("pragma synchronous=normal")
            db.execute(CALLS)
            db.execute(
                "insert into calls values (?,?,?,?,?,?,?,?,?)",
                (call.run, call.purpose, call.model, usage.input_tokens, usage.output_tokens, usage.usd,
                 call.seconds, call.error, call.at),
            )  # fmt: skip

    def calls(self, run: str) -> tuple[Call, ...]:
        """The calls of one run, oldest first."""
        with self._transaction() as db:
            db.execute(CALLS)
            rows = db.execute("select * from calls where run = ? order by rowid", (run,)).fetchall()
        return tuple(
            Call(
                run=run, purpose=purpose, model=model, seconds=seconds, error=error, at=at,
                usage=Usage(calls=1, input_tokens=given, output_tokens=got, usd=usd),
            )
            for run, purpose, model, given, got, usd, seconds, error, at in rows
        )  # fmt: skip

    def cached_run(self, key: str) -> tuple[TestResult, ...] | None:
        """The results of a test run of exactly this content, if it passed before."""
        with self._transaction() as db:
            row = db.execute("select value from runs where key = ?", (key,)).fetchone()
        return _adapter(tuple[TestResult, ...]).validate_json(row[0]) if row else None

    def cache_run(self, key: str, results: tuple[TestResult, ...]) -> None:
        """Remember a run. Only passes are kept: a failure may have been the machine's."""
        if results and all(result.passed for result in results):
            value = _adapter(tuple[TestResult, ...]).dump_json(results).decode()
            with self._transaction() as db:
                db.execute("insert or replace into runs values (?,?)", (key, value))

    def recall(self, keys: Iterable[str]) -> Mapping[str, str]:
        """What was remembered under these keys, of those under which anything was."""
        wanted = list(keys)
        if not wanted:
            return {}
        found: dict[str, str] = {}
        with self._transaction() as db:
            for start in range(0, len(wanted), 500):  # below SQLite's limit of variables
                part = wanted[start : start + 500]
                marks = ",".join("?" * len(part))
                found.update(db.execute(f"select key, value from runs where key in ({marks})", part))  # noqa: S608
        return found

    def remember(self, values: Mapping[str, str]) -> None:
        """Keep texts under keys that name all that they depend on."""
        if values:
            with self._transaction() as db:
                db.executemany("insert or replace into runs values (?,?)", list(values.items()))

    def forget(self, keys: Iterable[str]) -> None:
        """Remove what was remembered under these keys."""
        with self._transaction() as db:
            db.executemany("delete from runs where key = ?", [(key,) for key in keys])


def _glance(
    id: str,  # noqa: A002 (the column's name)
    task: str,
    text: str,
    attempt: int,
    skill: str | None,
    tree: str | None,
    result: str,
    fault: str | None,
    model: str,
    started: float,
    used: str,
) -> Glance:
    calls, tokens_in, tokens_out, usd = json.loads(used)
    return Glance(
        id=id,
        task=task,
        text=text,
        attempt=attempt,
        skill=skill,
        skill_tree=Sha(tree) if tree else None,
        result=Result(result),
        fault=Fault(fault) if fault else None,
        model=model,
        started=started,
        usage=Usage(calls=calls, input_tokens=tokens_in, output_tokens=tokens_out, usd=usd),
    )


def _utility(versions: Sequence[tuple[str, int, int]], current: Sha | None) -> Utility:
    """The fold over (tree, successes, failures) of a skill's versions, newest first."""
    trees = [tree for tree, _, _ in versions if tree != current]
    successes = failures = 0.0
    for tree, won, lost in versions:
        age = 0 if tree == current else 1 + trees.index(tree)
        successes += won * OLDER_VERSION_DISCOUNT**age
        failures += lost * OLDER_VERSION_DISCOUNT**age
    return Utility(successes=successes, failures=failures)


def _create(path: Path) -> None:
    """An empty journal, complete before anybody sees it.

    Several processes may open a new library at once, and SQLite does not wait its turn for the change
    to WAL: so the file is made aside and linked into place, and the first one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="journal-") as aside:
        made = Path(aside) / "journal.db"
        with closing(sqlite3.connect(made)) as connection:
            connection.execute("pragma journal_mode=wal")
            connection.executescript(SCHEMA)
        with suppress(FileExistsError):
            path.hardlink_to(made)


def _adapter(kind: Any) -> "TypeAdapter[Any]":
    # pydantic is imported on first use: `memento --help` must not pay for it.
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
