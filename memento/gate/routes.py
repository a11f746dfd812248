"""G4, the route diff: who gets which request, before and after; decided outside, without a model.

    own queries    each that reached the skill still does
    neighbours     none loses one of its own queries
    near misses    none reaches the skill that did not before
    new skill      at least half of its own queries reach it

In a large library only the skills with the most similar words are looked at: a request that shares
no word with the changed skill cannot go to it.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from memento.changes import RouteChange
from memento.gate.change import Answer, failed, passed
from memento.gate.keys import digest, harness_digest
from memento.gate.view import Facts, View
from memento.protocols import Snapshot
from memento.types import Folder, Sha, Skill

Router = Callable[[str, Snapshot], str | None]
"""The skill that a request reaches in a library, or None."""

ALL = 300
"""Up to so many skills, all of them are routed; in a larger library the NEAREST ones."""
NEAREST = 120


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Some skills of a library as a snapshot that names itself by content, so that an index of it is kept."""

    held: Mapping[str, Skill]
    commit: Sha

    def names(self) -> Sequence[str]:
        return list(self.held)

    def skill(self, name: str) -> Skill | None:
        return self.held.get(name)

    def entries(self) -> Mapping[str, str]:
        return {}

    def folder(self, name: str) -> Folder:  # noqa: ARG002
        return {}

    def test(self, name: str) -> bytes | None:  # noqa: ARG002
        return None

    def tips(self) -> str:
        return ""


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Routes requests in a view of the library and remembers the answers by content."""

    router: Router
    _parsed: dict[str, Skill | None] = field(default_factory=dict, repr=False, compare=False)

    def answers(
        self, view: View, names: Collection[str], requests: Collection[str]
    ) -> Mapping[str, str | None]:
        """Where each request goes among `names`."""
        if not requests:
            return {}
        documents = [f"{name} {view.entries.get(f'skills/{name}/SKILL.md')}" for name in names]
        wanted = list(dict.fromkeys(requests))
        about = "\n".join(["routes", harness_digest(), *documents, *wanted])
        key = digest(about.encode("utf-8", "surrogateescape"))
        known = view.journal.cache.recall([key]).get(key)
        if known is not None:
            return dict(zip(wanted, json.loads(known), strict=True))
        library = Catalogue(held=self._skills(view, names), commit=Sha(key))
        found = {request: self.router(request, library) for request in wanted}
        view.journal.cache.remember({key: json.dumps(list(found.values()))})
        return found

    def _skills(self, view: View, names: Collection[str]) -> Mapping[str, Skill]:
        from memento.skill import parse

        entries = {name: view.entries.get(f"skills/{name}/SKILL.md", "") for name in names}
        fresh = {name: entry for name, entry in entries.items() if f"{name} {entry}" not in self._parsed}
        files = view.documents([name for name in fresh if name in view.own])
        for name, entry in fresh.items():
            data = files.get(name)
            self._parsed[f"{name} {entry}"] = parse(data, folder=name).skill if data is not None else None
        found = {name: self._parsed[f"{name} {entry}"] for name, entry in entries.items()}
        return {name: skill for name, skill in found.items() if skill is not None}


def company(base: View, head: View, skill: str) -> tuple[str, ...]:
    """The skills among which requests are routed: all, or those that share most words with `skill`."""
    names = sorted({*base.names, *head.names})
    if len(names) <= ALL:
        return tuple(names)
    texts = {name: _words(data) for name, data in head.documents(head.names).items()}
    before = base.documents([skill]) if skill in base.own else {}
    mine = texts.get(skill, frozenset()).union(*map(_words, before.values()))
    held = Counter(word for words in texts.values() for word in words if word in mine)
    weight = {word: log(len(texts) / count) for word, count in held.items()}
    score = {name: sum(weight[word] for word in words & mine) for name, words in texts.items()}
    nearest = sorted(score, key=lambda name: (-score[name], name))[:NEAREST]
    return tuple(sorted({skill, *nearest}))


def _words(data: bytes) -> frozenset[bytes]:
    """Words of the head of a SKILL.md, roughly: this only chooses who is looked at."""
    head = data[:2000].lower().split(b"\n---", 1)[0]
    return frozenset(head.replace(b",", b" ").replace(b".", b" ").replace(b"-", b" ").split())


@dataclass(frozen=True, kw_only=True)
class Board:
    """Who asks for what, and where it went before and goes now."""

    facts: Mapping[str, Facts]
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]

    def rows(self, skill: str) -> tuple[RouteChange, ...]:
        """The requests of `skill`, and those of others whose route changed."""
        found = []
        for owner, facts in self.facts.items():
            for requests, wanted in ((facts.queries, True), (facts.near_misses, False)):
                for request in requests:
                    before, after = self.before.get(request), self.after.get(request)
                    if owner == skill or before != after:
                        row = RouteChange(
                            query=request, owner=owner, wanted=wanted, before=before, after=after
                        )
                        found.append(row)
        return tuple(found)


def board(routes: Routes | None, base: View, head: View, skill: str) -> Board:
    """The requests of everybody concerned, routed in both libraries; nothing is routed without a router."""
    names = company(base, head, skill)
    facts = head.facts(names)
    old = facts if base is head else base.facts(names)
    # A neighbour that the same change moves out of the way keeps the claims it had.
    claims = {**facts, **{name: f for name, f in old.items() if name != skill and name in facts}}
    if routes is None:
        return Board(facts=claims, before={}, after={})
    asked = [r for f in (*facts.values(), *old.values()) for r in (*f.queries, *f.near_misses, *f.routed)]
    before = routes.answers(base, [name for name in names if name in base.own], asked)
    after = before if base is head else routes.answers(head, [n for n in names if n in head.own], asked)
    return Board(facts=claims, before=before, after=after)


def diff(changes: Sequence[RouteChange], skill: str, *, new: bool, standing: bool) -> Answer:
    """The verdict on the rows of a table; `standing`: nothing changed, so the present state decides."""
    own = [row for row in changes if row.owner == skill and row.wanted]
    misses = [row for row in changes if row.owner == skill and not row.wanted]
    lost = [row for row in own if row.after != skill and (standing or row.before == skill)]
    if new:
        hits = sum(row.after == skill for row in own)
        if own and 2 * hits < len(own):
            return failed(f"only {hits} of {len(own)} of its own queries reach it")
    elif lost:
        row = lost[0]
        return failed(f"{len(lost)} of its own queries miss it: {row.query!r} goes to {row.after or 'none'}")
    caught = [row for row in misses if row.after == skill and (standing or row.before != skill)]
    if caught:
        return failed(f"a near miss reaches it: {caught[0].query!r}")
    stolen = [
        row for row in changes if row.owner != skill and row.before == row.owner and row.after != row.owner
    ]
    if stolen:
        row = stolen[0]
        more = f" and {len(stolen) - 1} more" if len(stolen) > 1 else ""
        return failed(f"{row.owner} loses {row.query!r} to {row.after or 'nobody'}{more}")
    reached = sum(row.after == skill for row in own)
    return passed(f"{reached} of {len(own)} own queries reach it, no near miss does, no neighbour loses one")
