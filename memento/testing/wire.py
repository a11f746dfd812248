"""The server's side of chat.completions: what is wrong with a request, and how an answer is said.

Written apart from the client's side on purpose: a mistake in one is seen by the other.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from memento.protocols import Message, Reply, Request, ToolCall, ToolSpec
from memento.testing.profiles import PLAIN, Numbering, Profile

TOP = frozenset({"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format"})
SAMPLING = frozenset({"temperature", "top_p", "seed", "stop", "n", "max_tokens", "max_completion_tokens"})
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
DIMENSIONS = 64


def problem(body: Mapping[str, Any]) -> str | None:
    """The first thing in a chat.completions request that is outside the wire format, or None."""
    if unknown := sorted(set(body) - TOP - SAMPLING - {"stream", "stream_options", "user"}):
        return f"unknown field {unknown[0]}"
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "model is missing"
    if "stream_options" in body and not body.get("stream"):
        return "stream_options needs stream"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages is empty"
    return (
        _messages_problem(messages) or _tools_problem(body) or _choice_problem(body) or _format_problem(body)
    )


def features(body: Mapping[str, Any]) -> set[str]:
    """What the request asks of an endpoint beyond messages."""
    names = ("tools", "tool_choice", "temperature", "seed", "stream", "stream_options")
    used = {name for name in names if name in body}
    if "response_format" in body:
        used.add(body["response_format"]["type"])
    return used


def decode(body: Mapping[str, Any], *, purpose: str = "") -> Request:
    """The request as the client meant it. The purpose is not on the wire: hand it in."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    tools = (tool["function"] for tool in body.get("tools", ()))
    return Request(
        purpose=purpose,
        messages=tuple(_decode_message(message) for message in body["messages"]),
        tools=tuple(
            ToolSpec(name=t["name"], description=t.get("description", ""), parameters=t["parameters"])
            for t in tools
        ),
        schema=schema,
    )


def completion(
    said: str | Reply, body: Mapping[str, Any], *, usage: bool, profile: Profile = PLAIN
) -> dict[str, Any]:
    """A chat.completion object; tokens are counted as words."""
    reply = Reply(text=said) if isinstance(said, str) else said
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tool_calls:
        message["tool_calls"] = [_call(call, profile) for call in reply.tool_calls]
    answer: dict[str, Any] = {
        "id": "chatcmpl-loopback",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": _why(reply, profile), "message": message}],
    }
    if usage:
        answer["usage"] = _usage(reply, body, profile)
    return answer


def chunks(
    said: str | Reply, body: Mapping[str, Any], *, usage: bool, profile: Profile = PLAIN
) -> Iterator[str]:
    """The data of each event of the same answer as a stream, [DONE] at its end."""
    reply = Reply(text=said) if isinstance(said, str) else said
    head = {
        "id": "chatcmpl-loopback",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": body["model"],
    }

    def piece(delta: Mapping[str, Any], why: str | None = None) -> str:
        return json.dumps(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": why}]})

    yield piece({"role": "assistant", "content": ""})
    for word in re.findall(r"\s*\S+|\s+\Z", reply.text):
        yield piece({"content": word})
    for number, call in enumerate(reply.tool_calls):
        for part in _call_pieces(call, number, profile):
            yield piece({"tool_calls": [part]})
    yield piece({}, _why(reply, profile))
    if usage and body.get("stream_options", {}).get("include_usage"):
        yield json.dumps(head | {"choices": [], "usage": _usage(reply, body, profile)})
    yield "[DONE]"


def _why(reply: Reply, profile: Profile) -> str:
    return "tool_calls" if reply.tool_calls and profile.stops_at_calls else "stop"


def _usage(reply: Reply, body: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    sent = sum(len((m.get("content") or "").split()) for m in body["messages"])
    got = len(reply.text.split()) + sum(len(call.arguments.split()) for call in reply.tool_calls)
    counted: dict[str, Any] = {
        "prompt_tokens": sent, "completion_tokens": got, "total_tokens": sent + got
    }  # fmt: skip
    return counted if profile.cost is None else counted | {"cost": profile.cost}


def _call(call: ToolCall, profile: Profile) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if profile.signature:
        said["extra_content"] = {"google": {"thought_signature": profile.signature}}
    return said


def _call_pieces(call: ToolCall, number: int, profile: Profile) -> Iterator[dict[str, Any]]:
    """The call as deltas: its head first, then its arguments, cut where it hurts."""
    index = {
        Numbering.RIGHT: {"index": number},
        Numbering.ALL_ZERO: {"index": 0},
        Numbering.ABSENT: {},
    }[profile.numbering]
    if profile.whole_calls:
        yield index | _call(call, profile)
        return
    yield index | _call(replace(call, arguments=""), profile)
    for start in range(0, len(call.arguments), 3):
        yield index | {"function": {"arguments": call.arguments[start : start + 3]}}


def unsigned(body: Mapping[str, Any], profile: Profile) -> bool:
    """Whether a tool call came back without the signature that it was given."""
    calls = [call for message in body["messages"] for call in message.get("tool_calls", ())]
    wanted = {"google": {"thought_signature": profile.signature}}
    return bool(profile.signature) and any(call.get("extra_content") != wanted for call in calls)


def without(body: Mapping[str, Any], ignored: Set[str]) -> dict[str, Any]:
    """The request as a server sees it that ignores some of what it takes."""
    kept = {name: value for name, value in body.items() if name not in ignored}
    if "response_format" in kept and kept["response_format"]["type"] in ignored:
        del kept["response_format"]
    return kept


def embeddings(texts: Sequence[str], model: str) -> dict[str, Any]:
    """Unit vectors made of a hash of each text: the same text, the same vector; no meaning in them."""
    data = [{"object": "embedding", "index": i, "embedding": _vector(t)} for i, t in enumerate(texts)]
    count = sum(len(text.split()) for text in texts)
    return {
        "object": "list",
        "model": model,
        "data": data,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def _vector(text: str) -> list[float]:
    raw = [byte - 127.5 for byte in hashlib.shake_256(text.encode()).digest(DIMENSIONS)]
    norm = math.sqrt(sum(x * x for x in raw))
    return [x / norm for x in raw]


def _decode_message(message: Mapping[str, Any]) -> Message:
    return Message(
        role=message["role"],
        content=message.get("content") or "",
        tool_calls=tuple(
            ToolCall(id=call["id"], name=call["function"]["name"], arguments=call["function"]["arguments"])
            for call in message.get("tool_calls", ())
        ),
        tool_call_id=message.get("tool_call_id"),
    )


def _messages_problem(messages: Sequence[Any]) -> str | None:
    """Every tool call is answered, at once and once, and nothing else is."""
    waiting: set[str] = set()
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, dict) or message.get("role") not in {
            "system",
            "user",
            "assistant",
            "tool",
        }:
            return f"{where} has no known role"
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                return f"{where} answers no open tool call"
            waiting.discard(message["tool_call_id"])
        elif waiting:
            return f"{where} comes before tool call {min(waiting)} is answered"
        if wrong := _message_problem(message):
            return f"{where} {wrong}"
        waiting |= {call["id"] for call in message.get("tool_calls", ())}
    return f"tool call {min(waiting)} is never answered" if waiting else None


def _message_problem(message: Mapping[str, Any]) -> str | None:
    calls, content = message.get("tool_calls", []), message.get("content")
    if calls and message["role"] != "assistant":
        return "calls tools without being the assistant"
    if not isinstance(content, str) and not (content is None and calls):
        return "has no content"
    if message["role"] == "assistant" and not content and not calls:
        return "is an empty assistant message"
    for call in calls:
        function = call.get("function", {})
        if call.get("type") != "function" or not isinstance(call.get("id"), str) or not call["id"]:
            return "holds a tool call without id or type"
        if not isinstance(function.get("name"), str) or not isinstance(function.get("arguments"), str):
            return "holds a tool call whose name or arguments are no text"
    return None


def _tools_problem(body: Mapping[str, Any]) -> str | None:
    tools = body.get("tools", [])
    if "tools" in body and not tools:
        return "tools is empty"
    names = [tool.get("function", {}).get("name", "") for tool in tools]
    for name, tool in zip(names, tools, strict=True):
        if tool.get("type") != "function" or not NAME.fullmatch(name):
            return f"tool {name!r} is no function with a plain name"
        if tool["function"].get("parameters", {}).get("type") != "object":
            return f"tool {name}: parameters is not the schema of an object"
    return "two tools have the same name" if len(set(names)) != len(names) else None


def _choice_problem(body: Mapping[str, Any]) -> str | None:
    choice = body.get("tool_choice", "auto")
    if choice in ("auto", "none", "required"):
        return None
    names = [tool["function"]["name"] for tool in body.get("tools", [])]
    wanted = choice.get("function", {}).get("name") if isinstance(choice, dict) else None
    return None if wanted in names else "tool_choice names no tool of the request"


def _format_problem(body: Mapping[str, Any]) -> str | None:
    wanted = body.get("response_format")
    if wanted is None or wanted == {"type": "text"}:
        return None
    if not isinstance(wanted, dict) or wanted.get("type") not in {"json_schema", "json_object"}:
        return "response_format has no known type"
    if wanted["type"] == "json_object":
        said = json.dumps(body["messages"]).lower()
        return None if "json" in said else "json_object needs the word JSON in a message"
    inner = wanted.get("json_schema", {})
    if not NAME.fullmatch(inner.get("name", "")) or not isinstance(inner.get("schema"), dict):
        return "json_schema needs a plain name and a schema"
    return None
