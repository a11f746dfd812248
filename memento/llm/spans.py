"""OpenTelemetry spans of model calls, after the GenAI semantic conventions. Off unless asked for.

    chat MODEL      gen_ai.operation.name, .provider.name, .request.model, .usage.input_tokens,
                    .usage.output_tokens; server.address, server.port; memento.purpose, memento.usd;
                    error.type (the kind of ModelError) and the status on an accident

What was asked and answered is in no span unless `content` is set: prompts hold the user's data.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from memento.errors import ConfigError, ModelError
from memento.protocols import Model, Reply, Request

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

PROVIDERS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gcp.gemini",
}
"""gen_ai.provider.name of hosts that the conventions have a name for; others go by their host."""


@dataclass(frozen=True, kw_only=True)
class Traced:
    """A model whose calls are spans."""

    model: Model
    base_url: str
    tracer: "Tracer"
    content: bool = False

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, request: Request) -> Reply:
        """The model's reply, and a span around it. Raises what the model raises."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        with self.tracer.start_as_current_span(
            f"chat {self.name}",
            kind=SpanKind.CLIENT,
            attributes=self._asked(request),
            # The text of an accident quotes the endpoint, which may quote the prompt.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                reply = self.model.complete(request)
            except ModelError as error:
                span.set_attribute("error.type", error.kind)
                span.set_status(Status(StatusCode.ERROR))
                raise
            self._answered(span, reply)
            return reply

    def _asked(self, request: Request) -> dict[str, str | int]:
        url = urlsplit(self.base_url)
        host = str(url.hostname)
        asked: dict[str, str | int] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": PROVIDERS.get(host, host),
            "gen_ai.request.model": self.name,
            "server.address": host,
            "server.port": url.port or (443 if url.scheme == "https" else 80),
            "memento.purpose": request.purpose,
        }
        if self.content:
            said = [{"role": m.role, "content": m.content} for m in request.messages]
            asked["gen_ai.input.messages"] = json.dumps(said)
        return asked

    def _answered(self, span: "Span", reply: Reply) -> None:
        span.set_attribute("gen_ai.usage.input_tokens", reply.usage.input_tokens)
        span.set_attribute("gen_ai.usage.output_tokens", reply.usage.output_tokens)
        if reply.usage.usd is not None:
            span.set_attribute("memento.usd", reply.usage.usd)
        if self.content:
            calls = [{"name": c.name, "arguments": c.arguments} for c in reply.tool_calls]
            said = [{"role": "assistant", "content": reply.text, "tool_calls": calls}]
            span.set_attribute("gen_ai.output.messages", json.dumps(said))


def exporter() -> "TracerProvider":
    """A provider that sends spans by OTLP over HTTP, to where the standard OTEL_* variables say.

    Shut it down to send what is left. ConfigError when the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigError(
            "[telemetry] spans needs OpenTelemetry: pip install 'memento-skills[otel]'"
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "memento"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
