"""read_file: a text file, or some lines of it. What is long is given in parts, with where to read on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import WRONG, schema, wrong
from memento.act.tools.files import inside
from memento.protocols import SandboxSession, ToolResult, ToolSpec

SPEC = ToolSpec(
    name="read_file",
    description="Read a text file. Paths are relative to /workspace; the skill's own files are in /skill.",
    parameters=schema(
        {"path": "The file"},
        {"first_line": ("integer", "Start here, 1 is the first"), "last_line": ("integer", "Stop here")},
    ),
)


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """Reads files in /workspace and /skill."""

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if answer := wrong(SPEC, arguments):
            return answer
        first, last = arguments.get("first_line", 1), arguments.get("last_line")
        if first < 1 or (last is not None and last < first):
            return ToolResult(
                output="first_line is at least 1, and last_line not before it.", exit_code=WRONG
            )
        return inside(session, "read", arguments["path"], first_line=first, last_line=last)
