"""read_file: a text file, or some lines of it, as the sandbox sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import WRONG, inside, result, schema, wrong
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
    """Reads inside the sandbox, so whatever a path points to, only what a command may read is read."""

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
        lines = f"{first},{'$' if last is None else last}p"
        return result(
            session.run(["sed", "-n", "-e", lines, "--", inside(arguments["path"], session)]), empty="(empty)"
        )
