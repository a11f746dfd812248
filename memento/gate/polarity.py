"""G1: rules that prose turns round: the same sentence with "never", or with the opposite of a word.

No test without a model can tell what a sentence asks for. This sees the plainest reversals alone, and asks
a human; everything else that prose may mean is left to the evidence level, which says that nobody tried it.
"""

import re
from collections.abc import Iterator
from itertools import chain

from memento.types import Folder

_NEGATIONS = frozenset(
    [
        *("not", "never", "no", "nor", "none", "cannot", "without", "don't", "doesn't", "didn't", "isn't"),
        *("aren't", "can't", "won't", "mustn't", "shouldn't"),
    ]
)
_HELPING = frozenset({"do", "does", "did", "ever", "always"})
_OPPOSITES = (
    "first last",
    "before after",
    "ascending descending",
    "include exclude",
    "includes excludes",
    "included excluded",
    "minimum maximum",
    "smallest largest",
    "lowest highest",
    "oldest newest",
    "fewer more",
    "least most",
    "up down",
    "above below",
    "add subtract",
    "keep drop",
    "keep discard",
    "accept reject",
    "allow forbid",
    "allowed forbidden",
    "enable disable",
    "required optional",
    "must may",
    "true false",
    "public private",
)
_MEANING = {word: number for number, pair in enumerate(_OPPOSITES) for word in pair.split()}
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+|\n\s*\n|\n(?=\s*(?:[-*#|>]|\d+\.))")
_WORD = re.compile(r"[\w'-]+")

Key = tuple[str, ...]


def turned_round(before: Folder, after: Folder) -> tuple[str, ...]:
    """The new sentences that say an old one's opposite, in the Markdown of a skill."""
    old, new = _sentences(before), _sentences(after)
    gone = {_matter(text): _direction(text) for text in old if text not in new}
    return tuple(
        text
        for text in new
        if text not in old and gone.get(_matter(text), _direction(text)) != _direction(text)
    )


def _sentences(folder: Folder) -> dict[str, None]:
    """In order, with single spaces."""
    texts = (f.data.decode("utf-8", "replace") for name, f in folder.items() if name.endswith(".md"))
    parts = chain.from_iterable(_SENTENCE.split(text) for text in texts)
    return dict.fromkeys(" ".join(part.split()) for part in parts if part.strip())


def _words(text: str) -> Iterator[str]:
    return (word.casefold() for word in _WORD.findall(text.replace("’", "'")))  # noqa: RUF001 (as typeset)


def _matter(text: str) -> Key:
    """What a sentence is about, whichever way round."""
    return tuple(
        f"#{_MEANING[word]}" if word in _MEANING else word
        for word in _words(text)
        if word not in _NEGATIONS | _HELPING
    )


def _direction(text: str) -> Key:
    return tuple(word for word in _words(text) if word in _NEGATIONS or word in _MEANING)
