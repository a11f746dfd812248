"""search_files: the lines of text files that hold a pattern, as path:line: text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import schema, wrong
from memento.act.tools.files import inside
from memento.protocols import SandboxSession, ToolResult, ToolSpec

SPEC = ToolSpec(
    name="search_files",
    description="Find lines in text files. Gives path:line: text. Binary and very large files are left out.",
    parameters=schema(
        {"pattern": "A regular expression (Python's), or plain text when literal is true"},
        {
            "path": ("string", "A file or folder; /workspace when left out"),
            "literal": ("boolean", "Take the pattern as plain text"),
            "files": ("string", "Only files whose name fits this, such as *.py"),
        },
    ),
)


@dataclass(frozen=True, kw_only=True)
class SearchFiles:
    """Searches files in /workspace and /skill; the sandbox's clock ends a pattern that never ends."""

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if answer := wrong(SPEC, arguments):
            return answer
        return inside(
            session,
            "search",
            arguments.get("path") or ".",
            pattern=arguments["pattern"],
            literal=arguments.get("literal", False),
            files=arguments.get("files") or "*",
        )
