"""One tool of a connected MCP server. What it gives back was written elsewhere, and is tainted."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from memento.act.clean import clean, cut
from memento.act.tools.command import WRONG
from memento.protocols import SandboxSession, ToolResult, ToolSpec

TIMED_OUT = 124
MOST_DESCRIPTION = 1_000
MOST_TEXT = 1_000_000
LONGEST_NAME = 64


def full_name(server: str, tool: str) -> str:
    """The name that models may use (letters, digits, _ and -, at most 64 of them)."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"mcp__{server}__{tool}")[:LONGEST_NAME]


@dataclass(frozen=True, kw_only=True)
class McpTool:
    """`call` takes the arguments and returns the SDK's result, or None when it took too long."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(repr=False)
    call: Callable[[Mapping[str, Any]], Any] = field(repr=False)

    @property
    def spec(self) -> ToolSpec:
        schema = {**self.parameters, "type": "object"}
        schema.setdefault("properties", {})
        about = cut(clean(self.description).strip(), MOST_DESCRIPTION)
        return ToolSpec(name=self.name, description=about, parameters=schema)

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        """ToolError when the server is gone. Types are the server's to check: it says what is wrong."""
        del session
        missing = [name for name in self.parameters.get("required", ()) if name not in arguments]
        if missing:
            return ToolResult(output=f"{self.name} needs the argument {missing[0]!r}.", exit_code=WRONG)
        result = self.call(arguments)
        if result is None:
            said = f"{self.name} did not answer in time."
            return ToolResult(output=said, exit_code=TIMED_OUT, tainted=True)
        text = "\n".join(_text(block) for block in result.content)
        if not text and result.structured_content is not None:
            text = json.dumps(result.structured_content, ensure_ascii=False)
        return ToolResult(
            output=cut(text, MOST_TEXT) or "(no output)", exit_code=int(bool(result.is_error)), tainted=True
        )


def _text(block: Any) -> str:
    """A piece of a result in words; what is no text is named and not shown."""
    if block.type == "text":
        return str(block.text)
    if block.type == "resource" and hasattr(block.resource, "text"):
        return str(block.resource.text)
    return f"[{block.type} {getattr(block, 'mime_type', None) or ''}: not text, not shown]"
