"""One skill's change as the gate's steps see it, and how a step answers."""

from dataclasses import dataclass
from functools import cached_property

from memento.protocols import Snapshot
from memento.skill.testfile import expected_tests, parked_tests, test_file_name
from memento.types import Exam, Exercise, Folder, GateOutcome, Skill


@dataclass(frozen=True, kw_only=True)
class Change:
    """Everything that may decide: what stood before, what is proposed, and what was agreed upon."""

    skill: str
    base: Snapshot
    head: Snapshot
    exam: Exam | None
    exercise: Exercise | None

    @property
    def authored(self) -> bool:
        """The agent's proposal, which comes with an exam; a person's edit does not."""
        return self.exam is not None

    @cached_property
    def before(self) -> Folder:
        return self.base.folder(self.skill)

    @cached_property
    def after(self) -> Folder:
        return self.head.folder(self.skill)

    @cached_property
    def parent(self) -> Skill | None:
        return self.base.skill(self.skill)

    @cached_property
    def candidate(self) -> Skill | None:
        return self.head.skill(self.skill)

    @cached_property
    def old_test(self) -> bytes | None:
        return self.base.test(self.skill)

    @cached_property
    def test(self) -> bytes | None:
        return self.head.test(self.skill)

    @cached_property
    def new_tests(self) -> tuple[str, ...]:
        """Tests that the head has and the base has not. Raises SyntaxError for a broken test file."""
        old = set(expected_tests(self.old_test)) if self.old_test else set()
        return tuple(name for name in expected_tests(self.test or b"") if name not in old)

    @cached_property
    def parked(self) -> frozenset[str]:
        """Tests of the head that do not decide. Raises SyntaxError for a broken test file."""
        return parked_tests(self.test or b"")

    @property
    def changes_skill(self) -> bool:
        return dict(self.before) != dict(self.after)

    @property
    def own_paths(self) -> tuple[str, str]:
        """The folder and the file that a change of this skill may touch."""
        return f"skills/{self.skill}/", f"skill_tests/{test_file_name(self.skill)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a step found, in words that a reviewer understands."""

    outcome: GateOutcome
    detail: str


def passed(detail: str) -> Answer:
    return Answer(outcome=GateOutcome.PASS, detail=detail)


def failed(detail: str) -> Answer:
    return Answer(outcome=GateOutcome.FAIL, detail=detail)


def indecisive(detail: str) -> Answer:
    return Answer(outcome=GateOutcome.INDECISIVE, detail=detail)


def listed(names: tuple[str, ...] | list[str], most: int = 5) -> str:
    """The first few of many names, for one line of a report."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
