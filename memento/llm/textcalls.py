"""Tool calls that a model wrote as text, because it or its server has no tool support.

A call counts only when it names a tool that was offered: everything else is what the model said.
Read are, in this order, and the first that yields a call wins:
    <tool_call>{"name": ..., "arguments": {...}}</tool_call>         Hermes, Qwen; <|tool_call|>: Granite, Phi
    [TOOL_REQUEST]{...}[END_TOOL_REQUEST]                            LM Studio
    <function=NAME><parameter=KEY>value</parameter></function>       Qwen3-Coder; with JSON inside: Llama
    <invoke name="NAME"><parameter name="KEY">value</parameter>      functions-style XML
    [TOOL_CALLS] [{"name": ..., "arguments": ...}], NAME[ARGS]{...}  Mistral
    NAME<|tool-sep|>{...} between DeepSeek's marks                   DeepSeek
    ```json {...} ```                                                fenced, also ```tool_call
    {"name": ..., "parameters": {...}}                               Llama 3, at the reply's start or end
    [name(key="value"), ...]                                         Llama 3.2 and 4, as the whole reply

An unclosed last tag is read to the end: stop words often swallow the closing one.
"""

import ast
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memento.protocols import ToolCall, ToolSpec
from memento.skill.python import expression

MOST_CHARACTERS = 200_000
MOST_CALLS = 32

THINKING = re.compile(r"<(think|thinking)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)\n?[ \t]*(?:```|\Z)", re.DOTALL)
OPENING = re.compile(r"(?:<\|?(?:tool_calls?|function_call)\|?>|\[TOOL_REQUEST\])\s*(?:```\w*\s*)?")
CLOSING = re.compile(r"\s*(?:```\s*)?(?:<\|?/\|?(?:tool_calls?|function_call)\|?>|\[END_TOOL_REQUEST\])?")
FUNCTION = re.compile(r"<function=([\w.-]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
PARAMETER = re.compile(r"<parameter=([\w.-]+)>(.*?)(?:</parameter>|(?=<parameter=)|\Z)", re.DOTALL)
INVOKE = re.compile(r"<(?:\w+:)?invoke\s+name=\"([\w.-]+)\"\s*>(.*?)(?:</(?:\w+:)?invoke>|\Z)", re.DOTALL)
INVOKED = re.compile(
    r"<(?:\w+:)?parameter\s+name=\"([\w.-]+)\"[^>]*>(.*?)(?:</(?:\w+:)?parameter>|\Z)", re.DOTALL
)
MISTRAL = re.compile(r"\[TOOL_CALLS\]\s*(.*)", re.DOTALL)
MISTRAL_NAMED = re.compile(r"\s*(?:\[TOOL_CALLS\])?\s*([\w.-]+)(?:\[CALL_ID\]\w+)?(?:\[ARGS\])?\s*(?=\{)")
DEEPSEEK = re.compile(
    r"<\uff5ctool\u2581call\u2581begin\uff5c>(?:function<\uff5ctool\u2581sep\uff5c>)?([\w.-]+)"
    r"(?:<\uff5ctool\u2581sep\uff5c>)?\s*(.*?)(?:<\uff5ctool\u2581call\u2581end\uff5c>|\Z)",
    re.DOTALL,
)
PYTHON_TAG = "<|python_tag|>"

NAMES = ("name", "tool", "tool_name", "function", "action")
ARGUMENTS = ("arguments", "parameters", "args", "input", "action_input", "tool_input")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a reply says beside its calls, and the calls in it."""

    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A call as it stands in a text, from `start` to `end`."""

    name: str
    arguments: Any
    start: int
    end: int


def find(text: str, tools: Sequence[ToolSpec]) -> Found:
    """The calls of `tools` in a reply, and the rest of its text; the whole text when there is none."""
    # What a model thinks of calling is not called; blanks keep every position.
    spoken = THINKING.sub(lambda match: " " * len(match[0]), text[:MOST_CHARACTERS])
    known = {tool.name: tool for tool in tools}
    for read in READERS:
        seen = [one for one in read(spoken) if one.name in known][:MOST_CALLS]
        if seen:
            calls = tuple(
                ToolCall(id=f"text_{index}", name=one.name, arguments=_typed(one.arguments, known[one.name]))
                for index, one in enumerate(seen)
            )
            return Found(text=text[: min(one.start for one in seen)].strip(), calls=calls)
    return Found(text=text)


# ---------------------------------------------------------------- readers: one per style


def _tagged(text: str) -> Iterator[_Seen]:
    # The JSON is read before its closing tag is looked for: a closing tag may stand in an argument.
    place = 0
    while opening := OPENING.search(text, place):
        place = opening.end()
        while True:
            value, end = _decode(text, place)
            if end == place:
                break
            closing = CLOSING.match(text, end)
            place = closing.end() if closing else end
            yield from _called(value, opening.start(), place)


def _functions(text: str) -> Iterator[_Seen]:
    for match in FUNCTION.finditer(text):
        pairs = {key: _trimmed(value) for key, value in PARAMETER.findall(match[2])}
        inner = pairs or next(_values(match[2]), {})
        # The tag around it, where there is one, is no part of what was said.
        start = text.rfind("<tool_call>", 0, match.start())
        between = text[start + len("<tool_call>") : match.start()] if start >= 0 else "x"
        yield _Seen(match[1], inner, match.start() if between.strip() else start, match.end())


def _invoked(text: str) -> Iterator[_Seen]:
    for match in INVOKE.finditer(text):
        pairs = {key: html.unescape(_trimmed(value)) for key, value in INVOKED.findall(match[2])}
        opening = re.search(r"<(?:\w+:)?function_calls>\s*\Z", text[: match.start()])
        yield _Seen(match[1], pairs, opening.start() if opening else match.start(), match.end())


def _mistral(text: str) -> Iterator[_Seen]:
    match = MISTRAL.search(text)
    if match is None:
        return
    rest, place = match[1], 0
    while named := MISTRAL_NAMED.match(rest, place):
        value, place = _decode(rest, named.end())
        yield _Seen(named[1], value, match.start(), match.end())
    if place == 0:
        for value in _values(rest):
            yield from _called(value, match.start(), match.end())


def _deepseek(text: str) -> Iterator[_Seen]:
    for match in DEEPSEEK.finditer(text):
        value: Any = next(_values(match[2]), {})
        opening = text.rfind("<\uff5ctool\u2581calls\u2581begin\uff5c>", 0, match.start())
        yield _Seen(match[1], value, opening if opening >= 0 else match.start(), match.end())


def _fenced(text: str) -> Iterator[_Seen]:
    for match in FENCE.finditer(text):
        value = _whole(match[1])
        yield from _called(value, match.start(), match.end())


def _bare(text: str) -> Iterator[_Seen]:
    """JSON that begins the reply or ends it: elsewhere it is an example in prose."""
    start = len(text) - len(text.lstrip())
    if text.startswith(PYTHON_TAG, start):
        start += len(PYTHON_TAG)
    first = list(_series(text, start))
    if first:
        yield from first
        return
    brace = text.find("\n{")
    while brace >= 0:
        value, end = _decode(text, brace + 1)
        if not text[end:].strip():
            yield from _called(value, brace, end)
            return
        brace = text.find("\n{", brace + 1)


def _series(text: str, place: int) -> Iterator[_Seen]:
    """Values one behind the other, with semicolons, commas or nothing between them."""
    while place < len(text):
        value, end = _decode(text, place)
        if end == place:
            return
        yield from _called(value, 0, end)
        place = end + len(text[end:]) - len(text[end:].lstrip(" \t\r\n;,"))


def _python(text: str) -> Iterator[_Seen]:
    """[name(key="value")], literals only; nothing is executed."""
    source = text.strip().removeprefix(PYTHON_TAG).strip()
    if not re.match(r"\[?\s*[A-Za-z_]\w*\(", source) or len(source) > 20_000:
        return
    try:
        tree = expression(source)
        calls = tree.elts if isinstance(tree, ast.List) else [tree]
        for call in calls:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args:
                pairs = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
                yield _Seen(call.func.id, pairs, 0, len(text))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return


READERS: Sequence[Callable[[str], Iterator[_Seen]]] = (
    _tagged, _functions, _invoked, _mistral, _deepseek, _fenced, _bare, _python,
)  # fmt: skip


# ---------------------------------------------------------------- values


def _called(value: Any, start: int, end: int) -> Iterator[_Seen]:
    """The calls that a JSON value is: one, a list of them, or OpenAI's own wrapping."""
    if isinstance(value, list):
        for item in value:
            yield from _called(item, start, end)
    if not isinstance(value, dict):
        return
    for wrapping in ("tool_calls", "function_call", "function"):
        if isinstance(value.get(wrapping), list | dict):
            yield from _called(value[wrapping], start, end)
            return
    name = next((value[key] for key in NAMES if isinstance(value.get(key), str)), None)
    given = next((value[key] for key in ARGUMENTS if key in value), None)
    # A name alone is data; a call says what it is called with, be it {}.
    if name is not None and isinstance(given, dict | str):
        yield _Seen(name, given, start, end)


def _typed(given: Any, tool: ToolSpec) -> str:
    """Arguments as JSON text; what XML gave as text becomes what the tool's schema wants."""
    if isinstance(given, str):
        return given
    if not isinstance(given, Mapping):
        return json.dumps(given)
    known: Mapping[str, Mapping[str, Any]] = tool.parameters.get("properties", {})
    return json.dumps({key: _as(value, known.get(key, {}).get("type")) for key, value in given.items()})


def _as(value: Any, wanted: object) -> Any:
    if not isinstance(value, str) or wanted in (None, "string"):
        return value
    try:
        return json.loads(value.strip().lower() if wanted == "boolean" else value)
    except (ValueError, RecursionError):
        return value


def _values(text: str) -> Iterator[Any]:
    """JSON values in a piece of markup, one behind the other, fenced or not."""
    inner = FENCE.search(text)
    text = (inner[1] if inner else text).strip()
    place = 0
    while place < len(text):
        value, end = _decode(text, place)
        if end == place:
            return
        yield value
        place = end + len(text[end:]) - len(text[end:].lstrip(" \t\r\n;,"))


def _whole(text: str) -> Any:
    value, end = _decode(text.strip(), 0)
    return value if end == len(text.strip()) else None


def _decode(text: str, place: int) -> tuple[Any, int]:
    """The JSON value at `place` and where it ends; (None, place) when there is none."""
    try:
        return DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None, place


def _trimmed(value: str) -> str:
    """Without the line breaks that the markup stands on; inner ones and blanks are the value's own."""
    return value.removeprefix("\n").removesuffix("\n")


DECODER = json.JSONDecoder(strict=False)
"""strict=False: models write raw line breaks inside strings, and mean them."""
