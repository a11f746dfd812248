"""Spans of model calls: named after the conventions, without what was asked unless it is wanted."""

import json

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from memento.errors import ModelError
from memento.llm.spans import Traced
from memento.protocols import Message, Reply, Request
from memento.testing.scripted import ScriptedModel
from memento.types import Usage

SECRET = "the patient is called Ada"
ASK = Request(purpose="act", messages=(Message(role="user", content=SECRET),))
FOUR = Reply(text=f"four, {SECRET}", usage=Usage(calls=1, input_tokens=9, output_tokens=2, usd=0.25))


@pytest.fixture
def traced():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def traced(model, **more):
        tracer = provider.get_tracer("test")
        return Traced(model=model, base_url="https://api.openai.com/v1", tracer=tracer, **more)

    traced.spans = exporter.get_finished_spans
    yield traced
    provider.shutdown()


def test_a_call_is_a_span_that_says_what_it_cost_and_nothing_of_what_was_said(traced):
    with ScriptedModel([FOUR], name="m") as model:
        assert traced(model).complete(ASK) == FOUR
    (span,) = traced.spans()
    assert (span.name, span.kind) == ("chat m", SpanKind.CLIENT)
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 2,
        "server.address": "api.openai.com",
        "server.port": 443,
        "memento.purpose": "act",
        "memento.usd": 0.25,
    }
    assert SECRET not in span.to_json()


def test_an_unknown_price_is_not_in_the_span(traced):
    with ScriptedModel([Reply(text="x", usage=Usage(calls=1, usd=None))]) as model:
        traced(model).complete(ASK)
    assert "memento.usd" not in traced.spans()[0].attributes


def test_an_accident_is_named_by_its_kind_and_not_quoted(traced):
    with ScriptedModel([ModelError(f"500: {SECRET}", kind="server")]) as model, pytest.raises(ModelError):
        traced(model).complete(ASK)
    (span,) = traced.spans()
    assert (span.attributes["error.type"], span.status.status_code) == ("server", StatusCode.ERROR)
    assert span.events == ()
    assert SECRET not in span.to_json()


def test_with_content_the_span_holds_what_was_said(traced):
    with ScriptedModel([FOUR]) as model:
        traced(model, content=True).complete(ASK)
    (span,) = traced.spans()
    assert json.loads(span.attributes["gen_ai.input.messages"]) == [{"role": "user", "content": SECRET}]
    assert json.loads(span.attributes["gen_ai.output.messages"])[0]["content"] == FOUR.text
