"""write_file: a text file with the given content, its folders made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import schema, wrong
from memento.act.tools.files import inside
from memento.protocols import SandboxSession, ToolResult, ToolSpec

SPEC = ToolSpec(
    name="write_file",
    description="Write a text file, replacing what was there. Paths are relative to /workspace. "
    "To change a part of a file, use edit_file.",
    parameters=schema({"path": "The file", "content": "Its whole content"}),
)


@dataclass(frozen=True, kw_only=True)
class WriteFile:
    """Writes files in /workspace."""

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if answer := wrong(SPEC, arguments):
            return answer
        return inside(session, "write", arguments["path"], content=arguments["content"])
