"""Gating many skills: what did not change is answered from what was found out before.

    unchanged, known      the report that was kept, marked as cached; one gate run in twenty checks
                          all that it would have believed
    unchanged, unknown    run together: one sandbox, a process group per test file
    changed               each alone

A report is kept under everything it depends on: the skill, its test file, the skills its files name,
where its requests go, the harness, the environment. Only PASS is kept.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from memento.changes import GateOutcome, GateReport
from memento.gate.change import Change
from memento.gate.gate import TestGate
from memento.gate.harness import RECHECK
from memento.gate.keys import digest, environment
from memento.gate.routes import ALL, Board, board
from memento.gate.selection import changed, library_report
from memento.gate.view import View
from memento.protocols import Snapshot

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class LibraryGate:
    """Gates skills of one library, as they stand or between two snapshots."""

    gate: TestGate
    _views: dict[int, View] = field(default_factory=dict, repr=False, compare=False)
    """By identity of the snapshot, which the view keeps alive."""

    def there(self, head: Snapshot) -> tuple[str, ...]:
        """Every folder below skills/."""
        return self._view(head).names

    def chosen(self, base: Snapshot, head: Snapshot, *, everything: bool) -> tuple[str, ...]:
        """What changed, or all: everything, or nothing to compare with."""
        if everything or base is head:
            return self.there(head)
        return changed(self._view(base), self._view(head))

    def _view(self, snapshot: Snapshot) -> View:
        if id(snapshot) not in self._views:
            self._views[id(snapshot)] = View(snapshot=snapshot, journal=self.gate.harness.journal)
        return self._views[id(snapshot)]

    def __call__(
        self, base: Snapshot, head: Snapshot, names: Sequence[str], *, told: Told = lambda _: None
    ) -> tuple[GateReport, ...]:
        """One report per name, and one before them when something belongs to no skill.

        Raises SandboxError when the gate's time is over before all are judged.
        """
        return replace(self, gate=self.gate.begun())._judge(base, head, names, told)

    def _judge(
        self, base: Snapshot, head: Snapshot, names: Sequence[str], told: Told
    ) -> tuple[GateReport, ...]:
        before, after = self._view(base), self._view(head)
        strange = library_report(before, after)
        standing = [n for n in names if before is after or before.content(n) == after.content(n)]
        reports = self._standing(after, standing, told)
        for name in names:
            if name not in reports:
                change = Change(skill=name, base=before, head=after, exam=None, exercise=None)
                reports[name] = self.gate.judge(change, alone=False)
                told(name)
        return (*([strange] if strange else []), *(reports[name] for name in names))

    def _board(self, before: View, after: View, name: str) -> Board:
        return board(self.gate.routes, before, after, name)

    def _standing(self, view: View, names: Sequence[str], told: Told) -> dict[str, GateReport]:
        """Skills as they stand: kept reports, and the others run together."""
        if not names:
            return {}
        boards = self._boards(view, names)
        keys = {name: self._key(view, name, boards[name]) for name in names}
        known = self._kept(keys)
        for name in known:
            told(name)
        changes = {
            name: Change(skill=name, base=view, head=view, exam=None, exercise=None)
            for name in names
            if name not in known
        }
        self._run_ahead(changes, boards)
        fresh = {}
        for name, change in changes.items():
            fresh[name] = self.gate.judge(change, boards[name])
            told(name)
        self._keep({keys[name]: report for name, report in fresh.items()})
        return {**known, **fresh}

    def _boards(self, view: View, names: Sequence[str]) -> Mapping[str, Board]:
        if len(view.names) <= ALL:
            shared = self._board(view, view, names[0])
            return dict.fromkeys(names, shared)
        return {name: self._board(view, view, name) for name in names}

    def _run_ahead(self, changes: Mapping[str, Change], boards: Mapping[str, Board]) -> None:
        """Batch what will be asked for; what cannot even be planned is refused in its turn."""
        if not changes:
            return
        from memento.gate.steps import planned

        green, red = [], []
        for name, change in changes.items():
            if not _is_plannable(change):
                continue
            jobs = planned(change, boards[name])
            green += [jobs.candidate, *jobs.again]
            red.append(jobs.emptied)
        if len(green) > 2:  # a single skill is as quick alone, and more apart
            self.gate.harness.run_ahead(green, red)

    def _key(self, view: View, name: str, requests: Board) -> str:
        facts = requests.facts.get(name)
        beside = [f"{other} {view.content(other)}" for other in facts.beside] if facts else []
        asked = (*facts.queries, *facts.near_misses, *facts.routed) if facts else ()
        routes = [f"{request} {requests.after.get(request)}" for request in asked]
        parts = ["report", environment(self.gate.harness.sandbox.name), name, view.content(name)]
        return digest("\n".join([*parts, *beside, *routes]).encode("utf-8", "surrogateescape"))

    def _kept(self, keys: Mapping[str, str]) -> dict[str, GateReport]:
        harness = self.gate.harness
        if not harness.use_cache or harness.chance() < RECHECK:
            return {}
        found = harness.journal.cache.recall(keys.values())
        if not found:
            return {}
        kept = _adapter().validate_json("[" + ",".join(found.values()) + "]")
        by_key = dict(zip(found, kept, strict=True))
        return {name: _cached(by_key[key]) for name, key in keys.items() if key in by_key}

    def _keep(self, reports: Mapping[str, GateReport]) -> None:
        passed = {key: r for key, r in reports.items() if r.outcome is GateOutcome.PASS}
        failed = [key for key in reports if key not in passed]
        if passed:
            texts = json.loads(_adapter().dump_json(list(passed.values())))
            kept = {key: json.dumps(text) for key, text in zip(passed, texts, strict=True)}
            self.gate.harness.journal.cache.remember(kept)
        if failed:
            self.gate.harness.journal.cache.forget(failed)


def _is_plannable(change: Change) -> bool:
    if change.test is None or "SKILL.md" not in change.after:
        return False
    try:
        change.plan  # noqa: B018 (reading it parses)
    except SyntaxError:
        return False
    return True


def _cached(report: GateReport) -> GateReport:
    steps = tuple(replace(step, cached=True, seconds=0.0) for step in report.steps)
    return replace(report, steps=steps, seconds=0.0)


def _adapter() -> "TypeAdapter[list[GateReport]]":
    # pydantic is imported on first use: a gate of one change must not pay for it.
    from pydantic import TypeAdapter

    return TypeAdapter(list[GateReport])
