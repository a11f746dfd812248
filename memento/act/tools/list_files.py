"""list_files: what is in a folder, with kinds and sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import inside, result, schema, wrong
from memento.protocols import SandboxSession, ToolResult, ToolSpec

DEPTH = 4

SPEC = ToolSpec(
    name="list_files",
    description=f"List a folder, {DEPTH} levels deep: kind (d folder, f file, l link), bytes, path.",
    parameters=schema({}, {"path": ("string", "The folder; /workspace when left out")}),
)

# Names end in NUL until they are sorted: a newline in a name shows as ? and cannot pass for another file.
SCRIPT = f'find "$1" -mindepth 1 -maxdepth {DEPTH} -printf "%y %s %P\\0" | sort -z -k3 | tr "\\n\\0" "?\\n"'


@dataclass(frozen=True, kw_only=True)
class ListFiles:
    """Lists inside the sandbox; links are shown and not followed."""

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if answer := wrong(SPEC, arguments):
            return answer
        path = inside(arguments.get("path") or ".", session)
        script = f"set -o pipefail; {SCRIPT}"
        return result(session.run(["bash", "-c", script, "list_files", path]), empty="(empty)")
