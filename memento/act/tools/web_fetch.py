"""web_fetch: one page of the public web as text.

It is fetched by the host, because the sandbox has no network, and its HTML is read in the sandbox, because
strangers wrote it (page_text.py).

Rules
- http and https only, no credentials in the address, GET only, nothing of the user's is sent.
- Every hop is resolved once and checked (addresses.py), then connected to by the checked address,
  with the name in Host and in the TLS handshake: a name that changes its mind in between changes
  nothing. A redirect is a new hop.
- Limits on bytes (after decompression), seconds for all hops together, redirects, content types.
- Whatever comes back is tainted: it was written by strangers.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memento.act.tools.addresses import Resolve, is_public
from memento.act.tools.command import WRONG, schema, wrong
from memento.act.tools.page_text import page_text
from memento.protocols import SandboxSession, ToolResult, ToolSpec

if TYPE_CHECKING:
    from httpx2 import URL, Client, Response

OpenClient = Callable[[], "AbstractContextManager[Client]"]
"""A new HTTP client per hop: a kept connection belongs to a name, and names share addresses."""

SPEC = ToolSpec(
    name="web_fetch",
    description="Fetch a page of the public web (http or https) as plain text.",
    parameters=schema({"url": "The full address"}),
)

HOST = re.compile(rb"[A-Za-z0-9._:-]+")
READABLE = ("text/", "application/json", "application/xml", "application/xhtml+xml")
HEADERS = {"User-Agent": "memento-agent", "Accept": "text/html,text/*,application/json;q=0.9,*/*;q=0.1"}


def plain_client() -> "Client":
    """A client without proxies, cookies and credentials of the environment."""
    import httpx2

    return httpx2.Client(trust_env=False, follow_redirects=False)


@dataclass(frozen=True, kw_only=True)
class _Redirect:
    to: "URL"


@dataclass(frozen=True, kw_only=True)
class _Page:
    head: str
    text: str
    is_html: bool
    complete: bool


@dataclass(frozen=True, kw_only=True)
class WebFetch:
    """Fetches with what it is handed; `allow_private` is for a web that is meant to be private."""

    open_client: OpenClient
    resolve: Resolve
    clock: Callable[[], float]
    allow_private: bool = False
    text_of: Callable[[str, SandboxSession], str] = page_text
    """HTML to text."""
    most_bytes: int = 2_000_000
    seconds: float = 30.0
    redirects: int = 5

    @property
    def spec(self) -> ToolSpec:
        return SPEC

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        import httpx2

        if answer := wrong(SPEC, arguments):
            return answer
        end = self.clock() + self.seconds
        try:
            url = httpx2.URL(arguments["url"].strip())
        except httpx2.InvalidURL as error:
            return ToolResult(output=f"This is not a web address: {error}.", exit_code=WRONG)
        for _ in range(self.redirects + 1):
            hop = self._hop(url, end)
            if isinstance(hop, ToolResult):
                return hop
            if isinstance(hop, _Page):
                return self._shown(hop, session)
            url = hop.to
        return _said(f"More than {self.redirects} redirects; the last one led to {url}.")

    def _hop(self, url: "URL", end: float) -> "ToolResult | _Redirect | _Page":
        import httpx2

        if refused := _refused(url):
            return _said(refused)
        address = self._address(url)
        if isinstance(address, ToolResult):
            return address
        left = end - self.clock()
        if left <= 0:
            return self._too_slow()
        try:
            with (
                self.open_client() as client,
                client.stream(
                    "GET",
                    url.copy_with(host=address),
                    headers={**HEADERS, "Host": url.netloc.decode("ascii")},
                    extensions={"sni_hostname": url.raw_host.decode("ascii")},
                    timeout=left,
                    follow_redirects=False,
                ) as response,
            ):
                return self._read(response, url, end)
        except httpx2.TimeoutException:
            return self._too_slow()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return _said(f"{url.host} could not be read: {error}.")

    def _address(self, url: "URL") -> "str | ToolResult":
        """The address to connect to, or why there is none."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = self.resolve(url.raw_host.decode("ascii"), port)
        except OSError as error:
            return _said(f"{url.host} has no address: {error}.")
        if not found:
            return _said(f"{url.host} has no address.")
        if not self.allow_private and not all(map(is_public, found)):
            return _said(f"{url.host} is not on the public web; web_fetch may not connect to it.")
        return found[0]

    def _read(self, response: "Response", url: "URL", end: float) -> "ToolResult | _Redirect | _Page":
        if response.is_redirect and "location" in response.headers:
            return _Redirect(to=url.join(response.headers["location"]))
        kind = response.headers.get("content-type", "text/plain").split(";")[0].strip().lower()
        if not (kind.startswith(READABLE) or kind.endswith(("+json", "+xml"))):
            return _said(f"{url} is {kind}, not text; web_fetch cannot read it.")
        data = bytearray()
        for chunk in response.iter_bytes():
            data += chunk
            if self.clock() >= end:
                return self._too_slow()
            if len(data) >= self.most_bytes:
                break
        return _Page(
            head=f"{url} (status {response.status_code})",
            text=_decoded(bytes(data[: self.most_bytes]), response.charset_encoding),
            is_html="html" in kind,
            complete=len(data) < self.most_bytes,
        )

    def _shown(self, page: _Page, session: SandboxSession) -> ToolResult:
        text = self.text_of(page.text, session) if page.is_html else page.text
        note = "" if page.complete else f"\n[only the first {self.most_bytes} bytes were read]"
        return _said(f"{page.head}\n\n{text}{note}")

    def _too_slow(self) -> ToolResult:
        return _said(f"The page did not come within {self.seconds:g} s.")


def _refused(url: "URL") -> str | None:
    if url.scheme not in {"http", "https"}:
        return "web_fetch reads http and https addresses only."
    if url.userinfo:
        return "web_fetch does not take an address with credentials in it."
    if not HOST.fullmatch(url.raw_host):
        return "The address names no host that could be looked up."
    return None


def _decoded(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "utf-8", "replace")
    except LookupError:  # a charset that Python does not know
        return data.decode("utf-8", "replace")


def _said(text: str) -> ToolResult:
    return ToolResult(output=text, tainted=True)
