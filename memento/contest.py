"""Several rewrites of one lesson, of which the gate chooses: all are gated, one is landed.

Those that are not chosen leave no ref. Of them, only those that the gate refused are remembered as
refused: a change that passed, and was less good than another, may come back.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from memento.changes import Disposition, GateOutcome, GateReport, Landing, Proposal, Rewrite
from memento.protocols import Snapshot
from memento.types import Folder, Sha

Check = Callable[[Snapshot, Snapshot], GateReport]

_ORDER = (GateOutcome.FAIL, GateOutcome.INDECISIVE, GateOutcome.PASS)


@dataclass(frozen=True, kw_only=True)
class Once:
    """A gate that is asked once about the same two commits."""

    gate: Check
    _reports: dict[tuple[Sha | None, Sha | None], GateReport] = field(default_factory=dict)

    def __call__(self, base: Snapshot, head: Snapshot) -> GateReport:
        key = (base.commit, head.commit)
        if key not in self._reports:
            self._reports[key] = self.gate(base, head)
        return self._reports[key]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A rewrite as a proposal, with the gate's word on it."""

    rewrite: Rewrite
    proposal: Proposal
    report: GateReport

    @property
    def is_refused(self) -> bool:
        return self.report.outcome is GateOutcome.FAIL


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best first, by the gate's own measure; of equals the one that was written first."""
    return sorted(candidates, key=measure, reverse=True)


def measure(candidate: Candidate) -> tuple[int, str, int, int]:
    """The gate's outcome, the level of evidence, tests turned green, and then brevity."""
    report = candidate.report
    size = sum(len(file.data) for file in candidate.rewrite.folder.values())
    return _ORDER.index(report.outcome), report.evidence.value, len(report.new_tests), -size


def fate(candidate: Candidate) -> Landing:
    """What became of a candidate that the gate refused and that was not chosen."""
    return Landing(proposal=candidate.proposal, disposition=Disposition.DISCARDED, report=candidate.report)


def refusals(candidates: Iterable[Candidate], before: Folder) -> Mapping[str, str]:
    """By the key of the change: why the gate refused it."""
    return {change_key(c.rewrite, before): c.report.reason for c in candidates if c.is_refused}


def change_key(rewrite: Rewrite, before: Folder) -> str:
    """What names a change by its content: the files that differ from `before`, as they would be."""
    sum_ = hashlib.sha256()
    for path in sorted({*before, *rewrite.folder}):
        file = rewrite.folder.get(path)
        if file != before.get(path):
            what = "gone" if file is None else f"{file.executable} {hashlib.sha256(file.data).hexdigest()}"
            sum_.update(f"{path}\0{what}\0".encode())
    return f"refused change of {rewrite.skill}: {sum_.hexdigest()}"
