"""What an endpoint can do with a model, found out by asking a few small questions.

A feature counts as there when a question that uses it is answered in the way that only the feature
brings about: a schema that was taken and ignored is not there. What was ignored is asked for once
more, because models slip. A question that fails for another reason (a rate limit, an outage) leaves
its feature unknown.

    tools          asked to call a tool, the model calls it, and not in words
    forced_tool    asked for something else, it calls the tool that the request names
    json_schema    the reply has the schema's shape, of which the question does not speak
    json_object    the reply is a JSON object
    stream         the reply comes as a stream
    stream_usage   the stream ends with the tokens used
    seed           a seed is taken (whether it is obeyed cannot be seen in one answer)
    temperature    a temperature is taken
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from memento.errors import ModelError
from memento.llm.capabilities import Capabilities, Feature
from memento.llm.endpoint import Endpoint
from memento.protocols import Reply

NOTE = {
    "type": "function",
    "function": {
        "name": "note",
        "description": "Write a word down.",
        "parameters": {
            "type": "object",
            "properties": {"word": {"type": "string"}},
            "required": ["word"],
        },
    },
}
SCHEMA = {
    "name": "colour",
    "schema": {
        "type": "object",
        "properties": {"hue_of_it": {"type": "string"}},
        "required": ["hue_of_it"],
        "additionalProperties": False,
    },
}
Test = Callable[[Reply], bool]

IGNORED = "taken and ignored"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked, and how one sees in the reply that the feature is there."""

    feature: Feature
    text: str
    more: dict[str, Any]
    there: Test


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What one question showed; `there` is None when it showed nothing, and `detail` says why."""

    feature: Feature
    there: bool | None
    detail: str = ""


def probe(endpoint: Endpoint, *, deadline_s: float = 60.0) -> Iterator[Answered]:
    """Each question's outcome as it comes. ModelError when no question at all can be answered."""
    _ask(endpoint, "Say yes.", {}, deadline_s)  # credentials, the model's name, the way there
    for question in QUESTIONS:
        first = _answered(endpoint, question, deadline_s)
        yield _answered(endpoint, question, deadline_s) if first.detail == IGNORED else first
    yield from _stream(endpoint, deadline_s)


def summed(answers: Iterator[Answered] | list[Answered]) -> Capabilities:
    """What the questions showed, as a whole."""
    found = Capabilities()
    for answer in answers:
        if answer.there is not None:
            found = found.with_(answer.feature, answer.there)
    return found


def _answered(endpoint: Endpoint, question: Question, deadline_s: float) -> Answered:
    from memento.llm.faults import RefusedError

    try:
        reply = _ask(endpoint, question.text, question.more, deadline_s)
    except RefusedError as error:
        return Answered(feature=question.feature, there=False, detail=f"refused: {error.said}")
    except ModelError as error:
        # A model that is forced into a form it cannot keep says nothing at all: that is an answer.
        silent = error.kind in {"cut", "protocol"} and "neither text" in str(error)
        return Answered(feature=question.feature, there=False if silent else None, detail=str(error))
    there = question.there(reply)
    return Answered(feature=question.feature, there=there, detail="" if there else IGNORED)


def _stream(endpoint: Endpoint, deadline_s: float) -> Iterator[Answered]:
    """Whether replies are streamed, and whether a stream says what it cost."""
    heard: list[str] = []

    def hear(text: str, call: str) -> None:
        del call
        heard.append(text)

    for feature, more in (
        (Feature.STREAM, {"stream": True}),
        (Feature.STREAM_USAGE, {"stream": True, "stream_options": {"include_usage": True}}),
    ):
        heard.clear()
        try:
            reply = _ask(endpoint, "Say yes.", more, deadline_s, hear)
        except ModelError as error:
            refused = error.kind in {"refused", "protocol"}
            yield Answered(feature=feature, there=False if refused else None, detail=str(error))
            continue
        there = bool(heard) and (feature is Feature.STREAM or reply.counted)
        yield Answered(feature=feature, there=there, detail="" if there else IGNORED)


def _ask(
    endpoint: Endpoint,
    text: str,
    more: dict[str, Any],
    deadline_s: float,
    heard: Callable[[str, str], None] | None = None,
) -> Reply:
    body = {"model": endpoint.model, "messages": [{"role": "user", "content": text}], **more}
    return endpoint.post(body, end=endpoint.clock() + deadline_s, deadline_s=deadline_s, heard=heard)


def _calls_note(reply: Reply) -> bool:
    return any(call.name == "note" for call in reply.tool_calls)


def _has(key: str | None) -> Test:
    def test(reply: Reply) -> bool:
        try:
            value = json.loads(reply.text)
        except ValueError:
            return False
        return isinstance(value, dict) and (key is None or key in value)

    return test


def _anything(reply: Reply) -> bool:
    return bool(reply.text.strip() or reply.tool_calls)


QUESTIONS = (
    Question(
        feature=Feature.TOOLS,
        text='Call the tool note with the word "yes".',
        more={"tools": [NOTE]},
        there=_calls_note,
    ),
    Question(
        feature=Feature.FORCED_TOOL,
        text="Which colour has the sky?",
        more={"tools": [NOTE], "tool_choice": {"type": "function", "function": {"name": "note"}}},
        there=_calls_note,
    ),
    Question(
        feature=Feature.JSON_SCHEMA,
        text="Which colour has the sky?",
        more={"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
        there=_has("hue_of_it"),
    ),
    Question(
        feature=Feature.JSON_OBJECT,
        text="Which colour has the sky? Reply in JSON.",
        more={"response_format": {"type": "json_object"}},
        there=_has(None),
    ),
    Question(feature=Feature.SEED, text="Say yes.", more={"seed": 7}, there=_anything),
    Question(feature=Feature.TEMPERATURE, text="Say yes.", more={"temperature": 0.0}, there=_anything),
)
