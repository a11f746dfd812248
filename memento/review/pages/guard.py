"""Who may ask this server anything. The rules, in the order they are applied:

1. Host names this machine and this port: a foreign name that was made to point here (DNS rebinding) is
   turned away before anything is read.
2. Sec-Fetch-Site, where a browser sends it, says that the request comes from these pages, or that the
   person typed it. A link, a frame or a script of another site gets nothing.
3. A form is sent from these pages: Origin is ours, to the letter.
4. The session's cookie is there. It is given for the token of the URL that was printed at the start, to
   scripts never (HttpOnly), to other sites never (SameSite=Strict), and for this server's own path only:
   cookies do not tell ports apart, and another program's pages on this machine must not be sent it.
5. A form carries the session's CSRF token.

What fails is answered without a word about the library. There is no CORS: no page of elsewhere reads this.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie

COOKIE = "memento"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why a request gets no answer, in a sentence for the person who sent it."""

    status: HTTPStatus
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request as it came in. `headers` are by lower-case name, each with all its values."""

    method: str
    headers: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str | None:
        """The value of a header that was sent exactly once."""
        values = self.headers.get(name, ())
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The secrets of one run of the server; none of them is ever in a log."""

    port: int
    word: str
    """The first part of every path: nothing secret, but nobody else's."""
    token: str
    session: str
    csrf: str

    @property
    def base(self) -> str:
        return f"/{self.word}/"

    @property
    def start(self) -> str:
        """The URL that lets a browser in."""
        return f"http://127.0.0.1:{self.port}{self.base}?token={self.token}"

    @property
    def cookie(self) -> str:
        """The header that keeps it in."""
        return f"{COOKIE}={self.session}; Path={self.base}; HttpOnly; SameSite=Strict"

    def refusal(self, asked: Asked) -> Refusal | None:
        """Rules 1 to 3, which hold for every request."""
        host = asked.one("host")
        if host not in (f"127.0.0.1:{self.port}", f"localhost:{self.port}"):
            return _no(HTTPStatus.MISDIRECTED_REQUEST, "This server has another name.")
        site = asked.headers.get("sec-fetch-site", ("none",))
        allowed = ("same-origin",) if asked.method == "POST" else ("same-origin", "none")
        if "sec-fetch-site" in asked.headers and (len(site) != 1 or site[0] not in allowed):
            return _no(HTTPStatus.FORBIDDEN, "Another site's page asked for this. Open it from these pages.")
        if asked.method == "POST" and asked.one("origin") != f"http://{host}":
            return _no(HTTPStatus.FORBIDDEN, "This form was not sent from these pages.")
        return None

    def knows(self, asked: Asked) -> bool:
        """Rule 4."""
        try:
            cookies = SimpleCookie("; ".join(asked.headers.get("cookie", ())))
        except CookieError:
            return False
        return COOKIE in cookies and _same(cookies[COOKIE].value, self.session)

    def admits(self, token: str) -> bool:
        """Whether a start URL was this one."""
        return _same(token, self.token)

    def trusts(self, csrf: str) -> bool:
        """Rule 5."""
        return _same(csrf, self.csrf)


def _no(status: HTTPStatus, sentence: str) -> Refusal:
    return Refusal(status=status, sentence=sentence)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
