"""A change on its way into the library: lesson, exam, rewrite, proposal, the gate's report, landing.

Frozen values like those of `memento.types`, in the order in which the write stages hand them on.
No gold answer is in any of them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from memento.types import BYTES_AS_BASE64, Blame, ChangeKind, Folder, Sha, Task, Trajectory, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What a failure teaches, and all that the write stages may know of it: no gold answer in here."""

    episode: str
    task: Task
    trajectory: Trajectory
    verdict: Verdict
    blame: Blame
    tips: str
    rejected: tuple[str, ...] = ()
    """Ideas for this skill that were tried and refused, newest last."""
    objections: tuple[str, ...] = ()
    """What people said against refused ideas for this skill, newest last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exam:
    """Tests authored for one proposal, frozen before the rewrite exists."""

    __pydantic_config__: ClassVar[dict[str, Any]] = BYTES_AS_BASE64

    skill: str
    test_file: bytes
    """The whole `skill_tests/test_<skill>.py` with the new tests in it."""
    new_tests: tuple[str, ...]
    """Function names of the tests this exam adds."""
    digest: str
    """SHA-256 of `test_file`; custody compares it with what the proposal carries."""
    parked: tuple[str, ...] = ()
    """Tests that a rollback makes red and keeps. Only a rollback has any, and it adds no new tests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewrite:
    """A proposed state of one skill's whole folder, as a value; nothing has been written."""

    skill: str
    kind: ChangeKind
    folder: Folder
    idea: str
    """One sentence: what changes and why. It is what is remembered when the gate refuses it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """A stage that led no further, with the reason where there is one to tell."""

    stage: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A rewrite and its exam as a commit on a branch `memento/<skill>/<id>`."""

    id: str
    skill: str
    kind: ChangeKind
    branch: str
    base: Sha
    """The commit of main that it was written on."""
    commit: Sha
    idea: str
    exam: Exam | None = None
    tainted: bool = False


class GateOutcome(StrEnum):
    """INDECISIVE is for a human; it never lands by itself."""

    PASS = "pass"
    FAIL = "fail"
    INDECISIVE = "indecisive"


class Evidence(StrEnum):
    """How well a landing is supported; written into its trailer."""

    LINT = "E0"
    UNIT = "E1"
    RED_TO_GREEN = "E2"
    ROUTING = "E3"
    HARMLESS = "E4"
    GAIN = "E5"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateStep:
    """One step of the gate, with the reason in words a reviewer understands."""

    name: str
    outcome: GateOutcome
    detail: str
    seconds: float = 0.0
    cached: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TestResult:
    """One test on one state of the library, as seen from outside the sandbox."""

    __test__ = False  # pytest would collect a class of this name

    id: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteChange:
    """Which skill a request reached before a change and reaches after it; None is no skill."""

    query: str
    owner: str
    """The skill whose test file names the request."""
    wanted: bool
    """Whether it is to reach its owner (QUERIES) or not (NEAR_MISSES)."""
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GateReport:
    """The gate's answer about one skill at one commit."""

    skill: str
    outcome: GateOutcome
    evidence: Evidence
    steps: tuple[GateStep, ...]
    tests: tuple[TestResult, ...] = ()
    new_tests: tuple[str, ...] = ()
    """Tests that were red on the parent and are green now."""
    flaky: tuple[str, ...] = ()
    """Tests whose result differed between two runs of the same content; they decide nothing."""
    needs_model: tuple[str, ...] = ()
    """Tests that only a model could take; they were not run."""
    routes: tuple[RouteChange, ...] = ()
    """The requests whose route changed, and those of this skill."""
    seconds: float = 0.0

    @property
    def reason(self) -> str:
        """The detail of the step that decided."""
        for step in self.steps:
            if step.outcome is not GateOutcome.PASS:
                return f"{step.name}: {step.detail}"
        return "all steps passed"


class Disposition(StrEnum):
    """What became of a proposal."""

    LANDED = "landed"
    DISCARDED = "discarded"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """What became of a proposal, with the gate's report; `commit` is main's new tip when it landed."""

    proposal: Proposal
    disposition: Disposition
    report: GateReport
    commit: Sha | None = None
    note: str = ""
    """What happened to the user's checkout, in a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """An open proposal that was put before people elsewhere: its address there, or why that did not work."""

    proposal: Proposal
    url: str
    trouble: str = ""
