"""GAIA's official rules, to the last oddity (the benchmark's public scorer, arXiv 2311.12983, section 4).

    gold reads as a float    the answer without `$`, `%` and `,` is the same float; an answer that is no
                             number counts as infinity
    gold holds `,` or `;`    both are split on either sign; as many elements on both sides; element by
                             element a number (as above) or text without whitespace and in lower case
    any other gold           text without whitespace and ASCII punctuation, in lower case

What follows from them and is kept: `1000` against the gold `1,000` is wrong (it is a list of two);
`1,000` against `1000` is right; a unit beside a number is wrong; a gold of `inf` takes any text; `nan`
takes nothing. An answer that is missing is not scored here: the official rules read it as the text
"None".
"""

import re
import string

_UNITS = str.maketrans("", "", "$%,")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SEPARATORS = re.compile("[,;]")


def is_correct(answer: str, gold: str) -> bool:
    """Whether `answer` is right by the official rules."""
    if _is_float(gold):
        return _number(answer) == float(gold)
    if _SEPARATORS.search(gold):
        given, wanted = _SEPARATORS.split(answer), _SEPARATORS.split(gold)
        return len(given) == len(wanted) and all(map(_is_same_element, given, wanted))
    return _squeezed(answer).translate(_PUNCTUATION) == _squeezed(gold).translate(_PUNCTUATION)


def _is_same_element(answer: str, gold: str) -> bool:
    # Punctuation stays inside a list: an element may differ from its neighbour by nothing else.
    return _number(answer) == float(gold) if _is_float(gold) else _squeezed(answer) == _squeezed(gold)


def _number(text: str) -> float:
    bare = text.translate(_UNITS)
    return float(bare) if _is_float(bare) else float("inf")


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text).lower()
