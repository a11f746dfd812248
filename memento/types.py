"""The values that stages hand to each other: frozen, keyword-only, never half made.

A task and its gold answer are two values on purpose. `Task` is what models may read;
`Gold` is taken by the judge and by the contamination check and by nobody else, so no
prompt of a rewriter, exam author or tip writer can contain it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NewType

Sha = NewType("Sha", str)
"""A full git object name (40 hex digits, 64 in a SHA-256 repository)."""

BYTES_AS_BASE64: dict[str, Any] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}
"""pydantic's default writes bytes as UTF-8, which files need not be."""

FileName = str
"""A POSIX path, relative to the folder it is a file of."""


# ---------------------------------------------------------------- the library


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file's bytes and whether git marks it executable."""

    __pydantic_config__: ClassVar[dict[str, Any]] = BYTES_AS_BASE64

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


def test_path(skill: str) -> str:
    """Where a skill's tests are in a library; a hyphen cannot stand in a module's name."""
    return f"skill_tests/test_{skill.replace('-', '_')}.py"


test_path.__test__ = False  # type: ignore[attr-defined]  # pytest would collect a function of this name


# ---------------------------------------------------------------- a task and its trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What the agent is asked; it never holds the answer."""

    __pydantic_config__: ClassVar[dict[str, Any]] = BYTES_AS_BASE64

    id: str
    text: str
    files: Mapping[FileName, bytes] = field(default_factory=dict)
    """Files laid into the workspace before the first step."""
    context: str = ""
    """What was said before it in a chat. The agent reads it; the router goes by `text` alone."""

    @property
    def whole(self) -> str:
        """The task as its judge needs it: what "shorter, please" means, only what was said before tells."""
        return f"{self.text}\n\nSaid before:\n{self.context}" if self.context else self.text


class Scorer(StrEnum):
    """How a gold answer is compared."""

    EXACT = "exact"
    NUMERIC = "numeric"
    REGEX = "regex"
    LIST = "list"
    JSON = "json"
    PROGRAM = "program"
    """The gold answer is a Python program that judges the answer; it runs in the sandbox only."""


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
    near: tuple[str, ...] = ()
    """Skills that fit about as well as the first, it among them; () when the first stands alone."""
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
class Call:
    """One call of the model, as it is recorded."""

    run: str = ""
    """The task, or the turn of a chat, that it belongs to."""
    purpose: str
    model: str
    usage: Usage
    seconds: float
    error: str | None = None
    """The kind of ModelError that ended it."""
    at: float = 0.0
    """When it began, Unix time."""


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
    prompt: str = ""
    """SHA-256 of what the model was shown when it made this call; "" when another call of the same reply
    says it. So it is with the next two."""
    usage: Usage = Usage()
    """What that reply cost."""
    model_seconds: float = 0.0


class Stop(StrEnum):
    """Why the agent stopped."""

    ANSWERED = "answered"
    BUDGET = "budget"
    STUCK = "stuck"
    MODEL_ERROR = "model-error"
    SANDBOX_ERROR = "sandbox-error"
    TOOL_ERROR = "tool-error"
    """A connected tool server could not be started, or died."""


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
    """The share of what was to be reached, in [0, 1]."""
    process: float | None = None
    """How soundly it was gone about, in [0, 1], apart from what was reached; None when nobody looked."""
    side_effects: tuple[str, ...] = ()
    """What the agent changed outside what was asked, each shown by a quote of the trace."""


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

    @property
    def bounds(self) -> "Bounds":
        """Where the true rate lies with 95 % confidence: Wilson's score interval (JASA 22, 1927)."""
        flipped = Utility(successes=self.failures, failures=self.successes)
        return Bounds(low=self.lower(NORMAL_95), high=1.0 - flipped.lower(NORMAL_95))

    def lower(self, z: float) -> float:
        """The lower end of Wilson's interval, `z` standard deviations wide to either side."""
        if not self.n:
            return 0.0
        centre = (self.successes + z**2 / 2) / (self.n + z**2)
        spread = math.sqrt(self.n * self.value * (1 - self.value) + z**2 / 4) * z / (self.n + z**2)
        return max(0.0, centre - spread)


NORMAL_95 = 1.959964
"""The two-sided 95 % quantile of the standard normal distribution."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """An interval within [0, 1]."""

    low: float
    high: float
