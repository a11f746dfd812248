"""edit_file: one piece of a text file replaced, when it stands there exactly once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import schema, wrong
from memento.act.tools.files import inside
from memento.protocols import SandboxSession, ToolResult, ToolSpec

SPEC = ToolSpec(
    name="edit_file",
    description="Replace one piece of a text file. `old` must stand in the file exactly once, blanks and "
    "line ends included.",
    parameters=schema({"path": "The file", "old": "The exact text to replace", "new": "What replaces it"}),
)


@dataclass(frozen=True, kw_only=True)
class EditFile:
    """Edits files in /workspace."""

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if answer := wrong(SPEC, arguments):
            return answer
        return inside(session, "edit", arguments["path"], old=arguments["old"], new=arguments["new"])
