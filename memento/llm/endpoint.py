"""One POST to /chat/completions, and its answer to the last byte, within a deadline.

The SDK sends the request and names what is refused; it retries nothing. The body is read by us,
because a read timeout alone never ends a slow drip, and because the SDK lets through what is no
answer: web pages, error objects, cut JSON and streams that end early.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memento.errors import ConfigError, ModelError
from memento.protocols import Reply

if TYPE_CHECKING:
    from openai import OpenAI

    from memento.llm.stream import Heard

MOST_BYTES = 32 * 1024 * 1024

SHORTEST_KEY = 8
"""A placeholder such as "x" is no secret, and blotting it out would spoil every answer."""


@dataclass(kw_only=True)
class _Connection:
    lock: Lock = field(default_factory=Lock)
    client: "OpenAI | None" = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible endpoint and one model of it. Safe to share between threads."""

    model: str
    base_url: str
    api_key: str = field(default="", repr=False)
    clock: Callable[[], float]
    """Monotonic seconds."""
    timeout_s: float = 120.0
    """Silence that is taken for a stall."""
    _connection: _Connection = field(default_factory=_Connection, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        url = urlsplit(self.base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ConfigError(
                "The base URL of the model must start with http:// or https:// and name a host."
            )
        if not self.model:
            raise ConfigError("No model is named. Give --model NAME.")
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ConfigError("The API key holds characters that no key has. Copy it again.")

    @property
    def host(self) -> str:
        """The host that is asked, without any credentials of the URL."""
        url = urlsplit(self.base_url)
        return f"{url.hostname}:{url.port}" if url.port else str(url.hostname)

    def post(
        self, body: dict[str, Any], *, end: float, deadline_s: float, heard: "Heard | None" = None
    ) -> Reply:
        """The endpoint's answer to the body, read until `end` (on `clock`). Raises ModelError.

        `heard` is told each piece of a body that asked for a stream. `deadline_s` is what `end` was made
        from, for the message.
        """
        from memento.llm import faults
        from memento.llm.stream import Stream

        left = end - self.clock()
        if left <= 0:
            raise ModelError(f"{self.host} did not answer within {deadline_s:g} s.", kind="timeout")
        stream = Stream(heard=heard or _ignore)
        with faults.named(self.host, self.model, self.api_key):
            self._read(body, stream, timeout_s=min(self.timeout_s, left), end=end, deadline_s=deadline_s)
            return stream.finish(sent_characters=sum(len(m["content"] or "") for m in body["messages"]))

    def close(self) -> None:
        """Close the kept connections; the next call opens new ones."""
        with self._connection.lock:
            client, self._connection.client = self._connection.client, None
        if client is not None:
            client.close()

    def _read(
        self, body: dict[str, Any], stream: Any, *, timeout_s: float, end: float, deadline_s: float
    ) -> None:
        size = 0
        create = self._client().chat.completions.with_streaming_response.create
        with create(**body, timeout=timeout_s) as response:
            for chunk in response.iter_bytes():
                size += len(chunk)
                if self.clock() >= end:
                    raise ModelError(
                        f"{self.host} did not finish its answer within {deadline_s:g} s. "
                        "Raise the model's deadline, or use a faster model.",
                        kind="timeout",
                    )
                if size > MOST_BYTES:
                    raise ModelError(f"The answer of {self.host} is larger than {MOST_BYTES} bytes.")
                stream.feed(self._blot(chunk))
                if stream.done:
                    return

    def _blot(self, data: bytes) -> bytes:
        # Some endpoints echo the key in an error body that comes with a 200.
        return data.replace(self.api_key.encode(), b"***") if len(self.api_key) >= SHORTEST_KEY else data

    def _client(self) -> "OpenAI":
        with self._connection.lock:
            if self._connection.client is None:
                from openai import OpenAI

                self._connection.client = OpenAI(
                    # The SDK refuses an empty key, and would look for one in the environment when
                    # there is none: a local endpoint must not be sent somebody else's.
                    api_key=self.api_key or "none",
                    base_url=self.base_url,
                    max_retries=0,
                )
            return self._connection.client


def _ignore(text: str, call: str) -> None:
    del text, call
