"""One skill's change as the gate's steps see it, and how a step answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from memento.changes import Evidence, Exam, GateOutcome
from memento.gate.view import View
from memento.types import Exercise, Folder, Skill, test_path

# Parsers are loaded when something is to be parsed: a gate that knows everything need not wait for them.
if TYPE_CHECKING:
    from memento.gate.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Change:
    """Everything that may decide: what stood before, what is proposed, and what was agreed upon."""

    skill: str
    base: View
    head: View
    exam: Exam | None
    exercise: Exercise | None

    @property
    def authored(self) -> bool:
        """The agent's proposal, which comes with an exam; a person's edit does not."""
        return self.exam is not None

    @cached_property
    def before(self) -> Folder:
        return self.base.snapshot.folder(self.skill)

    @cached_property
    def after(self) -> Folder:
        return self.head.snapshot.folder(self.skill)

    @cached_property
    def parent(self) -> Skill | None:
        return _skill(self.before, self.skill)

    @cached_property
    def candidate(self) -> Skill | None:
        return _skill(self.after, self.skill)

    @cached_property
    def old_test(self) -> bytes | None:
        return self.base.snapshot.test(self.skill)

    @cached_property
    def test(self) -> bytes | None:
        return self.head.snapshot.test(self.skill)

    @cached_property
    def new_tests(self) -> tuple[str, ...]:
        """Tests that the head has and the base has not. Raises SyntaxError for a broken test file."""
        from memento.skill.testfile import expected_tests

        old = set(expected_tests(self.old_test)) if self.old_test else set()
        return tuple(name for name in self.plan.deciding if name not in old)

    @cached_property
    def plan(self) -> "Plan":
        """What the head's test file will do. Raises SyntaxError for a broken test file."""
        from memento.gate.plan import plan

        return plan(self.test or b"")

    @cached_property
    def parked(self) -> frozenset[str]:
        """Tests of the head that do not decide. Raises SyntaxError for a broken test file."""
        from memento.skill.testfile import parked_tests

        return parked_tests(self.test or b"")

    @cached_property
    def beside_before(self) -> Mapping[str, Folder]:
        """Other skills that this one's files named."""
        return self._beside(self.base)

    @cached_property
    def beside_after(self) -> Mapping[str, Folder]:
        """Other skills that this one's files name."""
        return self.beside_before if self.standing else self._beside(self.head)

    def _beside(self, view: View) -> Mapping[str, Folder]:
        facts = view.facts([self.skill]).get(self.skill)
        return view.folders(facts.beside) if facts else {}

    @property
    def standing(self) -> bool:
        """Nothing is proposed: the skill is gated as it stands."""
        return self.base is self.head

    @property
    def changes_skill(self) -> bool:
        return dict(self.before) != dict(self.after)

    @property
    def only_prose(self) -> bool:
        """Of a skill that was there, only Markdown differs."""
        names = {*self.before, *self.after}
        changed = [name for name in names if self.before.get(name) != self.after.get(name)]
        return bool(self.before) and all(name.endswith(".md") for name in changed)

    @property
    def own_paths(self) -> tuple[str, str]:
        """The folder and the file that a change of this skill may touch."""
        return f"skills/{self.skill}/", test_path(self.skill)


def _skill(folder: Folder, name: str) -> Skill | None:
    """Read from the folder alone: a snapshot may have to read all of its skills to answer for one."""
    from memento.skill import parse

    document = folder.get("SKILL.md")
    return parse(document.data, folder=name).skill if document else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a step found, in words that a reviewer understands."""

    outcome: GateOutcome
    detail: str
    supports: Evidence | None = None
    """The evidence level that a PASS of this step speaks for, beyond the unit tests."""


def passed(detail: str, *, supports: Evidence | None = None) -> Answer:
    return Answer(outcome=GateOutcome.PASS, detail=detail, supports=supports)


def failed(detail: str) -> Answer:
    return Answer(outcome=GateOutcome.FAIL, detail=detail)


def indecisive(detail: str) -> Answer:
    return Answer(outcome=GateOutcome.INDECISIVE, detail=detail)


def listed(names: tuple[str, ...] | list[str], most: int = 5) -> str:
    """The first few of many names, for one line of a report."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
