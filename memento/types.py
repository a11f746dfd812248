"""The values that stages hand to each other: frozen, keyword-only, never half made.

A task and its gold answer are two values on purpose. `Task` is what models may read;
`Gold` is taken by the judge and by the contamination check and by nobody else, so no
prompt of a rewriter, exam author or tip writer can contain it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NewType

Sha = NewType("Sha", str)
"""A full git object name (40 hex digits, 64 in a SHA-256 repository)."""

_BYTES_AS_BASE64: dict[str, Any] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}
"""pydantic's default writes bytes as UTF-8, which files need not be."""

FileName = str
"""A POSIX path, relative to the folder it is a file of."""


# ---------------------------------------------------------------- the library


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file's bytes and whether git marks it executable."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _BYTES_AS_BASE64

    data: bytes
    executable: bool = False


Folder = Mapping[FileName, File]
"""A skill's folder: SKILL.md and whatever lies beside it, by relative POSIX path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skill:
    """One version of one skill, as its SKILL.md states it (Agent Skills specification)."""

    name: str
    description: str
    body: str
    version: str = "0.0.0"
    license: str | None = None
    compatibility: str | None = None
    allowed_tools: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    tree: Sha | None = None
    """The git tree of the skill's folder; it names this version in the journal."""


class ChangeKind(StrEnum):
    """Why a change is proposed; the landing bumps the version accordingly."""

    CREATE = "create"
    OPTIMISE = "optimise"
    DISCOVER = "discover"
    ROLLBACK = "rollback"
    EDIT = "edit"
    RETIRE = "retire"
    """The skill goes: its folder is empty in the rewrite, and its test file goes with it."""


# ---------------------------------------------------------------- a task and its trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What the agent is asked; it never holds the answer."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _BYTES_AS_BASE64

    id: str
    text: str
    files: Mapping[FileName, bytes] = field(default_factory=dict)
    """Files laid into the workspace before the first step."""


class Scorer(StrEnum):
    """How a gold answer is compared."""

    EXACT = "exact"
    NUMERIC = "numeric"
    REGEX = "regex"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gold:
    """The answer of a task, for the judge only."""

    answer: str
    scorer: Scorer = Scorer.EXACT
    tolerance: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Exercise:
    """A task with its gold answer beside it, where there is one."""

    task: Task
    gold: Gold | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The router's decision. `skill` is None when nothing fits."""

    skill: str | None
    confidence: float
    """In [0, 1]; the score that was held against the router's threshold."""
    ranked: tuple[tuple[str, float], ...] = ()
    """(skill, score), best first."""
    degraded: str | None = None
    """Why this route is worse than it should be (an embedder is down), or None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What model calls cost. `usd` is None when a price is unknown: unknown is not free."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        known = self.usd is not None and other.usd is not None
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            usd=(self.usd or 0.0) + (other.usd or 0.0) if known else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One tool call of the agent and what came back."""

    index: int
    thought: str
    tool: str
    arguments: str
    """The call's arguments as compact JSON, as the model wrote them when they did not parse."""
    output: str
    exit_code: int | None = None
    seconds: float = 0.0
    tainted: bool = False
    """The output came from outside the task: the web, an untrusted file."""


class Stop(StrEnum):
    """Why the agent stopped."""

    ANSWERED = "answered"
    BUDGET = "budget"
    STUCK = "stuck"
    MODEL_ERROR = "model-error"
    SANDBOX_ERROR = "sandbox-error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trajectory:
    """Everything the agent did with one task, in order."""

    steps: tuple[Step, ...]
    answer: str | None
    stop: Stop
    usage: Usage = Usage()
    detail: str = ""
    """The accident in words when `stop` is one."""

    @property
    def tainted(self) -> bool:
        return any(step.tainted for step in self.steps)


# ---------------------------------------------------------------- judgement


class Result(StrEnum):
    """Three-valued on purpose: what could not be judged is not a failure."""

    PASSED = "passed"
    FAILED = "failed"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The judge's word. `rationale` is redacted: it never contains the gold answer."""

    result: Result
    rationale: str
    by: str
    """"checker" or "rubric"."""
    score: float | None = None


class Fault(StrEnum):
    """Where a failure comes from. The first three lie in the skill and teach; the others do not."""

    TOOL = "tool"
    PLANNING = "planning"
    REASONING = "reasoning"
    ROUTING = "routing"
    ENVIRONMENT = "environment"
    MODEL = "model"
    JUDGE = "judge"


SKILL_FAULTS = frozenset({Fault.TOOL, Fault.PLANNING, Fault.REASONING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Blame:
    """Where the fault of a failed episode lies. `skill` None means that no skill is to blame."""

    fault: Fault | None
    """None: the attributor abstained."""
    skill: str | None
    explanation: str
    first_wrong_step: int | None = None
    quotes: tuple[str, ...] = ()
    confidence: float = 0.0

    @property
    def teaches(self) -> bool:
        """Only a controllable fault changes the library."""
        return self.fault in SKILL_FAULTS or self.fault is Fault.ROUTING


@dataclass(frozen=True, kw_only=True, slots=True)
class Episode:
    """One attempt at a task, from route to verdict. What the journal keeps."""

    id: str
    task: Task
    attempt: int
    """0 is the first attempt; reports count it apart from retries."""
    library: Sha
    """The commit that was routed and read."""
    model: str
    route: Route
    skill_tree: Sha | None
    trajectory: Trajectory
    verdict: Verdict
    blame: Blame | None = None
    started: float = 0.0
    """Unix time."""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Utility:
    """U(c) = successes / (successes + failures) of one skill version, prior 0.5 when nothing is known."""

    successes: float = 0.0
    failures: float = 0.0

    @property
    def n(self) -> float:
        return self.successes + self.failures

    @property
    def value(self) -> float:
        return self.successes / self.n if self.n else 0.5


# ---------------------------------------------------------------- a change on its way into the library


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Exam:
    """Tests authored for one proposal, frozen before the rewrite exists."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _BYTES_AS_BASE64

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
    """A write stage that had nothing to offer: a lesson need not lead to a proposal."""

    stage: str


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
