"""The ways in which an endpoint misbehaves, each seen in the wild.

status        4xx or 5xx with an error body, with Retry-After where given
html          200 with a web page (a proxy, a captive portal, a wrong base URL)
truncated     200 whose JSON is cut off
error_body    200 with an error object
no_choices    200 with an empty list of choices
no_content    200 with neither text nor tool call
stall         nothing at all for `seconds`
drip          one byte at a time, for `seconds`
drop          the connection is closed without an answer
raw           200 with the given text
events        200 with these events as a stream, and nothing after them
hang          the same, and then silence for `seconds` before the connection is closed
"""

import json
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Self

EMPTY = {"id": "c", "object": "chat.completion", "created": 0, "model": "loopback"}
NOTHING = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ""}}
PAGE = "<!doctype html><title>Sign in</title><p>Please sign in."


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One misbehaviour, for one request."""

    body: str = ""
    code: int = 200
    type: str = "application/json"
    retry_after: str | None = None
    silent_s: float = 0.0
    drip_s: float = 0.0
    hang_s: float = 0.0
    dropped: bool = False

    @classmethod
    def status(
        cls, code: int, message: str = "no", *, kind: str = "", retry_after: str | None = None
    ) -> Self:
        """An error status; `kind` is the error's code, such as insufficient_quota."""
        error = {"message": message, "type": kind or "error", "code": kind or None}
        return cls(code=code, body=json.dumps({"error": error}), retry_after=retry_after)

    @classmethod
    def html(cls, code: int = 200) -> Self:
        return cls(code=code, body=PAGE, type="text/html")

    @classmethod
    def truncated(cls) -> Self:
        return cls(body='{"id": "c", "object": "chat.completion", "choices": [{"index": 0, "mess')

    @classmethod
    def error_body(cls, message: str = "overloaded", *, kind: str = "server_error") -> Self:
        return cls(body=json.dumps({"error": {"message": message, "code": kind}}))

    @classmethod
    def no_choices(cls) -> Self:
        return cls(body=json.dumps(EMPTY | {"choices": []}))

    @classmethod
    def no_content(cls) -> Self:
        return cls(body=json.dumps(EMPTY | {"choices": [NOTHING]}))

    @classmethod
    def stall(cls, seconds: float = 30.0) -> Self:
        return cls(silent_s=seconds, dropped=True)

    @classmethod
    def drip(cls, seconds: float = 30.0) -> Self:
        return cls(drip_s=seconds)

    @classmethod
    def drop(cls) -> Self:
        return cls(dropped=True)

    @classmethod
    def raw(cls, body: str) -> Self:
        return cls(body=body)

    @classmethod
    def events(cls, *data: str) -> Self:
        return cls(body="".join(f"data: {one}\n\n" for one in data), type="text/event-stream")

    @classmethod
    def hang(cls, *data: str, seconds: float = 30.0) -> Self:
        return replace(cls.events(*data), hang_s=seconds)


def said(text: str, why: str | None = None) -> str:
    """The data of one event of a stream: a piece of text, and why it is the last where it is."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": why}
    return json.dumps({"object": "chat.completion.chunk", "choices": [choice]})


def misbehave(handler: BaseHTTPRequestHandler, fault: Fault, closed: Event) -> None:
    """Answer the handler's request with the fault; `closed` ends a stall early."""
    if fault.silent_s:
        closed.wait(fault.silent_s)
    if fault.dropped:
        handler.close_connection = True
        return
    data = fault.body.encode()
    handler.send_response(fault.code)
    handler.send_header("Content-Type", fault.type)
    if fault.retry_after is not None:
        handler.send_header("Retry-After", fault.retry_after)
    handler.send_header("Content-Length", str(len(data)) if not (fault.drip_s or fault.hang_s) else "1000000")
    handler.end_headers()
    handler.wfile.write(data)
    if fault.hang_s:
        handler.wfile.flush()
        handler.close_connection = True
        closed.wait(fault.hang_s)
    if fault.drip_s:
        _drip(handler, fault.drip_s, closed)


def _drip(handler: BaseHTTPRequestHandler, seconds: float, closed: Event) -> None:
    pause = 0.02
    handler.close_connection = True
    try:
        for _ in range(int(seconds / pause)):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            if closed.wait(pause):
                return
    except OSError:
        return  # the client had enough, which is what a drip is for
