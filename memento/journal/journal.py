"""Episodes, and the outcomes that they leave: what was tried, with which version of a skill, how it ended."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from memento.journal.cache import Cache
from memento.journal.calls import Calls
from memento.journal.database import Database, adapter
from memento.journal.ideas import Ideas
from memento.types import SKILL_FAULTS, Episode, Fault, Result, Sha, Usage, Utility

OLDER_VERSION_DISCOUNT = 0.5
"""Weight of an outcome per version between the one it was seen on and the current one."""


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

    @cached_property
    def database(self) -> Database:
        return Database(path=self.path)

    @cached_property
    def ideas(self) -> Ideas:
        """Proposals and what became of them."""
        return Ideas(database=self.database)

    @cached_property
    def calls(self) -> Calls:
        """What models cost."""
        return Calls(database=self.database)

    @cached_property
    def cache(self) -> Cache:
        """What the gate need not find out again."""
        return Cache(database=self.database)

    def record(self, episode: Episode) -> None:
        """Keep an episode and, when it says something about a skill, its outcome.

        A success credits the skill that was used. A failure debits it only when it was found to be
        at fault: an outage, a spent budget or a slip of the model is no evidence against a skill.
        """
        skill = episode.route.skill
        result = episode.verdict.result
        fault = episode.blame.fault if episode.blame else None
        with self.database.transaction() as db:
            db.execute(
                "insert into episodes values (?,?,?,?,?,?,?,?,?,?)"
                # An attempt that was recorded before anybody could say why it failed.
                " on conflict(id) do update set fault = excluded.fault, value = excluded.value",
                (episode.id, episode.task.id, episode.attempt, skill, episode.skill_tree, result, fault,
                 episode.model, episode.started, adapter(Episode).dump_json(episode).decode()),
            )  # fmt: skip
            at_fault = episode.blame is not None and fault in SKILL_FAULTS and episode.blame.skill == skill
            if skill and (result is Result.PASSED or (result is Result.FAILED and at_fault)):
                db.execute(
                    "insert or ignore into outcomes values (?,?,?,?)",
                    (episode.id, skill, episode.skill_tree or "", result is Result.PASSED),
                )

    def episodes(self, *, limit: int = 1000) -> tuple[Episode, ...]:
        """The newest episodes, newest first."""
        with self.database.transaction() as db:
            rows = db.execute("select value from episodes order by rowid desc limit ?", (limit,)).fetchall()
        return tuple(adapter(Episode).validate_json(row[0]) for row in rows)

    def episode(self, id: str) -> Episode | None:  # noqa: A002 (the column's name)
        with self.database.transaction() as db:
            row = db.execute("select value from episodes where id = ?", (id,)).fetchone()
        return adapter(Episode).validate_json(row[0]) if row else None

    def episodes_of(self, task: str) -> tuple[Episode, ...]:
        """Every attempt at one task, oldest first."""
        with self.database.transaction() as db:
            rows = db.execute("select value from episodes where task = ? order by rowid", (task,)).fetchall()
        return tuple(adapter(Episode).validate_json(row[0]) for row in rows)

    def glances(self) -> tuple[Glance, ...]:
        """Every episode at a glance, oldest first."""
        used = "$.trajectory.usage"
        with self.database.transaction() as db:
            rows = db.execute(
                "select id, task, substr(json_extract(value, '$.task.text'), 1, 400), attempt, skill,"
                " skill_tree, result, fault, model, started, json_extract(value, ?, ?, ?, ?)"
                " from episodes order by rowid",
                (f"{used}.calls", f"{used}.input_tokens", f"{used}.output_tokens", f"{used}.usd"),
            ).fetchall()
        return tuple(_glance(*row) for row in rows)

    def records(self) -> Mapping[str, Mapping[Sha, Utility]]:
        """As `record_by_version`, of every skill that was tried."""
        with self.database.transaction() as db:
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
        with self.database.transaction() as db:
            rows = db.execute(
                "select skill_tree, sum(success), count(*) - sum(success) from outcomes"
                " where skill = ? group by skill_tree",
                (skill,),
            ).fetchall()
        return {Sha(tree): Utility(successes=won, failures=lost) for tree, won, lost in rows}

    def requests(self, *, after: int = 0) -> tuple[Asked, ...]:
        """Tasks that a skill was used on, oldest first, from the one behind number `after` on."""
        with self.database.transaction() as db:
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
        with self.database.transaction() as db:
            rows = db.execute(
                "select skill_tree, sum(success), count(*) - sum(success), max(rowid) from outcomes"
                " where skill = ? group by skill_tree order by 4 desc",
                (skill,),
            ).fetchall()
        return _utility([(tree, won, lost) for tree, won, lost, _ in rows], current)

    def utilities(self, current: Mapping[str, Sha]) -> Mapping[str, Utility]:
        """As `utility`, for many skills at once by their trees; one that was never tried is left out."""
        with self.database.transaction() as db:
            rows = db.execute(
                "select skill, skill_tree, sum(success), count(*) - sum(success), max(rowid) from outcomes"
                " group by skill, skill_tree order by 5 desc"
            ).fetchall()
        seen: dict[str, list[tuple[str, int, int]]] = {}
        for skill, tree, won, lost, _ in rows:
            seen.setdefault(skill, []).append((tree, won, lost))
        return {skill: _utility(seen[skill], tree) for skill, tree in current.items() if skill in seen}

    def outcomes_of(self, skill: str, tree: Sha) -> tuple[bool, ...]:
        """Successes and failures of one version, in the order in which they came."""
        with self.database.transaction() as db:
            rows = db.execute(
                "select success from outcomes where skill = ? and skill_tree = ? order by rowid",
                (skill, tree),
            ).fetchall()
        return tuple(bool(row[0]) for row in rows)


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
