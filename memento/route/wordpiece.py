"""Text to the word pieces that the shipped embedder was trained on (BERT, uncased), without a dependency.

    controls out, Chinese characters apart -> lower case -> accents off -> words and single punctuation marks
        -> the longest known piece, then the longest known continuation ("##ing"), ... or [UNK]

A word is cut up once and remembered: requests and skills repeat their words.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LONGEST_WORD = 100
"""Characters; a longer run is one [UNK], as in the original."""
REMEMBERED = 50_000

_HAN = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f"
)
_APART = re.compile(f"([{_HAN}])")
_PLAIN = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")


@dataclass(frozen=True, kw_only=True)
class WordPiece:
    """Piece numbers of a text, between [CLS] and [SEP]."""

    pieces: Mapping[str, int]
    _words: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, vocabulary: str) -> "WordPiece":
        """From a vocabulary of one piece a line, numbered from 0."""
        return cls(pieces={piece: n for n, piece in enumerate(vocabulary.split("\n")) if piece})

    def encode(self, text: str, most: int) -> list[int]:
        """At most `most` numbers, the two marks among them."""
        found: list[int] = []
        # No piece is shorter than a character, so nothing beyond this is ever read.
        for word in _split(text[: most * (LONGEST_WORD + 1)]):
            found += self._word(word)
            if len(found) >= most - 2:
                break
        return [self.pieces["[CLS]"], *found[: most - 2], self.pieces["[SEP]"]]

    def _word(self, word: str) -> tuple[int, ...]:
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= REMEMBERED:
                self._words.clear()
            known = self._words[word] = self._cut(word)
        return known

    def _cut(self, word: str) -> tuple[int, ...]:
        unknown = (self.pieces["[UNK]"],)
        if len(word) > LONGEST_WORD:
            return unknown
        found, at = [], 0
        while at < len(word):
            mark = "##" if at else ""
            ends = (end for end in range(len(word), at, -1) if mark + word[at:end] in self.pieces)
            end = next(ends, None)
            if end is None:
                return unknown
            found.append(self.pieces[mark + word[at:end]])
            at = end
        return tuple(found)


def _split(text: str) -> Sequence[str]:
    lower = text.lower()
    if lower.isascii() and lower.isprintable():
        return _PLAIN.findall(lower)
    shown = "".join(_shown(c) for c in text)
    lower = _APART.sub(r" \1 ", shown).lower()
    bare = "".join(c for c in unicodedata.normalize("NFD", lower) if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if _is_mark(c) else c for c in bare).split()


def _shown(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if character in "\0\ufffd" or unicodedata.category(character)[0] == "C":
        return ""
    return " " if unicodedata.category(character) == "Zs" else character


def _is_mark(character: str) -> bool:
    if character.isascii():
        return not character.isalnum() and not character.isspace()
    return unicodedata.category(character)[0] == "P"
