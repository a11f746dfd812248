"""What came of an attempt: the verdict, the blame, and the whole episode."""

from dataclasses import dataclass
from enum import StrEnum

from memento.types.skills import Sha
from memento.types.tasks import Task
from memento.types.traces import Route, Trajectory


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
    """Where the fault of a failed episode lies."""

    fault: Fault | None
    """None: the attributor abstained."""
    skill: str | None
    """The skill that was used and whose text is wrong; for `routing` the one that was there for such tasks
    and was overlooked. None: no skill is to blame."""
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
