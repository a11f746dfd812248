"""web_search: titles, addresses and excerpts, from the provider that the settings name.

Without one it is not offered. What it finds was written by strangers, and is tainted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memento.act.tools.command import schema, wrong
from memento.act.tools.search_providers import Found, Provider, Unanswered
from memento.protocols import SandboxSession, ToolResult, ToolSpec

SPEC = ToolSpec(
    name="web_search",
    description="Search the web. Gives titles, addresses and excerpts; read a page with web_fetch.",
    parameters=schema({"query": "What to look for"}),
)
MOST_TEXT = 500


@dataclass(frozen=True, kw_only=True)
class WebSearch:
    """Asks `provider`."""

    provider: Provider
    most_results: int = 8

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        del session
        if answer := wrong(SPEC, arguments):
            return answer
        try:
            results = self.provider(arguments["query"], self.most_results)
        except Unanswered as reason:
            return ToolResult(output=str(reason), tainted=True)
        return ToolResult(output=_listed(results), tainted=True)


def _listed(results: Sequence[Found]) -> str:
    if not results:
        return "Nothing was found."
    return "\n\n".join(
        f"{number}. {_line(r.title)}\n{_line(r.url)}\n{_line(r.text)[:MOST_TEXT]}".rstrip()
        for number, r in enumerate(results, 1)
    )


def _line(text: str) -> str:
    return " ".join(text.split())
