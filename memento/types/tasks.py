"""What the agent is asked, and what the answer is.

A task and its gold answer are two values on purpose. `Task` is what models may read; `Gold` is taken by the
judge and by the contamination check and by nobody else, so no prompt of a rewriter, exam author or tip writer
can contain it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from memento.types.skills import BYTES_AS_BASE64, FileName


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
