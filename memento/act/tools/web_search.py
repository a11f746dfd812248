"""web_search: a SearXNG-compatible endpoint that the user has configured. Without one, it is not offered.

The endpoint is the user's own choice and may be on this machine, so its address is not checked; what
it finds was written by strangers, and is tainted.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memento.act.tools.command import schema, wrong
from memento.protocols import SandboxSession, ToolResult, ToolSpec

if TYPE_CHECKING:
    from httpx2 import Client
    from pydantic import BaseModel

OpenClient = Callable[[], "AbstractContextManager[Client]"]

SPEC = ToolSpec(
    name="web_search",
    description="Search the web. Gives titles, addresses and excerpts; read a page with web_fetch.",
    parameters=schema({"query": "What to look for"}),
)


@dataclass(frozen=True, kw_only=True)
class WebSearch:
    """Asks `endpoint` (https://host, or https://host/search) for JSON."""

    endpoint: str
    open_client: OpenClient
    most_results: int = 8
    timeout_s: float = 20.0

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        import httpx2

        del session
        if answer := wrong(SPEC, arguments):
            return answer
        base = self.endpoint.rstrip("/")
        url = base if base.endswith("/search") else f"{base}/search"
        asked = {"q": arguments["query"], "format": "json"}
        try:
            with self.open_client() as client:
                response = client.get(url, params=asked, timeout=self.timeout_s)
        except httpx2.HTTPError as error:
            return ToolResult(output=f"The search endpoint cannot be reached: {error}.", tainted=True)
        if response.status_code != 200:
            said = f"The search endpoint answered with status {response.status_code}."
            return ToolResult(output=said, tainted=True)
        return ToolResult(output=found(response.text, self.most_results), tainted=True)


def found(text: str, most: int) -> str:
    """The results in an answer of the endpoint, numbered, or in words why there are none."""
    from pydantic import ValidationError

    try:
        answer = _answer_type().model_validate_json(text)
    except ValidationError:
        return "The search endpoint did not answer with search results in JSON."
    results: list[Any] = getattr(answer, "results", [])[:most]
    if not results:
        return "Nothing was found."
    return "\n\n".join(
        f"{number}. {r.title or r.url}\n{r.url}\n{' '.join((r.content or '').split())}".rstrip()
        for number, r in enumerate(results, 1)
    )


def _answer_type() -> "type[BaseModel]":
    from pydantic import BaseModel

    class Result(BaseModel):
        url: str
        title: str | None = None
        content: str | None = None

    class Answer(BaseModel):
        results: list[Result]

    return Answer
