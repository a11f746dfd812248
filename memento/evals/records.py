"""What an evaluation keeps: one record per task and library, and what the whole run was.

    key = SHA-256 of (task, library, model, seed)

Records with the same key are the same piece of work, wherever and whenever it was done: that makes
tasks idempotent and a run resumable. Everything else that decides a result (the dataset's digest, the
prompts' digests, the limits) is in the run's identity; another identity is another run, in another folder.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from memento.types import Result, Sha, Stop, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What a run is of, and under which conditions. Two runs with equal identities are one run."""

    dataset: str
    split: str
    digest: str
    """Of the dataset's items."""
    tasks: int
    model: str
    grader: str
    """The model that grades answers, where a model does."""
    simulated: bool
    seed: int
    rounds: int
    """Retries after a failed first attempt."""
    steps: int
    """Tool calls that one attempt may make."""
    tokens: int | None
    seconds: float | None
    """Budgets of one task."""
    prompts: Mapping[str, str]
    """SHA-256 of each prompt that plays a part, by name."""
    settings: str
    """SHA-256 of the library's settings for routing and sandbox."""

    @property
    def id(self) -> str:
        parts = [self.dataset, self.split, self.digest, self.model, self.grader, self.seed, self.rounds]
        parts += [self.steps, self.tokens, self.seconds, sorted(self.prompts.items()), self.settings]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt at a task. Texts of the agent are kept, gold answers are not."""

    result: Result
    stop: Stop
    by: str
    answer: str | None
    skill: str | None
    skill_tree: Sha | None
    score: float | None
    confidence: float | None
    """What the answer stated, in [0, 1]; HLE only."""
    usage: Usage
    """Of the agent."""
    steps: int
    seconds: float
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """All attempts at one task with one library; the first is what is reported."""

    key: str
    task: str
    level: str
    subject: str
    library: str
    """A commit, or the name of a library that is none (`no skills`)."""
    attempts: tuple[Attempt, ...]
    grading: Usage
    """Of the model that graded the answers, for all attempts."""
    started: float
    """Unix time."""
    seconds: float

    @property
    def first(self) -> Attempt:
        return self.attempts[0]

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Accident:
    """A task without a result, because something outside it broke. It is not recorded: it is tried again."""

    task: str
    library: str
    kind: str
    """The kind of ModelError, or "sandbox"."""
    detail: str


Done = Record | Accident


def key_of(task: str, library: str, model: str, seed: int) -> str:
    """The name of one piece of work."""
    return hashlib.sha256(repr((task, library, model, seed)).encode()).hexdigest()[:32]
