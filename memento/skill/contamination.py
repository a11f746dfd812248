"""Does a text give away the answer of the task that it was written after?

found       the answer as a whole token, whatever its case, spacing, hyphens or underscores;
            a number of the same value, whatever its thousands separators and trailing zeros;
            for a pattern: the pattern itself, or a literal, a token or a line that it matches
not found   what the allowed text (the parent and the task) holds already
            answers of fewer than four characters, unless they stand between quotes as a literal
            (`return "17"`): as bare tokens they are everywhere by chance
            answers taken apart, encoded or spelled out: a deterministic check cannot see those
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from memento.types import Gold, Scorer

SHORT = 4
"""Answers of fewer characters are looked for between quotes only. A wide character counts twice."""

_GROUPED = r"[0-9]{1,3}(?:[,_'’][0-9]{3}|[ \u00a0\u202f][0-9]{3}(?![0-9]))+"  # noqa: RUF001 the Swiss separator
_NUMBER = re.compile(
    rf"(?<![\w.])(?:(?<!\))[-+])?(?:{_GROUPED}|[0-9]+)?(?:(?<=[0-9])|(?=\.[0-9]))(?:\.[0-9]+)?"
    r"(?:[eE][-+]?[0-9]{1,3})?(?![0-9]|\.[0-9])"
)
# Not NFKC: it would read ten squared as 102.
_ASCII = {0x2212: "-", **{0xFF10 + digit: str(digit) for digit in range(10)}}
_LITERAL = re.compile(r"(?P<quote>[\"'`])(?P<text>(?:(?!(?P=quote)).){1,200})(?P=quote)")
_STATED = re.compile(
    r"\b(?:print\s*\(|return\b|echo\b|answer(?:\s+is)?\b)[\s:=*(]*(?P<text>[^\s,;)*]+)", re.IGNORECASE
)
_LOOSE_PROBE = "a probe that no answer looks like 0"


def contains_gold(text: str, gold: Gold, *, allowed: str) -> bool:
    """Whether `text` states the gold answer and `allowed` does not."""
    return _states(text, gold) and not _states(allowed, gold)


def numbers_in(text: str) -> Iterator[Decimal]:
    """Every number that `text` states in digits, in order; separators and a sign are understood."""
    for match in _NUMBER.finditer(text.translate(_ASCII)):
        yield Decimal(re.sub(r"[,_'’ \u00a0\u202f]", "", match.group()))  # noqa: RUF001


def _states(text: str, gold: Gold) -> bool:
    if not gold.answer.strip():
        return False
    if gold.scorer is Scorer.REGEX:
        is_verbatim = len(gold.answer) >= SHORT and gold.answer in text
        return is_verbatim or _matches(text, gold.answer)
    answer = _plain(gold.answer)
    value = _value(gold.answer)
    shortest = f"{value.normalize():f}" if value is not None else answer
    if _width(shortest) < SHORT:
        return any(
            _plain(said) == answer or (value is not None and _value(said) == value) for said in _said(text)
        )
    if value is not None:  # by value only: as a token, 1234 would be found in 1234.5
        return value in numbers_in(text)
    return _has_token(_plain(text), answer)


def _said(text: str) -> Iterator[str]:
    """What `text` states on purpose: quoted literals, and what is printed, returned or called the answer."""
    for pattern in (_LITERAL, _STATED):
        for match in pattern.finditer(text):
            yield match["text"].strip().rstrip(".")


def _matches(text: str, pattern: str) -> bool:
    try:
        compiled = re.compile(pattern)
    except re.error:
        return False
    if compiled.fullmatch(_LOOSE_PROBE):
        return False  # it matches anything: nothing could be said without saying "it"
    literals = (match["text"] for match in _LITERAL.finditer(text))
    pieces = (*literals, *text.split(), *text.splitlines())
    stripped = (piece.strip().strip(".,;:()[]`\"'") for piece in pieces)
    return any(compiled.fullmatch(piece) for piece in stripped if len(piece) >= SHORT)


def _value(answer: str) -> Decimal | None:
    """The number that `answer` is, currency and per cent signs aside; None when it is anything else."""
    bare = re.sub(r"[\s$€£¥%]|\b[A-Z]{3}\b", "", answer.translate(_ASCII))
    return next(numbers_in(bare)) if _NUMBER.fullmatch(bare) else None


def _plain(text: str) -> str:
    """Compatibility forms folded, invisible characters gone, runs of space, hyphen, underscore one space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return re.sub(r"[\s_\-‐-―]+", " ", visible).strip()  # noqa: RUF001 the range of dashes


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _has_token(text: str, answer: str) -> bool:
    """`answer` in `text` with no letter or digit beside it; scripts written without spaces need none."""
    left = r"(?<!\w)" if _is_spaced(answer[0]) else ""
    right = r"(?!\w)" if _is_spaced(answer[-1]) else ""
    return re.search(f"{left}{re.escape(answer)}{right}", text) is not None


def _is_spaced(character: str) -> bool:
    code = ord(character)
    return character.isalnum() and code < 0x2E80 and not 0x0E00 <= code < 0x0F00
