"""Any OpenAI-compatible endpoint, over chat.completions.

Rules
- We retry, and only what a later try can mend: rate limits, server errors, dropped connections,
  timeouts, cut answers. Between tries we wait 0.5, 1, 2 ... seconds, or what Retry-After asks. When
  that is longer than `longest_wait_s` or the deadline, we give up and say so.
- One call with all its tries ends within `deadline_s`, also when the endpoint drips a byte a minute.
- A request is sent in the strongest form that the endpoint is not known to refuse (wire.py), and in
  the next weaker one after a refusal (400, 422). A refusal teaches only when the weaker form was then
  taken. Sampling settings that it refuses are left out.
- With a listener the answer is streamed. After a broken stream the next try asks for it in one piece.
- Every accident is a ModelError: auth, not-found, rate-limit, quota, too-long, refused, cut, timeout,
  connection, server, protocol. No message contains the key.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from memento.errors import ModelError
from memento.llm.capabilities import UNKNOWN, Capabilities, Feature
from memento.llm.endpoint import Endpoint
from memento.protocols import Delta, Hear, Reply, Request
from memento.types import Usage

if TYPE_CHECKING:
    from memento.llm.wire import Form

Price = Callable[[Usage], float | None]
"""US dollars of one call, None when the model's price is unknown."""

SETTINGS = {
    "temperature": Feature.TEMPERATURE,
    "seed": Feature.SEED,
    "stream_options": Feature.STREAM_USAGE,
}
"""Settings that a request can do without, by the name under which endpoints complain about them."""


@dataclass(kw_only=True)
class _Learned:
    """What this endpoint turned out to accept."""

    known: Capabilities
    lock: Lock = field(default_factory=Lock)

    def learn(self, feature: Feature, can: bool) -> None:
        with self.lock:
            self.known = self.known.with_(feature, can)


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
    hear: Hear | None = None
    known: Capabilities = UNKNOWN
    """What a probe found out earlier."""

    def __post_init__(self) -> None:
        # Both are made before a second thread can see them, and wrong settings are refused at once.
        assert self.endpoint
        assert self._learned

    @cached_property
    def endpoint(self) -> Endpoint:
        return Endpoint(
            model=self.model,
            base_url=self.base_url,
            api_key=self.api_key,
            clock=self.clock,
            timeout_s=self.timeout_s,
        )

    @cached_property
    def _learned(self) -> _Learned:
        return _Learned(known=self.known)

    @property
    def name(self) -> str:
        return self.model

    def complete(self, request: Request) -> Reply:
        """The endpoint's answer. Raises ModelError."""
        end = self.clock() + self.deadline_s
        stream = self.hear is not None
        for tried in range(self.retries + 1):
            try:
                return self._priced(self._stepping_down(request, end, stream))
            except ModelError as error:
                wait = self._wait(error, tried)
                if not error.retryable or tried == self.retries:
                    raise
                if wait > self.longest_wait_s or self.clock() + wait >= end:
                    raise
                stream = stream and error.kind != "protocol"
                self.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Close the kept connections; the next call opens new ones."""
        self.endpoint.close()

    @staticmethod
    def _wait(error: ModelError, tried: int) -> float:
        asked = getattr(error, "retry_after_s", None)
        return float(asked) if asked is not None else 0.5 * 2.0**tried

    def _priced(self, reply: Reply) -> Reply:
        if reply.usage.usd is not None or self.price is None:
            return reply
        return replace(reply, usage=replace(reply.usage, usd=self.price(reply.usage)))

    def _stepping_down(self, request: Request, end: float, stream: bool) -> Reply:
        """One try in the strongest form that the endpoint takes; a refusal tries the next weaker."""
        from memento.llm.faults import RefusedError

        refused: list[Form] = []
        forms = list(self._forms(request, stream))
        for form in forms:
            try:
                reply = self._without_refused_settings(request, form, end)
            except RefusedError as error:
                # Only a complaint about tools is mended by saying them in words.
                if form is forms[-1] or (request.tools and not error.names("tool", "function")):
                    raise
                refused.append(form)
            else:
                for weaker in refused:
                    self._learned.learn(_asked_by(weaker), False)
                return reply
        raise AssertionError("the last form returns or raises")

    def _forms(self, request: Request, stream: bool) -> "Iterator[Form]":
        """The forms of the request that are not known to be refused, the strongest first."""
        from memento.llm.wire import Form, SchemaMode

        cannot = self._learned.known.cannot
        stream = stream and Feature.STREAM not in cannot
        if request.tools:
            if Feature.TOOLS not in cannot:
                yield Form(stream=stream)
            yield Form(stream=stream, tools_in_words=True)
            return
        if request.schema is not None:
            for mode in SchemaMode:
                form = Form(schema=mode, stream=stream)
                needs = (
                    {_asked_by(form), Feature.TOOLS} if mode is SchemaMode.FORCED_TOOL else {_asked_by(form)}
                )
                if mode is not SchemaMode.PLAIN and not needs & cannot:
                    yield form
        yield Form(stream=stream)

    def _without_refused_settings(self, request: Request, form: "Form", end: float) -> Reply:
        from memento.llm.faults import RefusedError

        usage = {"include_usage": True} if form.stream else None
        settings = {"temperature": self.temperature, "seed": self.seed, "stream_options": usage}
        while True:
            cannot = self._learned.known.cannot
            sent = {
                name: value
                for name, value in settings.items()
                if value is not None and SETTINGS[name] not in cannot
            }
            try:
                return self._once(request, form, sent, end)
            except RefusedError as error:
                named = [name for name in sent if error.names(name)]
                if not named:
                    raise
                for name in named:
                    self._learned.learn(SETTINGS[name], False)

    def _once(self, request: Request, form: "Form", settings: dict[str, Any], end: float) -> Reply:
        from memento.llm import wire
        from memento.llm.textcalls import find

        hear, purpose = self.hear, request.purpose
        if hear is not None:
            hear(Delta(purpose=purpose, text="", first=True))

        def heard(text: str, call: str) -> None:
            if hear is not None and text:
                hear(Delta(purpose=purpose, text=text, call=call))

        body = wire.payload(request, model=self.model, form=form) | settings
        reply = self.endpoint.post(body, end=end, deadline_s=self.deadline_s, heard=heard)
        if form.schema is wire.SchemaMode.FORCED_TOOL and reply.tool_calls:
            return replace(reply, text=reply.tool_calls[0].arguments, tool_calls=())
        if request.tools and not reply.tool_calls:
            found = find(reply.text, request.tools)
            return replace(reply, text=found.text, tool_calls=found.calls)
        return reply


def _asked_by(form: "Form") -> Feature:
    """What a form asks of an endpoint that the next weaker one does not."""
    from memento.llm.wire import SchemaMode

    if form.schema is SchemaMode.PLAIN:
        return Feature.TOOLS
    return Feature(form.schema.value)
