"""Contamination: does the library already hold what it is examined on?

    text      twelve words in a row of a task stand in a file of a skill or in the tips (all of them, where
              the task has fewer; at least five). Words that several tasks of the set share are a form, not
              a leak, and are left out.
    answer    the gold answer stands there (skill/contamination.py), and not in the starter skills.
              A common word or number may stand there by chance: it is for a person to look at.

Nothing is removed from the score for it: the report names the tasks, so that the reader can.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from memento.evals.datasets.items import Item
from memento.protocols import Snapshot
from memento.skill.contamination import contains_gold
from memento.types import Folder

WORDS = 12
FEWEST = 5
TIPS = "tips.md"

Gram = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """Something of a task that stands in the library. `what` is "text" or "answer"."""

    task: str
    skill: str
    """The skill's name, or tips.md."""
    what: str


def leaks(
    items: Sequence[Item], library: Snapshot, *, known: str = "", others: Sequence[Item] = ()
) -> tuple[Leak, ...]:
    """What of `items` stands in `library`. `known` is text that was there before anything was learned,
    `others` are tasks of the same set, which show what in it is a form."""
    texts = dict(_texts(library))
    grams = {item.id: set(_grams(_words(item.exercise.task.text))) for item in (*items, *others)}
    shared = Counter(gram for found in grams.values() for gram in found)
    found = []
    for skill, text in texts.items():
        there = _Held.of(text)
        for item in items:
            own = {gram for gram in grams[item.id] if shared[gram] == 1}
            if there.holds_any(own):
                found.append(Leak(task=item.id, skill=skill, what="text"))
            gold = item.exercise.gold
            if gold is not None and contains_gold(text, gold, allowed=known):
                found.append(Leak(task=item.id, skill=skill, what="answer"))
    return tuple(sorted(found, key=lambda leak: (leak.task, leak.skill, leak.what)))


def text_of(files: Folder) -> str:
    """Everything that reads as text, one file after the other."""
    texts = []
    for file in files.values():
        try:
            texts.append(file.data.decode("utf-8"))
        except UnicodeDecodeError:
            continue
    return "\n".join(texts)


def _texts(library: Snapshot) -> Iterator[tuple[str, str]]:
    for name in library.names():
        yield name, text_of(library.folder(name))
    yield TIPS, library.tips()


@dataclass(frozen=True, kw_only=True)
class _Held:
    """A text's runs of words, by their length."""

    words: Sequence[str]
    grams: dict[int, frozenset[Gram]]

    @classmethod
    def of(cls, text: str) -> "_Held":
        words = _words(text)
        sizes = range(FEWEST, WORDS + 1)
        return cls(words=words, grams={n: frozenset(_runs(words, n)) for n in sizes})

    def holds_any(self, grams: Iterable[Gram]) -> bool:
        return any(gram in self.grams[len(gram)] for gram in grams)


def _grams(words: Sequence[str]) -> Iterator[Gram]:
    if len(words) >= FEWEST:
        yield from _runs(words, min(WORDS, len(words)))


def _runs(words: Sequence[str], size: int) -> Iterator[Gram]:
    return (tuple(words[i : i + size]) for i in range(len(words) - size + 1))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
