"""write_file: a text file with the given content, its folders made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import inside, result, schema, wrong
from memento.protocols import SandboxSession, ToolResult, ToolSpec

SPEC = ToolSpec(
    name="write_file",
    description="Write a text file, replacing what was there. Paths are relative to /workspace.",
    parameters=schema({"path": "The file", "content": "Its whole content"}),
)

# The path is an argument of the script and never part of it.
SCRIPT = 'mkdir -p -- "$(dirname -- "$1")" && cat > "$1"'


@dataclass(frozen=True, kw_only=True)
class WriteFile:
    """Writes inside the sandbox: what a command may not write, this tool may not write."""

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if answer := wrong(SPEC, arguments):
            return answer
        data = str(arguments["content"]).encode("utf-8", "replace")
        done = session.run(
            ["bash", "-c", SCRIPT, "write_file", inside(arguments["path"], session)], stdin=data
        )
        return result(done, empty=f"(wrote {len(data)} bytes)" if done.exit_code == 0 else "(not written)")
