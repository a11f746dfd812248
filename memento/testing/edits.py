"""Collections of edits with the verdict each deserves: NAME/{base,candidate,expect.json}.

`base` and `candidate` are libraries as files (skills/, skill_tests/); the format of expect.json is in
tests/gate/README.md. Links are kept as links and never followed.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from memento.changes import Exam, GateOutcome, GateReport
from memento.errors import UsageError
from memento.gate.gate import TestGate
from memento.gate.many import LibraryGate
from memento.gate.selection import changed
from memento.gate.view import View
from memento.library.worktree import WorkTreeSnapshot, blob_sha
from memento.skill.testfile import expected_tests
from memento.types import Exercise, File, Folder, Gold, Skill, Task

GOOD_WORDS = frozenset({"pass", "passes", "accept", "accepted", "good", "land", "lands", "ok", "true"})


@dataclass(frozen=True, kw_only=True)
class EditSnapshot:
    """Files of a case, with those that no file system can hold (`extra`). Implements Snapshot."""

    root: Path
    extra: Mapping[str, bytes] = field(default_factory=dict)
    commit: None = None

    @cached_property
    def _tree(self) -> WorkTreeSnapshot:
        return WorkTreeSnapshot(root=self.root)

    def entries(self) -> Mapping[str, str]:
        found = dict(self._tree.entries())
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and not path.is_symlink() and "__pycache__" not in name:
                found.setdefault(name, f"100644 {blob_sha(path.read_bytes(), 40)}")
        found |= {path: f"100644 {blob_sha(data, 40)}" for path, data in self.extra.items()}
        return found

    def names(self) -> list[str]:
        return list(self._tree.names())

    def skill(self, name: str) -> Skill | None:
        return self._tree.skill(name)

    def folder(self, name: str) -> Folder:
        start = f"skills/{name}/"
        more = {p.removeprefix(start): File(data=d) for p, d in self.extra.items() if p.startswith(start)}
        return {**self._tree.folder(name), **more}

    def test(self, name: str) -> bytes | None:
        return self._tree.test(name)

    def files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        wanted = list(paths)
        return {**self._tree.files(wanted), **{p: d for p, d in self.extra.items() if p in wanted}}

    def tips(self) -> str:
        return self._tree.tips()


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One case of a collection."""

    name: str
    folder: Path
    expected: Mapping[str, Any]

    @property
    def good(self) -> bool:
        """Whether the gate is to let it pass; anything else than a PASS refuses."""
        word = next((self.expected[k] for k in ("outcome", "expect", "verdict") if k in self.expected), None)
        if word is None and "bad" in self.expected:
            return not self.expected["bad"]
        return str(word).lower() in GOOD_WORDS

    @property
    def reason(self) -> str:
        """What the reason must contain, "" when any will do."""
        return str(self.expected.get("reason", ""))

    def judge(self, gate: TestGate) -> tuple[GateReport, ...]:
        """The gate's reports on everything that the candidate changes."""
        base, head = self._snapshots()
        library_gate = LibraryGate(gate=gate)
        if self.expected.get("by") != "agent":
            return library_gate(base, head, library_gate.chosen(base, head, everything=False))
        journal = gate.harness.journal
        names = changed(View(snapshot=base, journal=journal), View(snapshot=head, journal=journal))
        return tuple(
            gate(skill=name, base=base, head=head, exam=self._exam(name, head), exercise=self._exercise())
            for name in names
        )

    def _snapshots(self) -> tuple[EditSnapshot, EditSnapshot]:
        for part in ("base", "candidate"):
            if not (self.folder / part).is_dir():
                raise UsageError(f"{self.folder} has no {part}/; tests/gate/README.md has the layout.")
        extra = {path: str(text).encode() for path, text in self.expected.get("extra", {}).items()}
        return EditSnapshot(root=self.folder / "base"), EditSnapshot(
            root=self.folder / "candidate", extra=extra
        )

    def _exam(self, name: str, head: EditSnapshot) -> Exam:
        frozen = self.folder / "exam.py"
        data = frozen.read_bytes() if frozen.exists() else (head.test(name) or b"")
        tests = expected_tests(data)
        return Exam(skill=name, test_file=data, new_tests=tests, digest=hashlib.sha256(data).hexdigest())

    def _exercise(self) -> Exercise | None:
        if "answer" not in self.expected:
            return None
        task = Task(id=self.name, text=str(self.expected.get("task", "")))
        return Exercise(task=task, gold=Gold(answer=str(self.expected["answer"])))


def edits(collection: Path) -> Iterator[Edit]:
    """The cases of a collection, by name. UsageError when there are none."""
    found = sorted(collection.glob("*/expect.json"))
    if not found:
        raise UsageError(f"{collection} has no NAME/expect.json; tests/gate/README.md has the layout.")
    for path in found:
        yield Edit(name=path.parent.name, folder=path.parent, expected=json.loads(path.read_text("utf-8")))


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What the gate said of one case."""

    edit: Edit
    reports: tuple[GateReport, ...]
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return all(report.outcome is GateOutcome.PASS for report in self.reports)

    @property
    def reasons(self) -> str:
        return "; ".join(r.reason for r in self.reports if r.outcome is not GateOutcome.PASS)

    @property
    def for_another_reason(self) -> bool:
        """Refused, but not for what is wrong with it."""
        return not self.edit.good and not self.passed and self.edit.reason not in self.reasons
