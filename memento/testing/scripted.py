"""A model that says what it was told to say.

It is strict, so that a test cannot pass by accident:
- a call after the last answer fails the test;
- an answer that nobody asked for fails the test, in `finish()` or at the end of the `with` block.

Both are AssertionError and not ModelError: code under test that catches model accidents must not
be able to swallow a wrong script.

    with ScriptedModel(["four", Reply(text="", tool_calls=(...)), ModelError("down")]) as model:
        ...
    assert model.requests[0].purpose == "act"
"""

from collections.abc import Callable, Iterable
from threading import Lock
from types import TracebackType
from typing import Self

from memento.errors import ModelError
from memento.protocols import Reply, Request
from memento.types import Usage

Answer = str | Reply | ModelError | Callable[[Request], "str | Reply"]
"""Text, a whole reply, an accident to raise, or a function of the request."""


class ScriptedModel:
    """Answers `replies` one after the other; `requests` holds what it was asked, in order."""

    def __init__(self, replies: Iterable[Answer], *, name: str = "scripted") -> None:
        self._left = list(replies)
        self._name = name
        self._lock = Lock()
        self.requests: list[Request] = []

    @property
    def name(self) -> str:
        return self._name

    def complete(self, request: Request) -> Reply:
        """The next answer; AssertionError when the script is exhausted, ModelError when it says so."""
        with self._lock:
            self.requests.append(request)
            if not self._left:
                asked = f"call {len(self.requests)}, purpose {request.purpose!r}"
                raise AssertionError(f"the script is exhausted: {asked} has no answer")
            answer = self._left.pop(0)
        if isinstance(answer, ModelError):
            raise answer
        said = answer if isinstance(answer, str | Reply) else answer(request)
        return Reply(text=said, usage=Usage(calls=1)) if isinstance(said, str) else said

    def finish(self) -> None:
        """AssertionError when answers are left over."""
        if self._left:
            raise AssertionError(
                f"{len(self._left)} answers were never asked for; the next: {self._left[0]!r}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:  # a failure on its way out explains more than the answers it left behind
            self.finish()
