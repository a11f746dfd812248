"""Outcomes as values that travel between clones: who used which version of a skill, and whether it helped.

    {"episode": "...", "skill": "files", "skill_tree": "<git tree>", "success": true, "at": 1767225600.0}

No task, no trace and no answer goes along. An episode's outcome never changes, so merging is union: the
order of exchanges does not matter, and nothing counts twice. In the journal the rows are kept in the
order of their time, since utility asks which of two versions was used last.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from memento.journal import Journal
from memento.types import Sha

_SHARED = "create table if not exists shared(episode text primary key, at real not null)"
"""Made on first use: when an outcome was seen whose episode is in another clone's journal."""
_OURS = """
select o.episode, o.skill, o.skill_tree, o.success, coalesce(e.started, s.at, 0) from outcomes o
left join episodes e on e.id = o.episode left join shared s on s.episode = o.episode order by 5, 1
"""
_EPISODE = re.compile(r"[\w.:-]{1,200}")
_SKILL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TREE = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})?")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Outcome:
    """One line; `at` is Unix time, `skill_tree` the version that was used."""

    episode: str
    skill: str
    skill_tree: Sha
    success: bool
    at: float


def outcomes(journal: Journal) -> tuple[Outcome, ...]:
    """All that the journal knows, its own and those of other clones, oldest first."""
    with journal.database.transaction() as db:
        db.execute(_SHARED)
        rows = db.execute(_OURS).fetchall()
    return tuple(
        Outcome(episode=e, skill=s, skill_tree=Sha(t), success=bool(won), at=at) for e, s, t, won, at in rows
    )


def adopt(journal: Journal, found: Iterable[Outcome]) -> int:
    """Keep the outcomes that the journal does not know; how many those were."""
    with journal.database.transaction() as db:
        db.execute(_SHARED)
        known = {episode for (episode,) in db.execute("select episode from outcomes")}
        new = {o.episode: o for o in found if o.episode not in known}
        if not new:
            return 0
        db.executemany("insert or ignore into shared values (?,?)", [(o.episode, o.at) for o in new.values()])
        rows = db.execute(_OURS).fetchall()
        rows += [(o.episode, o.skill, o.skill_tree, o.success, o.at) for o in new.values()]
        rows.sort(key=lambda row: (row[4], row[0]))
        db.execute("delete from outcomes")
        db.executemany("insert into outcomes values (?,?,?,?)", [row[:4] for row in rows])
    return len(new)


def line(outcome: Outcome) -> str:
    """One outcome as its line."""
    return json.dumps(asdict(outcome), sort_keys=True)


def read_line(text: str) -> Outcome | None:
    """The outcome in a line that somebody else wrote; None when it is none."""
    try:
        raw = json.loads(text)
        found = Outcome(
            episode=raw["episode"],
            skill=raw["skill"],
            skill_tree=raw["skill_tree"],
            success=raw["success"],
            at=float(raw["at"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    named = (_EPISODE, found.episode), (_SKILL, found.skill), (_TREE, found.skill_tree)
    fits = all(isinstance(text, str) and pattern.fullmatch(text) for pattern, text in named)
    return found if fits and isinstance(found.success, bool) and math.isfinite(found.at) else None
