"""A streamed answer, put together again from its server-sent events (WHATWG HTML, 9.2).

Rules
- The answer has ended when a choice said why (`finish_reason`) and the stream is over or says
  [DONE]. A stream that ends before is a fault, never a shorter answer.
- A body that is no event stream is taken for the whole answer: some endpoints do not stream, and a
  proxy's web page or an error object comes this way, too.
- An error in the middle is the answer's end, whatever was heard before it.
- Pieces of a tool call belong together by their id; where there is none by their index; where there
  is neither, to the last call. A piece with a new id and a name begins a call even when its index
  is taken: there are servers that number every call 0, and others that number none.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from memento.errors import ModelError
from memento.llm.answer import (
    Call,
    Choice,
    Completion,
    Counted,
    Function,
    Part,
    Said,
    arguments,
    body_error,
    content,
    reply,
    understood,
)
from memento.protocols import Reply

Heard = Callable[[str, str], None]
"""Called with a piece of text and the name of the tool whose arguments it is, "" for the answer's own."""


class _CallPiece(BaseModel):
    index: int | None = None
    id: str | None = None
    function: Function = Function()
    extra_content: dict[str, Any] | None = None


class _Piece(BaseModel):
    content: str | list[Part] | None = None
    refusal: str | None = None
    tool_calls: list[_CallPiece] | None = None


class _ChoicePiece(BaseModel):
    delta: _Piece | None = None
    finish_reason: str | None = None


class _Chunk(BaseModel):
    choices: list[_ChoicePiece] | None = None
    usage: Counted | None = None
    error: Any = None
    object: str | None = None
    message: str | None = None


@dataclass(kw_only=True)
class _Open:
    """A tool call as far as it has come."""

    index: int | None
    id: str
    name: str
    arguments: str = ""
    extra: dict[str, Any] | None = None


@dataclass(kw_only=True)
class Stream:
    """Takes the bytes of a body as they come; `done` is True when no more are needed."""

    heard: Heard
    done: bool = False
    _rest: bytes = b""
    _data: list[str] = field(default_factory=list)
    _plain: list[bytes] = field(default_factory=list)
    _events: int = 0
    _choices: int = 0
    _text: str = ""
    _refusal: str = ""
    _why: str | None = None
    _usage: Counted | None = None
    _calls: list[_Open] = field(default_factory=list)

    def feed(self, data: bytes) -> None:
        """The next bytes. ModelError when an event is an error or is none at all."""
        *lines, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            if not self.done:
                self._line(line.removesuffix(b"\r"))

    def finish(self, *, sent_characters: int) -> Reply:
        """The whole reply. ModelError when it is not one."""
        if self._rest and not self.done:
            self._line(self._rest)
        if self._data and not self.done:
            self._event()
        if not self._events:
            body = b"\n".join(self._plain).decode("utf-8", "replace")
            return reply(body, sent_characters=sent_characters)
        if self._choices and self._why is None:
            raise ModelError(
                "The stream of the answer ended before the answer did. Try again.", retryable=True
            )
        return understood(self._completion(), sent_characters=sent_characters)

    def _line(self, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        if not line:
            self._event()
        elif name == b"data":
            self._events += 1
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        elif colon and name in (b"event", b"id", b"retry", b""):
            self._events += 1  # a comment keeps the connection open and says nothing
        else:
            self._plain.append(line)

    def _event(self) -> None:
        data, self._data = "\n".join(self._data).strip(), []
        if data == "[DONE]":
            self.done = True
        elif data:
            self._chunk(data)

    def _chunk(self, data: str) -> None:
        try:
            chunk = _Chunk.model_validate(json.loads(data))
        except (ValueError, RecursionError, ValidationError):
            raise ModelError(
                "A piece of the streamed answer is cut off or is not JSON. Try again.", retryable=True
            ) from None
        if chunk.error:
            raise body_error(chunk.error)
        if chunk.object == "error":
            raise body_error({"message": chunk.message})
        self._usage = chunk.usage or self._usage
        for choice in (chunk.choices or [])[:1]:
            self._choices += 1
            self._why = choice.finish_reason or self._why
            self._take(choice.delta or _Piece())

    def _take(self, piece: _Piece) -> None:
        if text := content(piece.content):
            self._text += text
            self.heard(text, "")
        self._refusal += piece.refusal or ""
        for part in piece.tool_calls or []:
            call = self._call(part)
            call.id, call.name = call.id or part.id or "", call.name or part.function.name or ""
            call.extra = part.extra_content or call.extra
            if part.function.arguments is not None:
                more = arguments(part.function.arguments)
                call.arguments += more
                self.heard(more, call.name)

    def _call(self, piece: _CallPiece) -> _Open:
        """The call that a piece belongs to, a new one where it begins one."""
        calls = list(reversed(self._calls))
        if piece.id:
            mine = [call for call in calls if call.id == piece.id]
            # Some servers make up a new id for each piece; only a call's first piece has a name.
            mine += [c for c in calls if c.index == piece.index and not piece.function.name]
        elif piece.index is not None:
            mine = [call for call in calls if call.index == piece.index]
        else:
            mine = [] if piece.function.name else calls[:1]
        if not mine:
            mine = [_Open(index=piece.index, id=piece.id or "", name="")]
            self._calls += mine
        return mine[0]

    def _completion(self) -> Completion:
        if not self._choices:
            return Completion(choices=[], usage=self._usage)
        calls = [
            Call(
                id=call.id,
                function=Function(name=call.name, arguments=call.arguments),
                extra_content=call.extra,
            )
            for call in self._calls
        ]
        said = Said(content=self._text, refusal=self._refusal or None, tool_calls=calls)
        return Completion(choices=[Choice(message=said, finish_reason=self._why)], usage=self._usage)
