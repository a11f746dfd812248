"""What a 200 said: the text of the body becomes a Reply, or a ModelError that says what is wrong.

Tool arguments are passed on as the model wrote them: whether they are JSON is for the caller to
answer to the model. Lenient where endpoints differ (content as parts, arguments as an object,
missing call ids), strict where a guess would be a lie (no choices, no content, an answer that was
cut off by the model's output limit).
"""

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from memento.errors import ModelError
from memento.protocols import Reply, ToolCall
from memento.types import Usage

CHARACTERS_PER_TOKEN = 4
"""A rough figure, used only when the endpoint does not say how many tokens it used."""


class Function(BaseModel):
    name: str | None = None
    arguments: str | dict[str, Any] | list[Any] | None = None


class Call(BaseModel):
    id: str | None = None
    function: Function = Function()
    extra_content: dict[str, Any] | None = None
    """Gemini 3 refuses the next request when its thought signature does not come back."""


class Part(BaseModel):
    text: str | None = None


class Said(BaseModel):
    content: str | list[Part] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None


class Choice(BaseModel):
    message: Said
    finish_reason: str | None = None


class Counted(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    """Some routers state the price of the call."""


class Completion(BaseModel):
    choices: list[Choice] | None = None
    usage: Counted | None = None
    error: Any = None
    object: str | None = None
    message: str | None = None


def reply(text: str, *, sent_characters: int) -> Reply:
    """What a body said. ModelError (kind protocol, refused, or the error in it) when unusable."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise _not_json(text) from None
    try:
        completion = Completion.model_validate(value)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ModelError(
            f"The endpoint's answer is not a chat completion (at {where or 'the top'}). "
            "Check that the base URL ends where the endpoint's documentation says, usually in /v1.",
            retryable=True,
        ) from None
    return understood(completion, sent_characters=sent_characters)


def understood(completion: Completion, *, sent_characters: int) -> Reply:
    """The reply in a completion.

    `usage.usd` is what the endpoint stated, else None; tokens are estimated when it stated none.
    """
    if completion.error:
        raise body_error(completion.error)
    if completion.object == "error":  # vLLM
        raise body_error({"message": completion.message})
    if not completion.choices:
        raise ModelError("The endpoint answered without any choice. Try again.", retryable=True)
    choice = completion.choices[0]
    said, calls = content(choice.message.content), _calls(choice.message)
    if not said.strip() and not calls:
        raise _nothing_said(choice)
    if choice.finish_reason == "length" and not calls:
        raise ModelError(
            "The model reached its output limit in the middle of its answer. Raise the endpoint's limit.",
            kind="cut",
        )
    characters = len(said) + sum(len(call.arguments) for call in calls)
    counted = completion.usage or Counted()
    usage = Usage(
        calls=1,
        input_tokens=_tokens(counted.prompt_tokens, sent_characters),
        output_tokens=_tokens(counted.completion_tokens, characters),
        usd=counted.cost,
    )
    return Reply(text=said, tool_calls=calls, usage=usage, counted=counted.completion_tokens is not None)


def body_error(error: object) -> ModelError:
    """The error object of a body, whatever the status it came with."""
    fields = error if isinstance(error, dict) else {"message": str(error)}
    message = str(fields.get("message") or fields.get("error") or "no message")[:300].rstrip(".")
    code = str(fields.get("code") or fields.get("type") or "")
    if code in {"429", "rate_limit_exceeded"}:
        return ModelError(f"The endpoint limits the rate: {message}", kind="rate-limit", retryable=True)
    if code in {"401", "403", "invalid_api_key"}:
        return ModelError(f"The endpoint refuses the key: {message}. Check OPENAI_API_KEY.", kind="auth")
    if code in {"402", "insufficient_quota"}:
        return ModelError(f"Nothing is left to spend: {message}. Check the account.", kind="quota")
    return ModelError(
        f"The endpoint answered with an error: {message}. Try again, or another endpoint.",
        kind="server",
        retryable=True,
    )


def content(said: str | list[Part] | None) -> str:
    """Content as text, whether it came as text or as parts."""
    if isinstance(said, list):
        return "".join(part.text or "" for part in said)
    return said or ""


def arguments(given: str | dict[str, Any] | list[Any] | None) -> str:
    """Arguments as JSON text; some endpoints send the object itself."""
    if isinstance(given, str):
        return given
    return json.dumps({} if given is None else given)


def _not_json(text: str) -> ModelError:
    if text.lstrip()[:1] == "<":
        return ModelError(
            "The endpoint answered with a web page instead of JSON. "
            "Check the base URL; it usually ends in /v1.",
        )
    if not text.strip():
        return ModelError("The endpoint answered with an empty body. Try again.", retryable=True)
    return ModelError("The endpoint's answer is cut off or is not JSON. Try again.", retryable=True)


def _nothing_said(choice: Choice) -> ModelError:
    if choice.message.refusal or choice.finish_reason == "content_filter":
        why = (choice.message.refusal or "its content filter stopped the answer")[:300]
        return ModelError(f"The model refused: {why}. Word the task differently.", kind="refused")
    if choice.finish_reason == "length":
        return ModelError(
            "The model reached its output limit before it said anything. Raise the endpoint's limit.",
            kind="cut",
        )
    return ModelError("The model answered with neither text nor a tool call. Try again.", retryable=True)


def _calls(said: Said) -> tuple[ToolCall, ...]:
    calls = said.tool_calls or []
    ids = [call.id for call in calls]
    return tuple(
        ToolCall(
            # An answer is matched to its call by id: an id that is missing or given twice is replaced.
            id=call.id if call.id and ids.count(call.id) == 1 else f"call_{index}",
            name=call.function.name or "",
            arguments=arguments(call.function.arguments),
            extra=json.dumps(call.extra_content) if call.extra_content else "",
        )
        for index, call in enumerate(calls)
    )


def _tokens(stated: int | None, characters: int) -> int:
    return stated if stated is not None else -(-characters // CHARACTERS_PER_TOKEN)
