"""Any OpenAI-compatible endpoint, over chat.completions.

Rules
- The SDK retries nothing; we do, and only what a later try can mend: rate limits, server errors,
  dropped connections, timeouts, cut answers. Between tries we wait 0.5, 1, 2 ... seconds, or what
  Retry-After asks. When that is longer than `longest_wait_s` or the deadline, we give up and say so.
- One call with all its tries ends within `deadline_s`, also when the endpoint drips a byte a minute.
- Structured output steps down json_schema -> json_object -> plain words when the endpoint answers
  400 or 422; sampling settings that it refuses are left out. What worked is remembered.
- Every accident is a ModelError: auth, not-found, rate-limit, quota, too-long, refused, timeout,
  connection, server, protocol. No message contains the key.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memento.errors import ConfigError, ModelError
from memento.protocols import Reply, Request
from memento.types import Usage

if TYPE_CHECKING:
    from openai import OpenAI

    from memento.llm.wire import SchemaMode

Price = Callable[[Usage], float | None]
"""US dollars of one call, None when the model's price is unknown."""

MOST_BYTES = 32 * 1024 * 1024

SHORTEST_KEY = 8
"""A placeholder such as "x" is no secret, and blotting it out would spoil every answer."""


@dataclass(kw_only=True)
class _Learned:
    """What this endpoint turned out to accept, and the connection to it."""

    lock: Lock = field(default_factory=Lock)
    client: "OpenAI | None" = None
    mode: "SchemaMode | None" = None
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class OpenAIModel:
    """A model behind an OpenAI-compatible endpoint. Safe to share between threads."""

    model: str
    base_url: str
    api_key: str = field(default="", repr=False)
    clock: Callable[[], float]
    """Monotonic seconds."""
    sleep: Callable[[float], None]
    temperature: float | None = None
    seed: int | None = None
    timeout_s: float = 120.0
    """Silence of the endpoint that is taken for a stall."""
    deadline_s: float = 600.0
    retries: int = 3
    longest_wait_s: float = 60.0
    price: Price | None = None
    _learned: _Learned = field(default_factory=_Learned, init=False, repr=False, compare=False)

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
    def name(self) -> str:
        return self.model

    @property
    def endpoint(self) -> str:
        """The host that is asked, without any credentials of the URL."""
        url = urlsplit(self.base_url)
        return f"{url.hostname}:{url.port}" if url.port else str(url.hostname)

    def complete(self, request: Request) -> Reply:
        """The endpoint's answer. Raises ModelError."""
        end = self.clock() + self.deadline_s
        for tried in range(self.retries + 1):
            try:
                return self._priced(self._stepping_down(request, end))
            except ModelError as error:
                wait = self._wait(error, tried)
                if not error.retryable or tried == self.retries:
                    raise
                if wait > self.longest_wait_s or self.clock() + wait >= end:
                    raise
                self.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Close the kept connections; the next call opens new ones."""
        with self._learned.lock:
            client, self._learned.client = self._learned.client, None
        if client is not None:
            client.close()

    @staticmethod
    def _wait(error: ModelError, tried: int) -> float:
        asked = getattr(error, "retry_after_s", None)
        return float(asked) if asked is not None else 0.5 * 2.0**tried

    def _priced(self, reply: Reply) -> Reply:
        if reply.usage.usd is not None or self.price is None:
            return reply
        return replace(reply, usage=replace(reply.usage, usd=self.price(reply.usage)))

    def _stepping_down(self, request: Request, end: float) -> Reply:
        """One try in the strongest form that the endpoint takes; a refusal tries the next weaker."""
        from memento.llm.faults import RefusedError
        from memento.llm.wire import SchemaMode

        modes = [self._learned.mode] if self._learned.mode else list(SchemaMode)
        if request.schema is None:
            modes = [SchemaMode.PLAIN]
        for mode in modes:
            try:
                reply = self._without_refused_settings(request, mode, end)
            except RefusedError:
                if mode is modes[-1]:
                    raise
            else:
                if request.schema is not None:
                    self._learned.mode = mode
                return reply
        raise AssertionError("the last mode returns or raises")

    def _without_refused_settings(self, request: Request, mode: "SchemaMode", end: float) -> Reply:
        from memento.llm.faults import RefusedError

        settings = {"temperature": self.temperature, "seed": self.seed}
        while True:
            sent = {
                name: value
                for name, value in settings.items()
                if value is not None and name not in self._learned.refused
            }
            try:
                return self._once(request, mode, sent, end)
            except RefusedError as error:
                named = {name for name in sent if error.names(name)}
                if not named:
                    raise
                self._learned.refused |= named

    def _once(self, request: Request, mode: "SchemaMode", settings: dict[str, Any], end: float) -> Reply:
        from memento.llm import faults, wire

        left = end - self.clock()
        if left <= 0:
            raise ModelError(f"{self.endpoint} did not answer within {self.deadline_s:g} s.", kind="timeout")
        body = wire.payload(request, model=self.model, mode=mode) | settings
        with faults.named(self.endpoint, self.model, self.api_key):
            text = self._read(body, min(self.timeout_s, left), end)
            return wire.reply(text, sent_characters=sum(len(m.content) for m in request.messages))

    def _read(self, body: dict[str, Any], timeout_s: float, end: float) -> str:
        """The body of the answer. Streamed, because a read timeout alone never ends a slow drip."""
        data = bytearray()
        create = self._client().chat.completions.with_streaming_response.create
        with create(**body, timeout=timeout_s) as response:
            for chunk in response.iter_bytes():
                data += chunk
                if self.clock() >= end:
                    raise ModelError(
                        f"{self.endpoint} did not finish its answer within {self.deadline_s:g} s. "
                        "Raise the model's deadline, or use a faster model.",
                        kind="timeout",
                    )
                if len(data) > MOST_BYTES:
                    raise ModelError(f"The answer of {self.endpoint} is larger than {MOST_BYTES} bytes.")
        text = data.decode("utf-8", "replace")
        # Some endpoints echo the key in an error body that comes with a 200.
        return text.replace(self.api_key, "***") if len(self.api_key) >= SHORTEST_KEY else text

    def _client(self) -> "OpenAI":
        with self._learned.lock:
            if self._learned.client is None:
                from openai import OpenAI

                self._learned.client = OpenAI(
                    # The SDK refuses an empty key, and would look for one in the environment when
                    # there is none: a local endpoint must not be sent somebody else's.
                    api_key=self.api_key or "none",
                    base_url=self.base_url,
                    max_retries=0,
                )
            return self._learned.client
