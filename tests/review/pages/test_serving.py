"""The server over real HTTP: who gets an answer, and what a form does. Adversaries first."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from memento.assemble.gates import journal_of
from memento.changes import GateReport
from memento.library import Library
from memento.review.pages.guard import Guard
from memento.review.pages.live import Live
from memento.review.pages.present import Present
from memento.review.pages.render import Renderer
from memento.review.pages.serving import MOST_BODY, Server
from memento.types import File
from tests.library.changes import GREEN, RED, UNSURE, propose, rewritten
from tests.review.pages.pages import site
from tests.review.situations import hands, opened

WORD, TOKEN, SESSION, CSRF = "w0rd", "the-token", "the-session", "the-csrf"
COOKIE = f"memento={SESSION}"


@dataclass(frozen=True)
class Got:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Client:
    """Speaks to the server as whoever a test wants to be."""

    library: Library
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, *, body: str | None = None, **headers: str | None) -> Got:
        """With the session's cookie and this origin, unless a header (None: left out) says otherwise."""
        usual = {"Host": f"127.0.0.1:{self.port}", "Cookie": COOKIE}
        if method == "POST":
            usual |= {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        sent = usual | {name.replace("_", "-").title(): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            data = (body or "").encode()
            if method == "POST" and "Content-Length" not in sent:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data or None)
            answer = connection.getresponse()
            return Got(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()

    def get(self, page: str, **headers: str | None) -> Got:
        return self.ask("GET", f"/{WORD}/{page}", **headers)

    def send(self, action: str, **fields: str) -> Got:
        given = {"csrf": CSRF, "commit": self.commit(), **fields}
        return self.ask("POST", f"/{WORD}/proposals/id0/{action}", body=urlencode(given))

    def commit(self) -> str:
        return next((p.commit for p in self.library.proposals() if p.id == "id0"), "")

    def branches(self) -> list[str]:
        return self.library.git("for-each-ref", "--format=%(refname:short)", "refs/heads").decode().split()


Serving = Callable[..., Client]


@pytest.fixture
def serving(library: Library) -> Iterator[Serving]:
    """serving(answer) serves the library; the gate answers so, when `release` lets it."""
    servers: list[Server] = []

    def serve(answer: GateReport = UNSURE, release: threading.Event | None = None) -> Client:
        def person(tell):
            made = hands(library, answer)

            def gate(**asked):
                tell(answer.steps[0])
                if release is not None:
                    assert release.wait(120)
                return made.gate(**asked)

            return type(made)(**{**vars(made), "gate": gate})

        server = Server(
            0,
            lambda port: Guard(port=port, word=WORD, token=TOKEN, session=SESSION, csrf=CSRF),
            lambda guard: Live(
                now=Present(library=library, make=lambda: site(library, live=True)),
                hands=person,
                csrf=guard.csrf,
            ),
            Renderer(live=True).policy,
        )
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return Client(library, server.guard.port)

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def job(client: Client, until: Callable[[dict], bool]) -> dict:
    """What is told of the job, once it is so."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        told = json.loads(client.get("proposals/id0/job.json").body)
        if until(told):
            return told
        time.sleep(0.01)
    raise AssertionError(f"the job never came so far: {told}")


def settled(client: Client, *, release: threading.Event | None = None) -> str:
    """The page of the proposal once its job is done."""
    if release is not None:
        release.set()
    job(client, lambda told: told["done"])
    return client.get("proposals/id0.html").body


# ---------------------------------------------------------------- who is turned away


def test_another_name_for_this_machine_gets_nothing(serving):
    client = serving()
    for host in ("evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:{port}.evil.example", None):
        got = client.get("index.html", host=host and host.format(port=client.port))
        assert (got.status, got.body) == (421, "This server has another name.\n"), host


def test_two_hosts_are_none(serving):
    client = serving()
    with socket.create_connection(("127.0.0.1", client.port), timeout=120) as wire:
        host = f"Host: 127.0.0.1:{client.port}\r\n"
        wire.sendall(f"GET /{WORD}/index.html HTTP/1.1\r\n{host}{host}Cookie: {COOKIE}\r\n\r\n".encode())
        assert wire.makefile("rb").readline().split()[1] == b"421"


def test_another_site_s_request_gets_nothing_and_what_the_person_asks_for_is_answered(serving):
    client = serving()
    for site_said, status in {
        "cross-site": 403, "same-site": 403, "same-origin, cross-site": 403, "": 403,
        None: 200, "none": 200, "same-origin": 200,
    }.items():  # fmt: skip
        got = client.get("index.html", sec_fetch_site=site_said)
        assert (got.status, "greeter" in got.body) == (status, status == 200), site_said


def test_a_browser_that_was_not_let_in_sees_no_page(serving):
    client = serving()
    for cookie in (None, "", "memento=", "memento=guess", f"other={SESSION}", 'memento="'):
        for page in ("index.html", "proposals/id0/job.json", "nothing.html"):
            got = client.get(page, cookie=cookie)
            assert (got.status, "let" in got.body, "greeter" in got.body) == (403, True, False), cookie


def test_the_start_address_lets_a_browser_in_for_this_path_only(serving):
    client = serving()
    got = client.get(f"?token={TOKEN}", cookie=None)
    assert (got.status, got.headers["Location"], got.body) == (303, f"/{WORD}/index.html", "")
    assert got.headers["Set-Cookie"] == f"{COOKIE}; Path=/{WORD}/; HttpOnly; SameSite=Strict"


def test_a_wrong_start_address_does_not(serving):
    client = serving()
    for path in (f"/{WORD}/?token=guess", f"/{WORD}/?token=", f"/?token={TOKEN}", "/", f"/{WORD}"):
        got = client.ask("GET", path, cookie=None)
        assert got.status in (403, 404), path
        assert "Set-Cookie" not in got.headers


def test_a_form_of_elsewhere_does_nothing(library, serving):
    opened(library)
    client = serving(GREEN)
    before = client.branches(), library.tip()
    body = urlencode({"csrf": CSRF, "commit": client.commit()})
    for headers in (
        {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": None},
        {"origin": "http://127.0.0.1:1"}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "none"},
        {"cookie": None}, {"host": "evil.example"},
    ):  # fmt: skip
        got = client.ask("POST", f"/{WORD}/proposals/id0/approve", body=body, **headers)
        assert got.status in (403, 421), headers
    assert (client.branches(), library.tip()) == before


def test_a_form_without_its_token_does_nothing(library, serving):
    opened(library)
    client = serving(GREEN)
    for csrf in ("", "guess", CSRF[:-1], SESSION):
        assert client.send("approve", csrf=csrf).status == 403, csrf
        assert client.send("reject", csrf=csrf, reason="no").status == 403, csrf
    assert client.branches() == ["main", "memento/greeter/id0"]


def test_what_is_no_form_of_ours_does_nothing(library, serving):
    opened(library)
    client = serving(GREEN)
    for body, headers in (
        ("csrf", {}),
        ("", {}),
        ('{"csrf": "x"}', {"content_type": "application/json"}),
        ("csrf=x", {"content_type": "text/plain"}),
        ("csrf=x", {"content_length": str(MOST_BODY + 1)}),
        ("csrf=x", {"content_length": "-1"}),
        ("csrf=x", {"content_length": None}),
        ("&".join(f"a{n}=1" for n in range(99)), {}),
        ("csrf=%ff%fe&x=\udcff".encode("utf-8", "ignore").decode(), {}),
    ):
        got = client.ask("POST", f"/{WORD}/proposals/id0/approve", body=body, **headers)
        assert got.status in (400, 403), (body, headers)
    assert client.branches() == ["main", "memento/greeter/id0"]


def test_only_get_and_post_are_known(serving):
    client = serving()
    for method in ("OPTIONS", "PUT", "DELETE", "HEAD", "TRACE", "CONNECT", "PATCH"):
        assert client.ask(method, f"/{WORD}/index.html").status == 501, method


def test_every_answer_carries_the_strict_headers_and_none_of_cors(serving):
    client = serving()
    for got in (client.get("index.html"), client.get("no.html"), client.get("x", host="evil.example"),
                client.ask("PUT", "/")):  # fmt: skip
        assert (
            got.headers["Content-Security-Policy"] == f"{Renderer(live=True).policy}; frame-ancestors 'none'"
        )
        assert got.headers["Cache-Control"] == "no-store"
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert got.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not [name for name in got.headers if name.lower().startswith("access-control")]


def test_it_listens_on_this_machine_alone(serving):
    client = serving()
    with socket.socket() as probe, pytest.raises(OSError, match="refused"):
        probe.connect(("127.0.0.2", client.port))


# ---------------------------------------------------------------- what a person does


def test_a_page_that_is_not_there_is_said_to_be_missing(serving):
    got = serving().get("proposals/../../etc/passwd")
    assert got.status == 404
    assert "There is no such page" in got.body


def test_an_approved_change_lands_in_git(library, serving):
    proposal = opened(library)
    release = threading.Event()
    client = serving(GREEN, release)
    got = client.send("approve")
    assert (got.status, got.headers["Location"]) == (303, f"/{WORD}/proposals/id0.html")
    assert "The gate is running" in client.get("proposals/id0.html").body
    said = settled(client, release=release)
    assert f"Landed on main as {library.tip()[:10]}" in said
    assert "saw the change and agreed" in said
    assert library.at().skill("greeter").body.strip() == "Say hello and goodbye."
    assert library.log(limit=1)[0].trailers["Memento-Agreed"] == "Ada <ada@example.org>"
    assert client.branches() == ["main"]
    assert library.git.line("rev-parse", "main^2") == proposal.commit


def test_a_page_tells_each_step_of_the_gate(library, serving):
    opened(library)
    release = threading.Event()
    client = serving(GREEN, release)
    client.send("approve")
    told = job(client, lambda told: told["steps"])
    assert told == {"steps": ["static: PASS, as the test wants it"], "done": False}
    settled(client, release=release)


def test_a_fail_never_lands_and_says_why(library, serving):
    opened(library)
    client = serving(RED)
    before = library.tip()
    client.send("approve")
    assert "Not landed. static: as the test wants it" in settled(client)
    assert library.tip() == before
    assert client.branches() == ["main", "memento/greeter/id0"]


def test_what_was_pushed_since_is_not_approved(library, serving):
    seen = opened(library).commit
    head = library.snapshot(seen)
    sneaked = {**head.folder("greeter"), "notes.md": File(data=b"Sneaked in.\n")}
    hands(library).edit("id0", sneaked, head.test("greeter"))
    client = serving(GREEN)
    before = library.tip()
    client.send("approve", commit=seen)
    assert "altered after you opened the page" in settled(client)
    assert library.tip() == before
    assert client.branches() == ["main", "memento/greeter/id0"]


def test_a_rejected_change_is_remembered_with_its_reason(library, serving):
    opened(library)
    client = serving()
    got = client.send("reject", reason="It must <b>speak</b>.")
    assert got.status == 303
    assert client.branches() == ["main"]
    assert [i.reason for i in journal_of(library).ideas.of("greeter")] == [
        "person: Ada <ada@example.org>: It must <b>speak</b>."
    ]
    page = client.get("proposals/id0.html").body
    assert "It must &lt;b&gt;speak&lt;/b&gt;." in page


def test_no_reason_no_rejection(library, serving):
    opened(library)
    client = serving()
    for reason in ("", "   "):
        client.send("reject", reason=reason)
        assert client.branches() == ["main", "memento/greeter/id0"]
        assert "There is nothing in that text" in client.get("proposals/id0.html").body


def test_a_comment_stands_beside_the_change(library, serving):
    opened(library)
    client = serving()
    client.send("comment", text="Why goodbye?")
    assert "Why goodbye?" in client.get("proposals/id0.html").body
    assert [remark.text for remark in journal_of(library).ideas.remarks("id0")] == ["Why goodbye?"]


def test_one_change_is_in_the_gate_at_a_time(library, serving):
    opened(library)
    other = propose(library, rewritten(library, "ledger-totals", "Add."))
    release = threading.Event()
    client = serving(GREEN, release)
    client.send("approve")
    body = urlencode({"csrf": CSRF, "commit": other.commit})
    client.ask("POST", f"/{WORD}/proposals/{other.id}/approve", body=body)
    assert "Another change is in the gate" in client.get(f"proposals/{other.id}.html").body
    client.send("reject", reason="too late")  # it is on its way: nothing is done to it meanwhile
    assert client.branches() == ["main", "memento/greeter/id0", f"memento/ledger-totals/{other.id}"]
    assert "Landed on main" in settled(client, release=release)
    assert client.branches() == ["main", f"memento/ledger-totals/{other.id}"]


def test_what_is_decided_elsewhere_is_seen_at_once(library, serving):
    client = serving()
    assert "Nothing waits" in client.get("proposals.html").body
    opened(library)
    assert "say Say hello and goodbye." in client.get("proposals.html").body
    hands(library).reject("id0", "no")
    assert client.send("approve").status == 404 or client.branches() == ["main"]
