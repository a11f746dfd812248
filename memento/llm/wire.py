"""The chat.completions wire format, both ways, as pure functions.

Out   a Request becomes the JSON of POST /chat/completions
In    the text of a 200 becomes a Reply, or a ModelError that says what is wrong with it

Tool arguments are passed on as the model wrote them: whether they are JSON is for the caller to
answer to the model. Lenient where endpoints differ (content as parts, arguments as an object,
missing call ids), strict where a guess would be a lie (no choices, no content).
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError

from memento.errors import ModelError
from memento.protocols import Message, Reply, Request, ToolCall
from memento.types import Usage

CHARACTERS_PER_TOKEN = 4
"""A rough figure, used only when the endpoint does not say how many tokens it used."""


class SchemaMode(StrEnum):
    """How an endpoint is asked for structured output, the strongest first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    PLAIN = "plain"


# ---------------------------------------------------------------- out


def payload(request: Request, *, model: str, mode: SchemaMode) -> dict[str, Any]:
    """The request as chat.completions JSON; in the weaker modes the schema is said in words."""
    messages = [_message(message) for message in request.messages]
    body: dict[str, Any] = {"model": model, "messages": messages}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                },
            }
            for tool in request.tools
        ]
    if request.schema is None:
        return body
    if mode is SchemaMode.JSON_SCHEMA:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": _schema_name(request.schema), "schema": dict(request.schema)},
        }
        return body
    messages.append({"role": "user", "content": _in_words(request.schema)})
    if mode is SchemaMode.JSON_OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def _message(message: Message) -> dict[str, Any]:
    # A lone surrogate (a broken file name, a cut emoji) has no UTF-8 and would end the call.
    content = message.content.encode("utf-8", "replace").decode()
    said: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
        # Some endpoints refuse "" beside tool calls; all of them take null.
        said["content"] = content or None
    if message.tool_call_id is not None:
        said["tool_call_id"] = message.tool_call_id
    return said


def _schema_name(schema: Mapping[str, Any]) -> str:
    title = str(schema.get("title", "answer"))
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in title)[:64] or "answer"


def _in_words(schema: Mapping[str, Any]) -> str:
    wanted = "Reply with one JSON object, and nothing else, that satisfies this JSON Schema:"
    return f"{wanted}\n{json.dumps(schema)}"


# ---------------------------------------------------------------- in


class _Function(BaseModel):
    name: str = ""
    arguments: str | dict[str, Any] | list[Any] | None = None


class _Call(BaseModel):
    id: str | None = None
    function: _Function = _Function()


class _Part(BaseModel):
    text: str | None = None


class _Said(BaseModel):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(BaseModel):
    message: _Said
    finish_reason: str | None = None


class _Counted(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    """Some routers state the price of the call."""


class _Completion(BaseModel):
    choices: list[_Choice] | None = None
    usage: _Counted | None = None
    error: Any = None


def reply(text: str, *, sent_characters: int) -> Reply:
    """What a 200 said. ModelError (kind protocol, refused, or the error in the body) when unusable.

    `usage.usd` is what the endpoint stated, else None; tokens are estimated when it stated none.
    """
    completion = _completion(text)
    if completion.error:
        raise body_error(completion.error)
    if not completion.choices:
        raise ModelError("The endpoint answered without any choice. Try again.", retryable=True)
    choice = completion.choices[0]
    said, calls = _content(choice.message), _calls(choice.message)
    if not said.strip() and not calls:
        raise _nothing_said(choice)
    characters = len(said) + sum(len(call.arguments) for call in calls)
    counted = completion.usage or _Counted()
    usage = Usage(
        calls=1,
        input_tokens=_tokens(counted.prompt_tokens, sent_characters),
        output_tokens=_tokens(counted.completion_tokens, characters),
        usd=counted.cost,
    )
    return Reply(text=said, tool_calls=calls, usage=usage)


def body_error(error: object) -> ModelError:
    """The error object of a body, whatever the status it came with."""
    fields = error if isinstance(error, dict) else {"message": str(error)}
    message = str(fields.get("message") or fields.get("error") or "no message")[:300]
    code = str(fields.get("code") or fields.get("type") or "")
    if code in {"429", "rate_limit_exceeded"}:
        return ModelError(f"The endpoint limits the rate: {message}", kind="rate-limit", retryable=True)
    if code in {"401", "403", "invalid_api_key"}:
        return ModelError(f"The endpoint refuses the key: {message}. Check OPENAI_API_KEY.", kind="auth")
    return ModelError(
        f"The endpoint answered with an error: {message}. Try again, or another endpoint.",
        kind="server",
        retryable=True,
    )


def _completion(text: str) -> _Completion:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise _not_json(text) from None
    try:
        return _Completion.model_validate(value)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ModelError(
            f"The endpoint's answer is not a chat completion (at {where or 'the top'}). "
            "Check that the base URL ends where the endpoint's documentation says, usually in /v1.",
            retryable=True,
        ) from None


def _not_json(text: str) -> ModelError:
    if text.lstrip()[:1] == "<":
        return ModelError(
            "The endpoint answered with a web page instead of JSON. "
            "Check the base URL; it usually ends in /v1.",
        )
    if not text.strip():
        return ModelError("The endpoint answered with an empty body. Try again.", retryable=True)
    return ModelError("The endpoint's answer is cut off or is not JSON. Try again.", retryable=True)


def _nothing_said(choice: _Choice) -> ModelError:
    if choice.message.refusal or choice.finish_reason == "content_filter":
        why = (choice.message.refusal or "its content filter stopped the answer")[:300]
        return ModelError(f"The model refused: {why}. Word the task differently.", kind="refused")
    if choice.finish_reason == "length":
        return ModelError(
            "The model reached its output limit before it said anything. Raise the endpoint's limit.",
        )
    return ModelError("The model answered with neither text nor a tool call. Try again.", retryable=True)


def _content(said: _Said) -> str:
    if isinstance(said.content, list):
        return "".join(part.text or "" for part in said.content)
    return said.content or ""


def _calls(said: _Said) -> tuple[ToolCall, ...]:
    calls = said.tool_calls or []
    ids = [call.id for call in calls]
    return tuple(
        ToolCall(
            # An answer is matched to its call by id: an id that is missing or given twice is replaced.
            id=call.id if call.id and ids.count(call.id) == 1 else f"call_{index}",
            name=call.function.name,
            arguments=_arguments(call.function.arguments),
        )
        for index, call in enumerate(calls)
    )


def _arguments(arguments: str | dict[str, Any] | list[Any] | None) -> str:
    if isinstance(arguments, str):
        return arguments
    return json.dumps({} if arguments is None else arguments)


def _tokens(stated: int | None, characters: int) -> int:
    return stated if stated is not None else -(-characters // CHARACTERS_PER_TOKEN)
