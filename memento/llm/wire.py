"""A request as the JSON of POST /chat/completions, as a pure function.

The same request has several forms, because endpoints differ in what they take:

    schema    json_schema -> json_object -> forced tool -> said in words
    tools     as tools -> said in words (textcalls.py reads the calls out of the reply)
    stream    as server-sent events -> in one piece
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from memento.llm.spoken import tools_in_words
from memento.protocols import Message, Request, ToolCall, ToolSpec


class SchemaMode(StrEnum):
    """How an endpoint is asked for structured output, the strongest first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    FORCED_TOOL = "forced_tool"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One of the forms of a request."""

    schema: SchemaMode = SchemaMode.PLAIN
    tools_in_words: bool = False
    stream: bool = False


def payload(request: Request, *, model: str, form: Form) -> dict[str, Any]:
    """The request as chat.completions JSON."""
    if form.tools_in_words:
        request = tools_in_words(request)
    messages = [_message(message) for message in request.messages]
    body: dict[str, Any] = {"model": model, "messages": messages}
    if form.stream:
        body["stream"] = True
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.schema is not None:
        _ask_for(request.schema, form.schema, body)
    return body


def _ask_for(schema: Mapping[str, Any], mode: SchemaMode, body: dict[str, Any]) -> None:
    name = schema_name(schema)
    if mode is SchemaMode.JSON_SCHEMA:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": name, "schema": dict(schema)},
        }
    elif mode is SchemaMode.FORCED_TOOL:
        body["tools"] = [_tool(ToolSpec(name=name, description="Give the answer.", parameters=schema))]
        body["tool_choice"] = {"type": "function", "function": {"name": name}}
    else:
        body["messages"].append({"role": "user", "content": in_words(schema)})
        if mode is SchemaMode.JSON_OBJECT:
            body["response_format"] = {"type": "json_object"}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _message(message: Message) -> dict[str, Any]:
    # A lone surrogate (a broken file name, a cut emoji) has no UTF-8 and would end the call.
    content = message.content.encode("utf-8", "replace").decode()
    said: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        said["tool_calls"] = [_call(call) for call in message.tool_calls]
        # Some endpoints refuse "" beside tool calls; all of them take null.
        said["content"] = content or None
    if message.tool_call_id is not None:
        said["tool_call_id"] = message.tool_call_id
    return said


def _call(call: ToolCall) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if call.extra:
        said["extra_content"] = json.loads(call.extra)
    return said


def schema_name(schema: Mapping[str, Any]) -> str:
    """The schema's title as a name that endpoints take."""
    title = str(schema.get("title", "answer"))
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in title)[:64] or "answer"


def in_words(schema: Mapping[str, Any]) -> str:
    """What a model is told that gets the schema in no other way."""
    wanted = "Reply with one JSON object, and nothing else, that satisfies this JSON Schema:"
    return f"{wanted}\n{json.dumps(schema)}"
