"""Tools of the agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from memento.protocols.models import ToolSpec
from memento.protocols.sandboxes import SandboxSession


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolResult:
    """What a tool gave back; text is cut and cleaned of control characters before a model sees it."""

    output: str
    exit_code: int | None = None
    tainted: bool = False


class Tool(Protocol):
    """Something the agent can call."""

    @property
    def spec(self) -> ToolSpec: ...

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        """Bad arguments are answered in the output, so that the model can mend its call."""
