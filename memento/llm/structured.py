"""Structured answers: one question, one repair turn, a validated value or None.

What is read from a reply, in this order, and the first that satisfies the schema wins:
1. the whole text as JSON;
2. fenced blocks, the last first;
3. JSON objects inside prose, the last first (a model that corrects itself does so downwards).

Nothing is guessed: a reply that does not satisfy the schema is quoted back once, with what was
wrong and with the schema in words (an endpoint may have taken the schema and ignored it), and after
that the answer is None. The caller decides what None means (UNJUDGED, abstain).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from memento.llm.wire import in_words
from memento.protocols import Message, Model, Request

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound="BaseModel")

FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
THINKING = re.compile(r"<(think|thinking)>.*?</\1>", re.DOTALL | re.IGNORECASE)

MOST_CHARACTERS = 400_000
MOST_OBJECTS = 500
"""Opening braces that are tried in prose: a reply of nothing but braces must not cost a minute."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed(Generic[T]):
    """The value, or in words what was wrong with the reply."""

    value: T | None
    problem: str = ""


def ask(model: Model, request: Request, schema: type[T]) -> T | None:
    """`request` answered as a `schema`; None when the reply and its one repair are both unusable.

    Raises what the model raises (ModelError, BudgetError).
    """
    request = replace(request, schema=schema.model_json_schema())
    said = model.complete(request).text
    parsed = parse(said, schema)
    if parsed.value is not None:
        return parsed.value
    repair = (
        # Several endpoints refuse an assistant message without content.
        Message(role="assistant", content=said.strip() or "(an empty reply)"),
        Message(role="user", content=_correction(parsed.problem, schema)),
    )
    said = model.complete(replace(request, messages=(*request.messages, *repair))).text
    return parse(said, schema).value


def parse(text: str, schema: type[T]) -> Parsed[T]:
    """The first candidate in `text` that satisfies `schema`, else the problem of the likeliest one."""
    from pydantic import ValidationError

    problem = ""
    for candidate in _candidates(THINKING.sub("", text)[-MOST_CHARACTERS:]):
        try:
            return Parsed(value=schema.model_validate(candidate))
        except ValidationError as error:
            problem = problem or _explain(error)
    return Parsed(value=None, problem=problem or "the reply holds no JSON object")


def _correction(problem: str, schema: type[T]) -> str:
    return f"That reply could not be used:\n{problem}\n{in_words(schema.model_json_schema())}"


def _explain(error: "ValidationError") -> str:
    lines = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:10]:
        where = ".".join(str(part) for part in item["loc"]) or "(the object)"
        lines.append(f"- {where}: {item['msg']}")
    return "\n".join(lines)


def _candidates(text: str) -> Iterator[Any]:
    for part in (text, *reversed(FENCE.findall(text))):
        value = _load(part)
        if isinstance(value, dict):
            yield value
    yield from reversed(list(_objects(text)))


def _objects(text: str) -> Iterator[Any]:
    """Outermost JSON objects in prose, in order."""
    position = 0
    for _ in range(MOST_OBJECTS):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            value, position = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
        else:
            yield value


def _load(text: str) -> Any:
    try:
        return DECODER.decode(text.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")  # Python's json takes NaN and Infinity


DECODER = json.JSONDecoder(strict=False, parse_constant=_no_constant)
"""strict=False: models write raw line breaks inside strings, and mean them."""
