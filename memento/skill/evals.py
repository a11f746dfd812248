"""`evals/evals.json`: the evaluations that other tools keep beside a skill, read and written.

    {"skill_name": "x",
     "evals": [{"id": 1, "prompt": "...", "expected_output": "...", "files": [],
                "assertions": ["..."]}]}          or "expectations", as some tools say

Reading is lenient: a bare list, items without id, checks as objects with a text. Writing changes what
it is asked to change: the key that the file uses for its checks stays, fields that are not understood
stay, and a file that already says all of it is returned byte for byte.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memento.errors import SkillError

PLACE = "evals/evals.json"
CHECK_KEYS = ("assertions", "expectations")
_TEXT_KEYS = ("text", "assertion", "expectation", "description")


@dataclass(frozen=True, kw_only=True, slots=True)
class Eval:
    """One request to try with the skill, and what must be true of the outcome."""

    id: str
    prompt: str
    expected_output: str = ""
    files: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    """Statements about the outcome, whichever key they stood under."""


def read_evals(data: bytes) -> tuple[Eval, ...]:
    """The evaluations in order. SkillError when it is no JSON, or an item has no prompt."""
    items = _items(_load(data))
    return tuple(_eval(item, str(number)) for number, item in enumerate(items, 1))


def write_evals(
    evals: Sequence[Eval], *, skill: str, source: bytes | None = None, key: str = "assertions"
) -> bytes:
    """The file with exactly these evaluations; `source` is the file as it was, `key` for checks in a new one.

    SkillError when ids repeat, a prompt is empty, or `source` cannot be read.
    """
    if key not in CHECK_KEYS:
        raise SkillError(f"checks are called {' or '.join(CHECK_KEYS)}, not {key!r}.")
    if len({each.id for each in evals}) != len(evals) or not all(each.prompt.strip() for each in evals):
        raise SkillError("Each evaluation needs an id of its own and a prompt.")
    if source is not None and read_evals(source) == tuple(evals):
        return source
    document = _load(source) if source is not None else {"skill_name": skill, "evals": []}
    known = {_eval(item, str(n)).id: item for n, item in enumerate(_items(document), 1)}
    used = next((k for item in known.values() for k in CHECK_KEYS if k in item), key)
    items = [_item(each, known.get(each.id, {}), used) for each in evals]
    whole = items if isinstance(document, list) else {**document, "evals": items}
    return (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode()


def _load(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SkillError(f"{PLACE} cannot be read: {error}. Write a JSON object with `evals`.") from error


def _items(document: Any) -> list[Mapping[str, Any]]:
    items = document.get("evals", []) if isinstance(document, dict) else document
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SkillError(f"{PLACE} holds no list of evaluations. Write a JSON object with `evals`.")
    return items


def _eval(item: Mapping[str, Any], number: str) -> Eval:
    prompt = item.get("prompt", item.get("query", ""))
    if not isinstance(prompt, str) or not prompt.strip():
        raise SkillError(f"Evaluation {number} in {PLACE} has no prompt. Add one.")
    checks = [text for key in CHECK_KEYS for text in _texts(item.get(key))]
    identity = item.get("id")
    return Eval(
        id=number if identity is None else str(identity),
        prompt=prompt,
        expected_output=_text(item.get("expected_output")),
        files=tuple(_texts(item.get("files"))),
        checks=tuple(dict.fromkeys(checks)),
    )


def _item(each: Eval, before: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    if before and _eval(before, each.id) == each:
        return before
    own = next((k for k in CHECK_KEYS if k in before), key)
    kept = {k: value for k, value in before.items() if k not in CHECK_KEYS}
    return {
        **kept,
        "id": before.get("id", int(each.id) if each.id.isdecimal() else each.id),
        "prompt": each.prompt,
        "expected_output": each.expected_output,
        "files": list(each.files),
        own: list(each.checks),
    }


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := _text(item))]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return next((value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str)), "")
    return value if isinstance(value, str) else ""
