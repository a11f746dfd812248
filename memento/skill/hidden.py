"""Characters that a reviewer does not see, or takes for others.

hidden      format, control and private characters, half surrogates, line and paragraph separators,
            letters and marks that show nothing, selectors that nothing shows
let through a byte-order mark at the start; joiners inside an emoji or between letters of a script that
            needs them (Persian, Hindi); one selector after a visible character
mixed       Latin and Cyrillic, Armenian or Cherokee letters in one word: look-alikes. Greek stays: Δx
"""

import re
import unicodedata
from collections.abc import Iterator

_JOINERS = "\u200c\u200d"
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_HIDDEN = frozenset({"Cf", "Cc", "Co", "Cs", "Zl", "Zp"})
_WORD = re.compile(r"[^\W\d_]+")
_LATIN, _ALIKE = "LATIN ", ("CYRILLIC ", "ARMENIAN ", "CHEROKEE ")


def hidden(text: str) -> Iterator[tuple[int, str]]:
    """The first of each line: its number and the character, as "U+200B"."""
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.removeprefix("\ufeff") if number == 1 else line
        bare = bare.removesuffix("\r").replace("\t", " ")
        if bare.isascii() and bare.isprintable():
            continue
        found = next((c for at, c in enumerate(bare) if _is_hidden(bare, at)), None)
        if found is not None:
            yield number, f"U+{ord(found):04X}"


def mixed(text: str) -> Iterator[tuple[int, str]]:
    """Words of mixed alphabets, with their offset."""
    if text.isascii():
        return
    for word in _WORD.finditer(text):
        if word[0].isascii():
            continue
        names = [unicodedata.name(character, "") for character in word[0]]
        if any(n.startswith(_LATIN) for n in names) and any(n.startswith(_ALIKE) for n in names):
            yield word.start(), word[0]


def _is_hidden(line: str, at: int) -> bool:
    character = line[at]
    if character.isascii():
        return not character.isprintable()
    before, after = line[at - 1] if at else " ", line[at + 1] if at + 1 < len(line) else " "
    if character in _JOINERS:
        return not (_joins(before) and _joins(after))
    if _is_selector(character):
        return ord(character) > 0xFE0F or before.isspace() or _is_selector(before)
    return character in _BLANK or unicodedata.category(character) in _HIDDEN


def _is_selector(character: str) -> bool:
    return 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF


def _joins(character: str) -> bool:
    """Whether a joiner beside it has a use: emoji, their modifiers, letters without case."""
    return _is_selector(character) or unicodedata.category(character) in {"So", "Sk", "Lo", "Mn", "Mc"}
