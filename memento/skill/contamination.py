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
    r"(?:[eE][-+]?[0-9]{1,3})?(?![\w]|\.[0-9])"
)
_LITERAL = re.compile(r"(?P<quote>[\"'`])(?P<text>(?:(?!(?P=quote)).){1,200})(?P=quote)")
_LOOSE_PROBE = "a probe that no answer looks like 0"


def contains_gold(text: str, gold: Gold, *, allowed: str) -> bool:
    """Whether `text` states the gold answer and `allowed` does not."""
    return _states(text, gold) and not _states(allowed, gold)


def numbers_in(text: str) -> Iterator[Decimal]:
    """Every number that `text` states in digits, in order; separators and a sign are understood."""
    for match in _NUMBER.finditer(text.replace("\u2212", "-")):
        yield Decimal(re.sub(r"[,_'’ \u00a0\u202f]", "", match.group()))  # noqa: RUF001


def _states(text: str, gold: Gold) -> bool:
    if gold.scorer is Scorer.REGEX:
        return gold.answer in text or _matches(text, gold.answer)
    answer = _plain(gold.answer)
    if not answer:
        return False
    literals = [_plain(match["text"]) for match in _LITERAL.finditer(text)]
    values = list(numbers_in(gold.answer)) if _is_number(gold.answer) else []
    if _width(answer) < SHORT:
        same = any(value in numbers_in(literal) for value in values for literal in literals)
        return answer in literals or same
    return _has_token(_plain(text), answer) or any(value in numbers_in(text) for value in values)


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


def _is_number(answer: str) -> bool:
    bare = re.sub(r"[\s$€£¥%]|[A-Z]{3}\b", "", answer)
    return len(list(numbers_in(answer))) == 1 and _NUMBER.fullmatch(bare) is not None


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
