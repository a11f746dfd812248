"""Answers compared with gold, without a model.

    exact     equal after folding case, runs of space, compatibility forms and enclosing quotes
    numeric   the one number in the answer, within the tolerance; separators, currency and per cent
              signs are stripped. Two numbers are no answer: which one was meant?
    regex     the whole answer matches the pattern

A reason is a fixed sentence: it quotes neither side. To quote the wrong answer with the gold blotted
out would point at the gold.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from memento.errors import UsageError
from memento.skill.contamination import numbers_in
from memento.types import Gold, Scorer


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """Whether the answer is right, and how it was compared."""

    passed: bool
    reason: str


def check(answer: str | None, gold: Gold) -> Check:
    """`answer` held against `gold`. Raises UsageError when the gold itself cannot be compared with."""
    if answer is None or not answer.strip():
        return Check(passed=False, reason="The agent gave no answer.")
    match gold.scorer:
        case Scorer.EXACT:
            return _exact(answer, gold)
        case Scorer.NUMERIC:
            return _numeric(answer, gold)
        case Scorer.REGEX:
            return _regex(answer, gold)


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
    near = abs(given[0] - wanted[0]) <= Decimal(str(gold.tolerance))
    return _compared(near, "compared as a number")


def _regex(answer: str, gold: Gold) -> Check:
    try:
        pattern = re.compile(gold.answer)
    except re.error as error:
        raise UsageError(
            f"A gold answer is no regular expression ({error}); correct the task file."
        ) from None
    return _compared(pattern.fullmatch(answer.strip()) is not None, "compared with a pattern")


def _compared(same: bool, how: str) -> Check:
    return Check(passed=same, reason=f"The answer is {'right' if same else 'wrong'} ({how}).")


def _folded(text: str) -> str:
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    bare = folded.removesuffix(".").strip("\"'`“”‘’ ")  # noqa: RUF001 curly quotes are meant
    return bare or folded
