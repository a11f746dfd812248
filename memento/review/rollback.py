"""Rollback: a skill's earlier text, by a forward commit through the gate.

text     what stood before the last landing of the skill, or at a named commit
tests    stay. Those that only the newer text can pass are parked: kept in the file, named in the
         report, not deciding until a later change turns them green. Those of a retired skill come back
idea     of each landing that is taken back counts as rejected, and is not tried again
"""

import hashlib
from dataclasses import dataclass
from functools import partial

from memento.changes import Disposition, Exam, GateOutcome, Landing
from memento.gate.harness import Harness
from memento.gate.job import RUN
from memento.journal import Journal
from memento.library import Library, land
from memento.library.history import before_last
from memento.protocols import Gate
from memento.review.consent import Trailers
from memento.review.undoing import undo, undoes
from memento.skill.testfile import base_name, expected_tests, parked_tests, with_parked
from memento.types import Folder


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Takes a skill back. `by` is who asked for it, for the trailers."""

    library: Library
    journal: Journal
    harness: Harness
    gate: Gate
    evidence: Trailers
    by: str
    episode: str = ""
    """The attempt that showed the need, where one did."""

    def __call__(self, skill: str, rev: str | None = None) -> Landing:
        """Raises LibraryError when there is no earlier version."""
        rewrite = self.library.rollback(skill, rev)
        undone = self.library.log(skill, 1000, after=rev) if rev else self.library.log(skill, 1)
        base = self.library.at()
        test = base.test(skill)
        if test is not None:
            exam = self._exam(skill, base.folder(skill), rewrite.folder, test)
        else:
            exam = self._restored(skill, rev)
        trailers = {"Memento-Blame": f"rolled back by {self.by}", **undoes(undone)}
        if self.episode:
            trailers["Memento-Episode"] = self.episode
        assert base.commit is not None, "a snapshot of main is a commit"
        proposal = self.library.propose(rewrite, exam, base=base.commit, trailers=trailers, tainted=False)
        landing = land(
            self.library,
            proposal,
            gate=lambda old, new: self.gate(skill=skill, base=old, head=new, exam=exam),
            trailers=lambda report: {**trailers, **self.evidence(report)},
            may_land=lambda report, _: report.outcome is not GateOutcome.FAIL,
            remember=partial(self.journal.ideas.record, episode=self.episode or f"rollback by {self.by}"),
        )
        if landing.disposition is Disposition.LANDED:
            undo(self.journal, trailers, self.by)
        return landing

    def _restored(self, skill: str, rev: str | None) -> Exam | None:
        """The tests that went when the skill was retired, as they were with the text that comes back."""
        library = self.library
        to = rev or before_last(library.git, skill, library.tip())
        test = library.at(to).test(skill)
        if test is None:
            return None
        parked = parked_tests(test)
        return Exam(
            skill=skill,
            test_file=test,
            new_tests=tuple(name for name in expected_tests(test) if name not in parked),
            digest=hashlib.sha256(test).hexdigest(),
            parked=tuple(sorted(parked)),
        )

    def _exam(self, skill: str, now: Folder, before: Folder, test: bytes) -> Exam | None:
        """The test file with the tests parked that are green now and red on the earlier text."""
        red = self._red(skill, before, test) - self._red(skill, now, test)
        if not red:
            return None
        data = with_parked(test, parked_tests(test) | red)
        return Exam(
            skill=skill,
            test_file=data,
            new_tests=(),
            digest=hashlib.sha256(data).hexdigest(),
            parked=tuple(sorted(red)),
        )

    def _red(self, skill: str, folder: Folder, test: bytes) -> frozenset[str]:
        results = self.harness.run(skill, folder, test)
        return frozenset(base_name(r.id) for r in results if not r.passed and r.id != RUN)
