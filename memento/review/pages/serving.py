"""The wire: HTTP on 127.0.0.1 with the standard library, GET and POST only.

Small on purpose: one person's browser asks. What it must withstand is other pages in that browser and
other programs' nonsense; `guard` has those rules, and every answer carries the same strict headers.
"""

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from memento.errors import MementoError, UsageError
from memento.review.pages import names
from memento.review.pages.guard import Asked, Guard
from memento.review.pages.live import Answer, Live

MOST_BODY = 64 * 1024
MOST_FIELDS = 10
TIMEOUT_S = 30
FORM = "application/x-www-form-urlencoded"


class Server(ThreadingMixIn, TCPServer):
    """Listens on 127.0.0.1. `answerer` is told its port's guard and makes the pages."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, port: int, guard: Callable[[int], Guard], live: Callable[[Guard], Live], policy: str
    ) -> None:
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise UsageError(f"Port {port} is taken ({error.strerror}). Name another with --port.") from error
        self.guard = guard(self.server_address[1])
        self.live = live(self.guard)
        self.policy = policy


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_S

    def do_GET(self) -> None:
        path = self._path()
        if path is None:
            return
        query = parse_qs(urlsplit(self.path).query)
        if path == "" and "token" in query:
            self._let_in(query["token"][0])
        elif self._known():
            self._answer(lambda: self.server.live.get(path))

    def do_POST(self) -> None:
        path = self._path()
        if path is None or not self._known():
            return
        fields = self._fields()
        if fields is None:
            self._say(HTTPStatus.BAD_REQUEST, "That is no form of these pages.")
        elif not self.server.guard.trusts(fields.get("csrf", "")):
            self._say(HTTPStatus.FORBIDDEN, "This form is from an earlier run. Open the page again.")
        else:
            self._answer(lambda: self.server.live.post(path, fields))

    # ------------------------------------------------------------ who asks

    def _path(self) -> str | None:
        """What is asked for, below the base; None when it has been refused."""
        refusal = self.server.guard.refusal(self._asked())
        if refusal is not None:
            self._say(refusal.status, refusal.sentence)
            return None
        path, base = unquote(urlsplit(self.path).path), self.server.guard.base
        if not path.startswith(base):
            self._say(HTTPStatus.NOT_FOUND, "Open the address that `memento serve` printed.")
            return None
        return path.removeprefix(base)

    def _known(self) -> bool:
        if self.server.guard.knows(self._asked()):
            return True
        self._say(
            HTTPStatus.FORBIDDEN, "Open the address that `memento serve` printed: it lets this browser in."
        )
        return False

    def _asked(self) -> Asked:
        found: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            found.setdefault(name.lower(), []).append(value)
        return Asked(method=self.command, headers=found)

    def _let_in(self, token: str) -> None:
        guard = self.server.guard
        if guard.admits(token):
            self._send(Answer(status=HTTPStatus.SEE_OTHER, location=names.INDEX), cookie=guard.cookie)
        else:
            self._say(HTTPStatus.FORBIDDEN, "This address is from an earlier run of the server.")

    def _fields(self) -> dict[str, str] | None:
        """What a form says; None when this is none."""
        asked = self._asked()
        length = asked.one("content-length") or ""
        plain = (asked.one("content-type") or "").partition(";")[0].strip().lower() == FORM
        if not plain or not length.isascii() or not length.isdigit() or int(length) > MOST_BODY:
            self.close_connection = True  # what was sent is not read, so nothing may follow it
            return None
        try:
            text = self.rfile.read(int(length)).decode("utf-8")
            return dict(
                parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS)
            )
        except ValueError:
            return None

    # ------------------------------------------------------------ what is answered

    def _answer(self, make: Callable[[], Answer]) -> None:
        try:
            self._send(make())
        except MementoError as error:
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))

    def _say(self, status: HTTPStatus, sentence: str) -> None:
        """Plain text: no page of the library for whom it does not know."""
        self._send(Answer(status=status, body=f"{sentence}\n", kind="text/plain; charset=utf-8"))

    def _send(self, answer: Answer, *, cookie: str | None = None) -> None:
        data = answer.body.encode("utf-8", "replace")
        self.send_response(answer.status)
        for name, value in self._headers(answer, len(data)):
            self.send_header(name, value)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def _headers(self, answer: Answer, length: int) -> list[tuple[str, str]]:
        found = [
            ("Content-Type", answer.kind),
            ("Content-Length", str(length)),
            ("Content-Security-Policy", f"{self.server.policy}; frame-ancestors 'none'"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            # Not no-referrer: with that, browsers send forms with `Origin: null`.
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ]
        if answer.location is not None:
            found.append(("Location", self.server.guard.base + answer.location))
        return found

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses by itself (another method, a broken request), in our words."""
        del message, explain
        self.close_connection = True
        self._say(HTTPStatus(code), "That is no request for this server.")

    def version_string(self) -> str:
        return "memento"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Nothing: a line of a log would hold the token."""
