"""The stages of the loop, and what people leave to it."""

from dataclasses import dataclass, field
from typing import Protocol

from memento.changes import Exam, GateReport, Landing, Lesson, Proposal, Rewrite
from memento.protocols.snapshots import Snapshot
from memento.types import Blame, Episode, Exercise, Folder, Gold, Route, Sha, Skill, Task, Trajectory, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """x_t = (q_t, T_t): the task and the tip memory, with the library they were read from."""

    task: Task
    tips: str
    library: Snapshot


class Router(Protocol):
    def __call__(self, x: Observation) -> Route: ...


class Executor(Protocol):
    def __call__(self, x: Observation, skill: Skill | None) -> Trajectory: ...


class Judge(Protocol):
    def __call__(self, task: Task, trajectory: Trajectory, gold: Gold | None) -> Verdict: ...


class Attributor(Protocol):
    def __call__(
        self, task: Task, skill: Skill | None, trajectory: Trajectory, verdict: Verdict, library: Snapshot
    ) -> Blame: ...


class TipMemory(Protocol):
    def __call__(self, lesson: Lesson) -> None:
        """Keep what the lesson teaches in general, where every later attempt reads it; once per episode."""


class TipWriter(Protocol):
    def __call__(self, lesson: Lesson) -> str | None:
        """One general tip, or None when the failure teaches nothing general."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parent:
    """The version that a change starts from.

    `contract` is what the skill promises: the parent's SKILL.md or, for a skill that does not
    exist yet, its charter (name, description, and in the body how it will be used). Both the
    exam and the rewrite are written from it, apart from each other.
    """

    contract: Skill
    folder: Folder = field(default_factory=dict)
    """Empty when the skill does not exist yet."""
    test: bytes | None = None

    @property
    def exists(self) -> bool:
        return bool(self.folder)


class Charterer(Protocol):
    def __call__(self, lesson: Lesson, library: Snapshot) -> Skill | None:
        """The charter of a new skill, or None when the task is a one-off or a skill for it exists."""


class ExamAuthor(Protocol):
    def __call__(self, lesson: Lesson, parent: Parent) -> Exam | None:
        """Tests that the failure calls for. It never sees a rewrite; None when it has none to offer."""


class Rewriter(Protocol):
    def __call__(self, lesson: Lesson, parent: Parent, *, discover: bool) -> Rewrite | None:
        """A better folder. It never sees the exam nor the gold answer."""


class Gate(Protocol):
    def __call__(
        self,
        *,
        skill: str,
        base: Snapshot,
        head: Snapshot,
        exam: Exam | None,
        exercise: Exercise | None = None,
    ) -> GateReport:
        """Gate one skill's change from `base` to `head`; `exercise` feeds the contamination check only."""


class Probation(Protocol):
    def __call__(self, skill: str, episode: Episode) -> Landing | None:
        """After a failure that was the skill's own: take its newest version back when it does worse than
        the one before. None when it stays."""


class Policy(Protocol):
    """What the people of a library leave to the agent. Answers are reasons against, None for a yes."""

    def against_proposing(self, skill: str, library: Snapshot) -> str | None:
        """Why the agent may not propose a change of this skill, in a sentence."""

    def against_landing(self, proposal: Proposal, report: GateReport, tip: Sha) -> str | None:
        """Why a proposal must wait for a person instead of landing on that commit of main, in a sentence."""
