"""list_files: what is in a folder, with kinds and sizes; links are shown and not followed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import schema, wrong
from memento.act.tools.files import inside
from memento.act.tools.inside import DEPTH
from memento.protocols import SandboxSession, ToolResult, ToolSpec

SPEC = ToolSpec(
    name="list_files",
    description=f"List a folder, {DEPTH} levels deep: kind (d folder, f file, l link), bytes, path.",
    parameters=schema({}, {"path": ("string", "The folder; /workspace when left out")}),
)


@dataclass(frozen=True, kw_only=True)
class ListFiles:
    """Lists folders in /workspace and /skill."""

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if answer := wrong(SPEC, arguments):
            return answer
        return inside(session, "list", arguments.get("path") or ".")
