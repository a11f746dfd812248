"""Repair: from a lesson to a landing.

    parent      the skill that is to blame, by its text or, when it was overlooked, by its description;
                or the charter of one that is missing
    exam        authored first, frozen
    rewrite     one, or the best of several by the gate's own measure
    gate        the very commit that lands

Invariants kept here:
    - the exam exists before the first rewrite, and the rewriter never sees it;
    - a change that was refused is not tried again: neither its idea nor the change itself;
    - a lesson is drawn once: when the journal knows a change of its episode, nothing is proposed again;
    - of several rewrites, those that are not chosen leave no ref, and only those that the gate refused
      are remembered as refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from memento.changes import Exam, GateReport, Landing, Lesson, Pass, Rewrite
from memento.contest import Candidate, Once, change_key, fate, ranked, refusals
from memento.journal import Journal
from memento.library import Library, land
from memento.protocols import Charterer, ExamAuthor, Gate, Parent, Policy, Rewriter, Snapshot
from memento.types import Exercise, Fault, Folder

Told = Exam | Rewrite | Landing | Pass

T = TypeVar("T", bound=Told)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """delta and n_min decide when a skill is hopeless enough for a different approach."""

    rounds: int = 3
    """Retries of one task after its first attempt."""
    delta: float = 0.2
    n_min: int = 3
    learn: bool = True
    create_on_miss: bool = True
    candidates: int = 1
    """Rewrites per lesson, of which the gate chooses."""
    most_hunks: int = 4
    """Separate places that an optimising rewrite may change."""


@dataclass(frozen=True, kw_only=True)
class Repair:
    """The write stage behind one seam."""

    library: Library
    journal: Journal
    charterer: Charterer
    exam_author: ExamAuthor
    rewriter: Rewriter
    gate: Gate
    policy: Policy
    model: str
    settings: Settings
    tell: Callable[[Told], None]

    def __call__(self, lesson: Lesson, exercise: Exercise) -> Landing | None:
        """What became of the change; None when there is none: a stage had nothing to offer."""
        if self.journal.ideas.knows_lesson(lesson.episode):
            return None
        library = self.library.at()
        parent = self._parent(lesson, library)
        if parent is None:
            return self._pass("charter")
        name = parent.contract.name
        reason = self.policy.against_proposing(name, library)
        if reason is not None:
            return self._pass("policy", reason)
        lesson = replace(
            lesson, rejected=self.journal.ideas.rejected(name), objections=self.journal.ideas.objections(name)
        )
        exam = self.exam_author(lesson, parent)
        if exam is None:
            return self._pass("exam")
        self._told(exam)
        rewrites = self._rewrites(lesson, parent)
        if not rewrites:
            return self._pass("rewrite")
        return self._told(self._landed(lesson, exercise, exam, rewrites, parent.folder, library))

    def _parent(self, lesson: Lesson, library: Snapshot) -> Parent | None:
        name = lesson.blame.skill
        if name is not None:
            skill = library.skill(name)
            if skill is None:
                return None
            return Parent(contract=skill, folder=library.folder(name), test=library.test(name))
        if lesson.blame.fault is Fault.ROUTING and self.settings.create_on_miss:
            charter = self.charterer(lesson, library)
            return Parent(contract=charter) if charter else None
        return None

    def _rewrites(self, lesson: Lesson, parent: Parent) -> list[Rewrite]:
        """Up to `candidates` rewrites, each told of the ideas before it, none of them refused before."""
        found: list[Rewrite] = []
        discover = self._hopeless(parent)
        for _ in range(self.settings.candidates):
            ideas = (*lesson.rejected, *(rewrite.idea for rewrite in found))
            rewrite = self.rewriter(replace(lesson, rejected=ideas), parent, discover=discover)
            if rewrite is None:
                continue
            self._told(rewrite)
            key = change_key(rewrite, parent.folder)
            known = {change_key(other, parent.folder) for other in found}
            if key not in known and not self.journal.cache.recall([key]):
                found.append(rewrite)
        return found

    def _hopeless(self, parent: Parent) -> bool:
        """U < delta after at least n_min outcomes: mending has not helped, discover another approach."""
        utility = self.journal.utility(parent.contract.name, parent.contract.tree)
        return utility.n >= self.settings.n_min and utility.value < self.settings.delta

    def _landed(
        self,
        lesson: Lesson,
        exercise: Exercise,
        exam: Exam,
        rewrites: Sequence[Rewrite],
        before: Folder,
        base: Snapshot,
    ) -> Landing:
        """The best candidate landed, discarded or left open by the gate; the others gone."""
        trailers = self._why(lesson)
        gate = Once(gate=partial(_gated, self.gate, exam, exercise))
        best, *others = ranked(self._candidate(r, exam, lesson, base, gate) for r in rewrites)

        for other in others:
            self.library.discard(other.proposal)
        refused = [fate(other) for other in others if other.is_refused]
        self.journal.ideas.choose(best.proposal.id, refused, refusals((best, *others), before))
        return land(
            self.library,
            best.proposal,
            gate=gate,
            trailers=lambda report: {**trailers, **evidence_of(report)},
            may_land=lambda report, tip: self.policy.against_landing(best.proposal, report, tip) is None,
            remember=partial(self.journal.ideas.record, episode=lesson.episode),
        )

    def _candidate(
        self, rewrite: Rewrite, exam: Exam, lesson: Lesson, base: Snapshot, gate: Once
    ) -> Candidate:
        assert base.commit is not None, "a snapshot of main is a commit"
        proposal = self.library.propose(
            rewrite,
            exam,
            base=base.commit,
            trailers=self._why(lesson),
            tainted=lesson.trajectory.tainted,
        )
        report = gate(base, self.library.snapshot(proposal.commit))
        return Candidate(rewrite=rewrite, proposal=proposal, report=report)

    def _why(self, lesson: Lesson) -> Mapping[str, str]:
        """The trailers that answer, years later and without a server, why this change was proposed."""
        return {
            "Memento-Task": lesson.task.id,
            "Memento-Episode": lesson.episode,
            "Memento-Blame": f"{lesson.blame.fault}: {lesson.blame.explanation}",
            "Memento-Model": self.model,
            "Memento-Cost": cost_of(lesson),
        }

    def _pass(self, stage: str, reason: str = "") -> Landing | None:
        self.tell(Pass(stage=stage, reason=reason))
        return None

    def _told(self, event: T) -> T:
        self.tell(event)
        return event


def _gated(gate: Gate, exam: Exam, exercise: Exercise, base: Snapshot, head: Snapshot) -> GateReport:
    return gate(skill=exam.skill, base=base, head=head, exam=exam, exercise=exercise)


def evidence_of(report: GateReport) -> Mapping[str, str]:
    """The trailers of a landing: what the gate said, how well it is supported, which tests are new."""
    return {
        "Memento-Gate": f"{report.outcome.upper()} {report.evidence}",
        "Memento-Tests": f"{len(report.tests)} green, new: {', '.join(report.new_tests) or 'none'}",
    }


def cost_of(lesson: Lesson) -> str:
    """What the failed attempt cost, for the trailer; an unknown price is said to be unknown."""
    usage = lesson.trajectory.usage
    price = "price unknown" if usage.usd is None else f"${usage.usd:.4f}"
    return f"{usage.calls} calls, {usage.input_tokens + usage.output_tokens} tokens, {price}"
