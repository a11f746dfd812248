"""A dataset as values: items in a fixed order, and how an answer to each is scored.

A split that a set does not bring is made: `train` and `test` are cut from the answered tasks, per
level or subject, in an order that follows from the tasks' ids alone. Which task is in which split
never depends on a seed, a limit or the order of a file.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from memento.errors import UsageError
from memento.types import Exercise, Folder

TRAIN_SHARE = 0.6
"""Of the tasks of each level or subject; near the 100 and 65 into which the paper cuts GAIA's 165."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ByGold:
    """The task's own gold answer and its scorer (reflect/checkers.py); a rubric where there is no gold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ByGaia:
    """GAIA's official rules (scoring/gaia.py)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ByHle:
    """HLE's judge, a model (scoring/hle.py)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ByGym:
    """reasoning-gym's own scorer: the entry is made again from these four."""

    family: str
    seed: int
    size: int
    index: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ByTests:
    """A script that looks at the workspace the agent left behind, run in the sandbox (scoring/tests.py)."""

    tests: Folder
    timeout_s: float


Scored = ByGold | ByGaia | ByHle | ByGym | ByTests


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One task of a dataset with its gold answer, where it stands, and how it is scored."""

    exercise: Exercise
    scored: Scored = ByGold()
    level: str = ""
    subject: str = ""

    @property
    def id(self) -> str:
        return self.exercise.task.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """One split of a dataset. `digest` (SHA-256) changes with any task, file, answer or level."""

    name: str
    split: str
    items: tuple[Item, ...] = field(repr=False)
    digest: str
    others: tuple[Item, ...] = field(default=(), repr=False)
    """Items of the split that a limit leaves out."""

    def limited(self, limit: int | None) -> "Dataset":
        """At most `limit` items, spread over the whole set in an order that follows from the ids."""
        if limit is None or limit >= len(self.items):
            return self
        chosen = {item.id for item in sorted(self.items, key=_rank)[:limit]}
        kept = made(self.name, self.split, (item for item in self.items if item.id in chosen))
        return replace(kept, others=tuple(item for item in self.items if item.id not in chosen))


def made(name: str, split: str, items: Iterable[Item]) -> Dataset:
    """A dataset of `items`. UsageError when there is none or an id comes twice."""
    found = tuple(items)
    if not found:
        raise UsageError(f"{name} has no task in its split {split}.")
    seen: set[str] = set()
    for item in found:
        if item.id in seen:
            raise UsageError(f"{name} has two tasks with the id {item.id!r}. Give each its own.")
        seen.add(item.id)
    return Dataset(name=name, split=split, items=found, digest=digest(found))


def digest(items: Iterable[Item]) -> str:
    """SHA-256 of all that decides a result: ids, texts, files, answers, scorers, levels, subjects."""
    sum_ = hashlib.sha256()
    for item in items:
        task, gold = item.exercise.task, item.exercise.gold
        parts: list[object] = [task.id, task.text, item.level, item.subject, gold]
        parts += [(name, hashlib.sha256(data).hexdigest()) for name, data in sorted(task.files.items())]
        scored = item.scored
        if isinstance(scored, ByTests):
            parts += [
                (name, hashlib.sha256(file.data).hexdigest()) for name, file in sorted(scored.tests.items())
            ]
            parts.append(scored.timeout_s)
        else:
            parts.append(scored)
        for part in parts:
            data = repr(part).encode()
            sum_.update(len(data).to_bytes(8, "big") + data)
    return sum_.hexdigest()


def cut(items: Sequence[Item], split: str, stratum: Callable[[Item], str]) -> tuple[Item, ...]:
    """The `train` or `test` part of `items`, per stratum, in their order."""
    train: set[str] = set()
    for name in {stratum(item) for item in items}:
        ranked = sorted((item for item in items if stratum(item) == name), key=_rank)
        train |= {item.id for item in ranked[: round(TRAIN_SHARE * len(ranked))]}
    return tuple(item for item in items if (item.id in train) == (split == "train"))


def wrong_split(name: str, split: str, known: Iterable[str]) -> UsageError:
    """The error for a split that a dataset does not have."""
    return UsageError(f"{name} has no split {split!r}; it has {', '.join(known)}. Give one as --split.")


def with_text(item: Item, addition: str) -> Item:
    """The same item with a paragraph after its task's text."""
    task = replace(item.exercise.task, text=f"{item.exercise.task.text.rstrip()}\n\n{addition}")
    return replace(item, exercise=replace(item.exercise, task=task))


def _rank(item: Item) -> str:
    return hashlib.sha256(f"memento split {item.id}".encode()).hexdigest()
