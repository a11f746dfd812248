"""Answers compared with gold, without a model.

    exact     equal after folding case, runs of space, compatibility forms and enclosing quotes
    numeric   the one number in the answer, within the tolerance; separators, currency and per cent
              signs are stripped. Two numbers are no answer: which one was meant?
    list      as many items, in order, each compared as a number where gold's is one, else word for
              word; items stand between semicolons, else line ends, else commas
    json      the same value: keys in any order, numbers within the tolerance, text as it stands
    regex     the whole answer matches the pattern
    program   not here: it has to run, and runs in the sandbox only (program.py)

A reason is a fixed sentence: it quotes neither side. To quote the wrong answer with the gold blotted
out would point at the gold.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from memento.errors import UsageError
from memento.skill.contamination import numbers_in
from memento.types import Gold, Scorer

NO_ANSWER = "The agent gave no answer."

_FENCE = re.compile(r"\A```[\w-]*\n(.*)\n```\Z", re.DOTALL)
_BRACKETS = re.compile(r"\A[\[({](.*)[\])}]\Z", re.DOTALL)
_BULLET = re.compile(r"\A(?:[-*•]|\d{1,3}[.)])\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """Whether the answer is right, and how it was compared."""

    passed: bool
    reason: str


def check(answer: str | None, gold: Gold) -> Check:
    """`answer` held against `gold`. Raises UsageError when the gold itself cannot be compared with."""
    if answer is None or not answer.strip():
        return Check(passed=False, reason=NO_ANSWER)
    match gold.scorer:
        case Scorer.EXACT:
            return _exact(answer, gold)
        case Scorer.NUMERIC:
            return _numeric(answer, gold)
        case Scorer.LIST:
            return _list(answer, gold)
        case Scorer.JSON:
            return _json(answer, gold)
        case Scorer.REGEX:
            return _regex(answer, gold)
        case Scorer.PROGRAM:
            raise UsageError("An answer that a program checks needs a sandbox; here is none.")


def _exact(answer: str, gold: Gold) -> Check:
    same = _folded(answer) == _folded(gold.answer)
    return _compared(same, "compared word for word, case and spacing aside")


def _numeric(answer: str, gold: Gold) -> Check:
    wanted, given = list(numbers_in(gold.answer)), list(numbers_in(answer))
    if len(wanted) != 1:
        raise UsageError("A numeric gold answer must hold exactly one number; correct the task file.")
    if len(given) != 1:
        many = "more than one number" if given else "no number"
        return Check(passed=False, reason=f"The answer is not usable: it holds {many}, and one is wanted.")
    return _compared(_near(given[0], wanted[0], gold), "compared as a number")


def _list(answer: str, gold: Gold) -> Check:
    separator = _separator(gold.answer)
    wanted, given = _items(gold.answer, separator), _items(answer, _separator(answer))
    same = len(wanted) == len(given) and all(
        _same_item(a, b, gold) for a, b in zip(given, wanted, strict=True)
    )
    return _compared(same, "compared item by item, in order")


def _separator(text: str) -> str:
    return next((mark for mark in (";", "\n") if mark in text.strip()), ",")


def _items(text: str, separator: str) -> list[str]:
    bracketed = _BRACKETS.match(text.strip())
    items = (bracketed[1] if bracketed else text).split(separator)
    return [_folded(_BULLET.sub("", item.strip())) for item in items if item.strip()]


def _same_item(given: str, wanted: str, gold: Gold) -> bool:
    numbers = list(numbers_in(wanted))
    if len(numbers) == 1 and not re.search(r"[^\W\d_]", wanted):
        said = list(numbers_in(given))
        return len(said) == 1 and _near(said[0], numbers[0], gold)
    return given == wanted


def _json(answer: str, gold: Gold) -> Check:
    try:
        wanted = _loaded(gold.answer)
    except ValueError:
        raise UsageError("A gold answer is no JSON; correct the task file.") from None
    fenced = _FENCE.match(answer.strip())
    try:
        given = _loaded(fenced[1] if fenced else answer)
    except (ValueError, RecursionError):
        return Check(passed=False, reason="The answer is not usable: it is no JSON.")
    return _compared(_same_value(given, wanted, gold), "compared as JSON")


def _loaded(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")  # Python's json takes NaN and Infinity


def _same_value(given: Any, wanted: Any, gold: Gold) -> bool:
    match wanted:
        case Decimal():
            return isinstance(given, Decimal) and _near(given, wanted, gold)
        case dict():
            return (
                isinstance(given, dict)
                and set(given) == set(wanted)
                and all(_same_value(given[key], value, gold) for key, value in wanted.items())
            )
        case list():
            return (
                isinstance(given, list)
                and len(given) == len(wanted)
                and all(_same_value(a, b, gold) for a, b in zip(given, wanted, strict=True))
            )
        case _:  # text, true, false, null; 1 is a Decimal, so true is not 1
            return type(given) is type(wanted) and bool(given == wanted)


def _regex(answer: str, gold: Gold) -> Check:
    try:
        pattern = re.compile(gold.answer)
    except re.error as error:
        raise UsageError(
            f"A gold answer is no regular expression ({error}); correct the task file."
        ) from None
    return _compared(pattern.fullmatch(answer.strip()) is not None, "compared with a pattern")


def _near(given: Decimal, wanted: Decimal, gold: Gold) -> bool:
    return abs(given - wanted) <= Decimal(str(gold.tolerance))


def _compared(same: bool, how: str) -> Check:
    return Check(passed=same, reason=f"The answer is {'right' if same else 'wrong'} ({how}).")


def _folded(text: str) -> str:
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    bare = folded.removesuffix(".").strip("\"'`“”‘’ ")  # noqa: RUF001 curly quotes are meant
    return bare or folded
