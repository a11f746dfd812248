"""Where web_search looks: one small function per provider, from a query to results.

    SearXNG   GET  <url>/search?q=...&format=json         results[] url title content
    Tavily    POST https://api.tavily.com/search          results[] url title content
    Brave     GET  https://api.search.brave.com/...       web.results[] url title description
    ddgs      the package, which reads public result pages; no key, and only when it is asked for by name

The endpoint is the person's own choice and may be on this machine, so its address is not checked.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Client, Response

OpenClient = Callable[[], "AbstractContextManager[Client]"]

TAVILY = "https://api.tavily.com/search"
BRAVE = "https://api.search.brave.com/res/v1/web/search"
TIMEOUT_S = 20.0
MOST_BYTES = 2_000_000


class Unanswered(Exception):  # noqa: N818 (a sentence for the model)
    """Why there are no results, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One result."""

    url: str
    title: str
    text: str


Provider = Callable[[str, int], Sequence[Found]]
"""(query, most results) to results, best first; Unanswered when the provider gives none."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A provider that answers in JSON over HTTP. `ask` makes the request's arguments."""

    ask: Callable[[str, int], Mapping[str, Any]] = field(repr=False)
    open_client: OpenClient
    within: str = ""
    """The object that holds the results, where they are not at the top."""
    text: str = "content"
    """The field of a result that holds its excerpt."""

    def __call__(self, query: str, most: int) -> Sequence[Found]:
        import httpx2

        try:
            with self.open_client() as client:
                response = client.request(**self.ask(query, most), timeout=TIMEOUT_S)
        except httpx2.HTTPError as error:
            raise Unanswered(f"The search endpoint cannot be reached: {error}.") from error
        if response.status_code != 200:
            raise Unanswered(f"The search endpoint answered with status {response.status_code}.")
        return self._results(response)[:most]

    def _results(self, response: "Response") -> Sequence[Found]:
        from pydantic import BaseModel, TypeAdapter, ValidationError

        class Result(BaseModel, extra="allow"):
            url: str
            title: str | None = None

        try:
            answer = TypeAdapter(dict[str, Any]).validate_json(response.content[:MOST_BYTES])
            inner = answer.get(self.within, {}) if self.within else answer
            results = TypeAdapter(list[Result]).validate_python(inner["results"])
        except (ValidationError, KeyError, TypeError) as error:
            raise Unanswered("The search endpoint did not answer with search results in JSON.") from error
        return [
            Found(url=r.url, title=r.title or r.url, text=str((r.model_extra or {}).get(self.text) or ""))
            for r in results
        ]


def searxng(url: str, open_client: OpenClient) -> Endpoint:
    """A SearXNG instance at `url` (https://host, or https://host/search)."""
    base = url.rstrip("/")
    place = base if base.endswith("/search") else f"{base}/search"
    return Endpoint(
        open_client=open_client,
        ask=lambda query, _: {"method": "GET", "url": place, "params": {"q": query, "format": "json"}},
    )


def tavily(key: str, open_client: OpenClient, url: str = TAVILY) -> Endpoint:
    """https://docs.tavily.com/documentation/api-reference/endpoint/search"""
    return Endpoint(
        open_client=open_client,
        ask=lambda query, most: {
            "method": "POST",
            "url": url,
            "headers": {"Authorization": f"Bearer {key}"},
            "json": {"query": query, "max_results": most},
        },
    )


def brave(key: str, open_client: OpenClient, url: str = BRAVE) -> Endpoint:
    """https://api-dashboard.search.brave.com/app/documentation/web-search/get-started"""
    return Endpoint(
        open_client=open_client,
        within="web",
        text="description",
        ask=lambda query, most: {
            "method": "GET",
            "url": url,
            "headers": {"X-Subscription-Token": key, "Accept": "application/json"},
            "params": {"q": query, "count": most},
        },
    )


@dataclass(frozen=True, kw_only=True)
class Ddgs:
    """The ddgs package; `proxy` and `certificates` (a PEM file) are how it gets out."""

    proxy: str | None = None
    certificates: str | None = None
    engines: str = "auto"

    def __call__(self, query: str, most: int) -> Sequence[Found]:
        from ddgs import DDGS
        from ddgs.exceptions import DDGSException

        try:
            with DDGS(
                proxy=self.proxy, timeout=int(TIMEOUT_S), verify=self.certificates or True
            ) as searching:
                results = searching.text(query, max_results=most, backend=self.engines)
        except DDGSException as error:
            raise Unanswered(f"The search did not succeed: {error}.") from error
        return [
            Found(url=str(r["href"]), title=str(r.get("title") or r["href"]), text=str(r.get("body") or ""))
            for r in results[:most]
        ]
