"""An OpenAI-compatible endpoint on 127.0.0.1, for tests over a real HTTP connection.

    POST /v1/chat/completions   answers from a script, or from a function of the request's JSON;
                                as a stream when it is asked for
    POST /v1/embeddings         unit vectors that depend on the text alone
    GET  /v1/models             the one model

    with LoopbackServer(["four"], faults=[Fault.status(429, retry_after="1")]) as server:
        OpenAIModel(base_url=server.base_url, model="loopback", ...)
    assert server.requests[0].body["messages"][0]["role"] == "system"

It is stricter than any real endpoint: a request outside the wire format is answered with 400 and
remembered, and the `with` block fails the test for it, as it does for a script that was too short
or too long. `unsupported` names what this endpoint does not take, answered with 400 as providers
do: "json_schema", "json_object", "tools", "tool_choice", "temperature", "seed", "stream". A profile
makes it behave as one provider does, in that provider's words.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from memento.protocols import Reply
from memento.testing import wire
from memento.testing.faults import Fault, misbehave
from memento.testing.profiles import PLAIN, Profile, Refusal

Said = str | Reply
Answers = Iterable[Said] | Callable[[Mapping[str, Any]], Said]

__all__ = ["Fault", "LoopbackServer", "Received"]


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it came in; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class LoopbackServer:
    """Serves from `start()` to `close()`, or for the length of a `with` block."""

    def __init__(
        self,
        answers: Answers,
        *,
        faults: Sequence[Fault] = (),
        unsupported: frozenset[str] = frozenset(),
        model: str = "loopback",
        api_key: str = "",
        usage: bool = True,
        profile: Profile = PLAIN,
        pause_s: float = 0.0,
    ) -> None:
        """`pause_s` is waited between the events of a stream."""
        self._answer = answers if callable(answers) else None
        self._left: list[Said] = [] if callable(answers) else list(answers)
        self._faults = list(faults)
        self._lock = Lock()
        self._http: _Server | None = None
        self.unsupported = unsupported
        self.model = model
        self.api_key = api_key
        self.usage = usage
        self.profile = profile
        self.pause_s = pause_s
        self.closed = Event()
        self.requests: list[Received] = []
        self.problems: list[str] = []
        """What clients did wrong, and answers that the script did not have."""

    @property
    def base_url(self) -> str:
        assert self._http is not None, "the server is not started"
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def start(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        self._http = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_of": self}))
        self._http.problem = self.problem
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def close(self) -> None:
        """Stop listening and end every stall."""
        self.closed.set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()

    def inject(self, *faults: Fault) -> None:
        """More faults, for the next requests."""
        with self._lock:
            self._faults += faults

    def finish(self) -> None:
        """AssertionError for requests outside the wire format and for a script that did not fit."""
        with self._lock:
            problems = [*self.problems]
            if self._left:
                problems.append(f"{len(self._left)} answers were never asked for")
            if self._faults:
                problems.append(f"{len(self._faults)} faults never happened")
        if problems:
            raise AssertionError("; ".join(problems))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.finish()

    # ------------------------------------------------------------ called by the handler's threads

    def received(self, request: Received) -> Fault | None:
        """Keep the request; the fault that is due, or None."""
        with self._lock:
            self.requests.append(request)
            return self._faults.pop(0) if self._faults else None

    def problem(self, what: str) -> None:
        with self._lock:
            self.problems.append(what)

    def say(self, body: Mapping[str, Any]) -> Said | None:
        """The next answer; None when the script is exhausted."""
        if self._answer is not None:
            return self._answer(body)
        with self._lock:
            return self._left.pop(0) if self._left else None


class _Server(ThreadingHTTPServer):
    problem: Callable[[str], None]

    def handle_error(self, request: object, client_address: object) -> None:
        """An answer function that raised is a problem of the test; a client that left is not."""
        del request, client_address
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            self.problem(f"the answer function raised {error!r}")


class _Handler(BaseHTTPRequestHandler):
    server_of: LoopbackServer
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one packet: two small ones wait 40 ms for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is http.server's
        del format, args

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            listed = {"id": self.server_of.model, "object": "model", "created": 0, "owned_by": "loopback"}
            self.send(200, {"object": "list", "data": [listed]})
        else:
            self.refuse(404, f"there is no {self.path}")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self.server_of.problem("the body is not a JSON object")
            return self.refuse(400, "the body is not a JSON object")
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.server_of.received(Received(path=self.path, headers=headers, body=body))
        if self.server_of.api_key and headers.get("authorization") != f"Bearer {self.server_of.api_key}":
            return self.refuse(401, "the key is wrong", code="invalid_api_key")
        if fault is not None:
            return misbehave(self, fault, self.server_of.closed)
        if self.path == "/v1/embeddings":
            return self.embed(body)
        if self.path == "/v1/chat/completions":
            return self.chat(body)
        return self.refuse(404, f"there is no {self.path}")

    def chat(self, body: Mapping[str, Any]) -> None:
        server = self.server_of
        if problem := wire.problem(body):
            server.problem(f"request {len(server.requests)}: {problem}")
            return self.refuse(400, problem)
        if body["model"] != server.model:
            return self.refuse(404, f"the model {body['model']} does not exist", code="model_not_found")
        if refused := sorted(wire.features(body) & server.unsupported):
            return self.refuse(400, f"{refused[0]} is not supported by this model")
        if refusal := _refusal(body, server.profile):
            return self.send_text(refusal.status, refusal.text)
        body = wire.without(body, server.profile.ignores)
        said = server.say(body)
        if said is None:
            server.problem("the script is exhausted")
            return self.refuse(400, "the script is exhausted")
        if body.get("stream"):
            return self.stream(said, body)
        return self.send(200, wire.completion(said, body, usage=server.usage, profile=server.profile))

    def stream(self, said: Said, body: Mapping[str, Any]) -> None:
        server = self.server_of
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.close_connection = True
        self.end_headers()
        comment = f": {server.profile.comment}\n\n" if server.profile.comment else ""
        for data in wire.chunks(said, body, usage=server.usage, profile=server.profile):
            self.wfile.write(f"{comment}data: {data}\n\n".encode())
            if server.pause_s:
                self.wfile.flush()
                if server.closed.wait(server.pause_s):
                    return

    def embed(self, body: Mapping[str, Any]) -> None:
        texts = [body["input"]] if isinstance(body.get("input"), str) else body.get("input")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            self.server_of.problem("embeddings: input is neither a text nor a list of texts")
            return self.refuse(400, "input is neither a text nor a list of texts")
        return self.send(200, wire.embeddings(texts, self.server_of.model))

    def refuse(self, status: int, message: str, *, code: str | None = None) -> None:
        self.send(status, {"error": {"message": message, "type": "invalid_request_error", "code": code}})

    def send(self, status: int, body: Mapping[str, Any]) -> None:
        self.send_text(status, json.dumps(body))

    def send_text(self, status: int, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _refusal(body: Mapping[str, Any], profile: Profile) -> Refusal | None:
    """What this provider does not take of the request, in its own words."""
    asked = sorted(wire.features(body) & set(profile.refuses))
    if asked:
        return profile.refuses[asked[0]]
    return profile.unsigned if wire.unsigned(body, profile) else None
