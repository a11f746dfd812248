"""web_fetch and web_search against real HTTP servers on loopback, and against names that lie."""

import gzip
import json
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import httpx2
import pytest

from memento.act.tools.addresses import is_public, system_resolver
from memento.act.tools.html_text import html_text
from memento.act.tools.main_text import main_text
from memento.act.tools.page_text import page_text
from memento.act.tools.search_providers import Ddgs, brave, searxng, tavily
from memento.act.tools.web_fetch import WebFetch, plain_client
from memento.act.tools.web_search import WebSearch
from memento.protocols import Limits, ToolResult
from tests.act.proxy import https_proxy

LOCAL = ["127.0.0.1"]


@dataclass(frozen=True)
class Page:
    body: bytes = b""
    status: int = 200
    type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()
    slowly: bool = False


@contextmanager
def serving(answer: Callable[[str], Page]):
    """A web server; yields its port and the (path, host) of each request."""
    seen, closed = [], Event()

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1

        def log_message(self, *args):
            pass

        def do_GET(self):
            seen.append((self.path, self.headers["host"]))
            page = answer(self.path)
            self.send_response(page.status)
            self.send_header("Content-Type", page.type)
            for name, value in page.headers:
                self.send_header(name, value)
            self.end_headers()
            try:
                for byte in page.body if page.slowly else b"":
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    closed.wait(0.02)
                self.wfile.write(b"" if page.slowly else page.body)
                self.wfile.flush()
            except ConnectionError:
                pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.server_port, seen
    finally:
        closed.set()
        server.shutdown()
        server.server_close()


def fetcher(resolve=lambda host, port: LOCAL, **changes):
    plain = lambda html, session: html_text(html)  # noqa: E731
    settings = {"allow_private": True, "clock": time.monotonic, "text_of": plain, **changes}
    return WebFetch(open_client=plain_client, resolve=resolve, **settings)


def fetch(url, **changes):
    return fetcher(**changes)({"url": url}, None)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
        "fec0::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "2002:7f00:1::", "2001:0:1::1", "", "localhost", "0177.0.0.1", "2130706433",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_a_public_address_is_allowed(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://127.1:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
    ],
)
def test_no_spelling_of_this_machine_reaches_it(url):
    with serving(lambda path: Page(b"secret")) as (port, seen):
        result = fetch(url.format(port=port), resolve=system_resolver, allow_private=False)
    assert seen == []
    assert result.tainted
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("127.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("2606:4700::1111", "2606:4700::1111"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_a_number_is_an_address_in_any_spelling_and_is_never_looked_up(host, address):
    assert system_resolver(host, 80) == [address]


def test_a_name_with_one_private_address_among_public_ones_is_refused():
    with serving(lambda path: Page(b"secret")) as (port, seen):
        result = fetch(
            f"http://trap.test:{port}/",
            resolve=lambda host, port: ["93.184.216.34", "127.0.0.1"],
            allow_private=False,
        )
    assert (seen, result.output) == (
        [],
        "trap.test is not on the public web; web_fetch may not connect to it.",
    )


@dataclass
class Wall:
    """A transport in the network's place: keeps what would be sent, answers as told."""

    answers: list[httpx2.Response]

    def __post_init__(self):
        self.sent = []

    def __call__(self, request):
        self.sent.append(request)
        return self.answers.pop(0)

    def client(self):
        return httpx2.Client(transport=httpx2.MockTransport(self), trust_env=False)


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_resolved_once():
    asked = []

    def rebinding(host, port):
        asked.append((host, port))
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    wall = Wall([httpx2.Response(200, text="hello")])
    tool = WebFetch(open_client=wall.client, resolve=rebinding, clock=time.monotonic)
    assert tool({"url": "https://example.test/a?b=c"}, None) == ToolResult(
        output="https://example.test/a?b=c (status 200)\n\nhello", tainted=True
    )
    (sent,) = wall.sent
    assert asked == [("example.test", 443)]
    assert str(sent.url) == "https://93.184.216.34/a?b=c"
    assert sent.headers["host"] == "example.test"
    assert sent.extensions["sni_hostname"] == "example.test"
    assert "cookie" not in sent.headers
    assert "authorization" not in sent.headers


def test_a_redirect_to_a_private_address_is_not_followed():
    wall = Wall([httpx2.Response(302, headers={"location": "http://169.254.169.254/latest/meta-data"})])

    def resolve(host, port):
        return [host] if host[0].isdigit() else ["93.184.216.34"]

    tool = WebFetch(open_client=wall.client, resolve=resolve, clock=time.monotonic)
    result = tool({"url": "http://example.test/"}, None)
    assert result.output == "169.254.169.254 is not on the public web; web_fetch may not connect to it."
    assert len(wall.sent) == 1


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("file:///etc/passwd", "web_fetch reads http and https addresses only."),
        ("ftp://example.test/", "web_fetch reads http and https addresses only."),
        ("http://me:pw@example.test/", "web_fetch does not take an address with credentials in it."),
        ("http://[broken", "The address names no host that could be looked up."),
    ],
)
def test_a_redirect_is_held_to_every_rule_of_an_address(location, said):
    wall = Wall([httpx2.Response(302, headers={"location": location})])
    tool = WebFetch(
        open_client=wall.client, resolve=lambda host, port: ["93.184.216.34"], clock=time.monotonic
    )
    assert tool({"url": "http://example.test/"}, None).output.startswith(said)
    assert len(wall.sent) == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://x/", "example.test", "http://", "http://[", ""]
)
def test_what_is_no_web_address_is_answered_without_a_connection(url):
    result = fetch(url, resolve=lambda host, port: pytest.fail("resolved"))
    assert result.output


def test_redirects_are_followed_by_name_and_counted():
    with serving(lambda path: Page(status=302, headers=(("Location", "/again"),))) as (port, seen):
        result = fetch(f"http://site.test:{port}/", redirects=3)
    assert result.output == f"More than 3 redirects; the last one led to http://site.test:{port}/again."
    assert [path for path, _ in seen] == ["/", "/again", "/again", "/again"]
    assert {host for _, host in seen} == {f"site.test:{port}"}


def test_html_comes_as_text_and_the_final_address_is_named():
    html = b"<title>T</title><script>evil()</script><p>Hello <a href='https://a.test/'>world</a></p>"

    def answer(path):
        return (
            Page(status=301, headers=(("Location", "/end"),)) if path == "/" else Page(html, type="text/html")
        )

    with serving(answer) as (port, _):
        result = fetch(f"http://site.test:{port}/")
    assert result == ToolResult(
        output=f"http://site.test:{port}/end (status 200)\n\nT\n\nHello world (https://a.test/)", tainted=True
    )


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "application/zip", "video/mp4"])
def test_what_is_not_text_is_not_read(kind):
    with serving(lambda path: Page(b"\x89PNG", type=kind)) as (port, _):
        result = fetch(f"http://site.test:{port}/a")
    assert result.output == f"http://site.test:{port}/a is {kind}, not text; web_fetch cannot read it."


def test_a_page_that_is_too_large_is_cut_and_says_so():
    with serving(lambda path: Page(b"x" * 100_000)) as (port, _):
        result = fetch(f"http://site.test:{port}/", most_bytes=1000)
    assert result.output.endswith("x\n[only the first 1000 bytes were read]")
    assert result.output.count("x") == 1000


def test_no_more_is_read_than_may_be_kept():
    with serving(lambda path: Page(b"x" * 10_000, slowly=True)) as (port, _):
        result = fetch(f"http://site.test:{port}/", most_bytes=5, seconds=10.0)
    assert result.output.endswith("\n\nxxxxx\n[only the first 5 bytes were read]")


def test_a_compression_bomb_is_cut_at_its_unpacked_size():
    bomb = gzip.compress(b"x" * 50_000_000)
    with serving(lambda path: Page(bomb, headers=(("Content-Encoding", "gzip"),))) as (port, _):
        result = fetch(f"http://site.test:{port}/", most_bytes=1000)
    assert result.output.count("x") == 1000


def test_a_page_that_drips_ends_at_the_time_limit():
    started = time.monotonic()
    with serving(lambda path: Page(b"x" * 10_000, slowly=True)) as (port, _):
        result = fetch(f"http://site.test:{port}/", seconds=0.3)
    assert result.output == "The page did not come within 0.3 s."
    assert time.monotonic() - started < 60, "10,000 drips are 200 s"


def test_an_error_page_is_given_with_its_status():
    with serving(lambda path: Page(b"gone", status=404)) as (port, _):
        assert fetch(f"http://site.test:{port}/").output.endswith("(status 404)\n\ngone")


def test_an_unknown_charset_is_read_as_utf_8():
    with serving(lambda path: Page("é".encode(), type="text/plain; charset=klingon")) as (port, _):
        assert fetch(f"http://site.test:{port}/").output.endswith("é")


def test_a_name_without_an_address_is_an_answer():
    def nobody(host, port):
        raise OSError("unknown name")

    assert fetch("http://no.test/", resolve=nobody) == ToolResult(
        output="no.test has no address: unknown name.", tainted=True
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b", "a\nb"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<style>p{}</style>a<script>b</script>", "a"),
        ("a<script>b", "a"),
        ("<svg/>a", "a"),
        ("<noscript>a</noscript>b", "b"),
        ("&lt;b&gt; &amp; &eacute;", "<b> & é"),
        ("<a href='javascript:evil()'>a</a>", "a"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "| a | b\n| 1 | 2"),
        ("<<<>>>", "<<<>>>"),
        ("", ""),
    ],
)
def test_html_becomes_what_a_reader_sees(html, text):
    assert html_text(html) == text


ARTICLE = (Path(__file__).parent / "golden" / "article.html").read_text("utf-8")


@pytest.mark.real
def test_an_article_comes_without_the_page_around_it(any_backend):
    with (
        serving(lambda path: Page(ARTICLE.encode(), type="text/html; charset=utf-8")) as (port, _),
        any_backend.open() as session,
    ):
        output = fetcher(text_of=page_text)({"url": f"http://site.test:{port}/"}, session).output
    assert output.startswith(f"http://site.test:{port}/ (status 200)\n\n# How bees find their way")
    assert "polarised light" in output
    assert "[the waggle dance](https://bees.test/dance)" in output
    assert "Buy our honey" not in output
    assert "cookies" not in output


@pytest.mark.parametrize(
    "html", ["<p>short</p>", "", "<form><input><a href='https://a.test/'>a</a></form>", "<<>>"]
)
def test_a_page_that_is_no_article_comes_whole(html):
    assert main_text(html) == html_text(html)


BOMBS = {
    "tags within tags": "<div>" * 400_000 + "deep",
    "an attribute of two megabytes": f"<p title='{'x' * 2_000_000}'>wide</p>",
    "comments that never end": "<!--" * 500_000,
}


@pytest.mark.real
@pytest.mark.parametrize("bomb", BOMBS, ids=lambda name: name.replace(" ", "_"))
def test_a_page_that_is_made_to_harm_is_read_or_said_to_be_so_and_the_agent_goes_on(session, bomb):
    text = page_text(BOMBS[bomb], session, Limits(wall_s=4, cpu_s=2))
    said = (
        "[The page came, but its HTML cannot be read: that takes more time or memory than a page may. "
        "It may be made to harm.]"
    )
    assert text == said if "never" in bomb else text in ("deep", "wide", said)
    assert session.run(["echo", "on"]).stdout == b"on\n"


@pytest.mark.real
def test_what_the_article_cannot_be_found_in_is_still_read_as_plain_text(session):
    no_room_for_lxml = Limits(memory_mb=40)
    assert page_text("<p>short <b>and</b> plain", session, no_room_for_lxml) == "short and plain"


def search(provider, query="a & b"):
    return WebSearch(provider=provider)({"query": query}, None)


@contextmanager
def answering(body, status=200, check=lambda handler: None):
    """A JSON endpoint; yields its port and (method, path, headers, body) of each request."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def answer(self):
            length = int(self.headers.get("content-length") or 0)
            seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            self.answer()

        def do_POST(self):
            self.answer()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


TWO = ToolResult(output="1. A\nhttps://a.test\nx y\n\n2. https://b.test\nhttps://b.test", tainted=True)


def test_searxng_is_asked_for_json():
    results = {
        "results": [{"url": "https://a.test", "title": "A", "content": "x\n y"}, {"url": "https://b.test"}]
    }
    with answering(results) as (url, seen):
        assert search(searxng(f"{url}/", plain_client)) == TWO
    assert [(method, path) for method, path, _, _ in seen] == [("GET", "/search?q=a+%26+b&format=json")]


def test_tavily_is_asked_with_its_key_in_the_header():
    results = {
        "results": [{"url": "https://a.test", "title": "A", "content": "x y"}, {"url": "https://b.test"}]
    }
    with answering(results) as (url, seen):
        assert search(tavily("tvly-canary", plain_client, f"{url}/search")) == TWO
    ((method, path, headers, body),) = seen
    assert (method, path, headers["Authorization"]) == ("POST", "/search", "Bearer tvly-canary")
    assert json.loads(body) == {"query": "a & b", "max_results": 8}


def test_brave_is_asked_with_its_key_in_the_header():
    results = [{"url": "https://a.test", "title": "A", "description": "x y"}, {"url": "https://b.test"}]
    with answering({"web": {"results": results}}) as (url, seen):
        assert search(brave("brave-canary", plain_client, f"{url}/web")) == TWO
    ((method, path, headers, _),) = seen
    assert (method, path, headers["X-Subscription-Token"]) == (
        "GET",
        "/web?q=a+%26+b&count=8",
        "brave-canary",
    )


STRANGE = "The search endpoint did not answer with search results in JSON."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", STRANGE),
        ([], STRANGE),
        ({"web": []}, STRANGE),
        (
            {"results": [{"title": "no url"}]},
            STRANGE,
        ),
        ({"results": []}, "Nothing was found."),
    ],
)
def test_a_strange_search_answer_is_said_in_words(body, said):
    with answering(body) as (url, _):
        assert search(searxng(url, plain_client)) == ToolResult(output=said, tainted=True)


def test_a_search_endpoint_that_is_down_or_refuses_is_an_answer_without_its_key():
    with answering({}, status=403) as (url, _):
        provider = tavily("tvly-canary", plain_client, url)
        assert search(provider).output == "The search endpoint answered with status 403."
    down = search(provider).output
    assert down.startswith("The search endpoint cannot be reached: ")
    assert "tvly-canary" not in down


def test_ddgs_is_asked_without_a_key_and_reads_a_result_page():
    page = b"""<html><body><div class="result results_links body"><h2><a>A</a></h2>
      <a href="https://a.test">x y</a></div></body></html>"""
    with https_proxy(page, "html.duckduckgo.com") as (proxy, certificates, asked):
        provider = Ddgs(proxy=proxy, certificates=certificates, engines="duckduckgo")
        assert search(provider) == ToolResult(output="1. A\nhttps://a.test\nx y", tainted=True)
    assert [(host, line.split()[0]) for host, line in asked] == [("html.duckduckgo.com:443", "POST")]


def test_ddgs_that_gets_no_answer_says_so():
    provider = Ddgs(proxy="http://127.0.0.1:1", engines="duckduckgo")
    assert search(provider).output.startswith("The search did not succeed: ")
