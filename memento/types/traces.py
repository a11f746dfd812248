"""What the agent did with a task: the route it took, its steps, what they cost."""

from dataclasses import dataclass
from enum import StrEnum


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
