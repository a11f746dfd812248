"""reasoning-gym (arXiv 2505.24760): tasks generated offline, as many as one wants, by families.

    train, gate, test    three streams of one seed, each `size` tasks per family

The streams are disjoint in two ways. Most families seed task number k with `seed + k`, so streams lie
further apart than they are long; and what two streams hold all the same (some families know few
questions) stays in the later one of train, gate, test only.

A family whose scorer evaluates the answer as code (eval, sympy's parser) is refused: the answer is
a model's text, and scoring happens outside the sandbox.
"""

import inspect
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from memento.errors import UsageError
from memento.evals.datasets.items import ByGym, Dataset, Item, made, wrong_split
from memento.types import Exercise, Gold, Task

if TYPE_CHECKING:
    from reasoning_gym.dataset import ProceduralDataset

NAME = "gym"
STREAMS = ("train", "gate", "test")
APART = 1_000_000
"""Seeds between two streams, and the most tasks of one."""
DEFAULT_SIZE = 10
DEFAULT_FAMILIES = (
    "simple_equations", "polynomial_equations", "base_conversion", "caesar_cipher", "group_anagrams",
    "letter_counting", "word_sorting", "chain_sum", "calendar_arithmetic", "time_intervals", "leg_counting",
    "number_sequence", "mini_sudoku", "maze", "shortest_path", "family_relationships", "syllogism",
    "knights_knaves", "simple_geometry", "coin_flip",
)  # fmt: skip
MISSING = "The gym needs reasoning-gym: pip install 'memento-skills[gym]'."
_EVALUATES = re.compile(r"\b(?:eval|exec|literal_eval|parse_expr|sympify|simplify|importlib)\b")


def load(
    split: str, *, seed: int, size: int = DEFAULT_SIZE, families: Sequence[str] = DEFAULT_FAMILIES
) -> Dataset:
    """`size` tasks of each family. UsageError for a wrong split, an unknown or a refused family."""
    if split not in STREAMS:
        raise wrong_split(NAME, split, STREAMS)
    if not 0 < size <= APART:
        raise UsageError(f"The gym makes 1 to {APART} tasks per family, not {size}.")
    items = [item for family in families for item in _family(family, split, seed, size)]
    return made(NAME, split, items)


def score(entry: ByGym, answer: str) -> float:
    """What the family's own scorer says of an answer, in [0, 1]."""
    dataset = _dataset(entry.family, entry.seed, entry.size)
    return float(dataset.score_answer(answer, dataset[entry.index]))


def _family(family: str, split: str, seed: int, size: int) -> list[Item]:
    dataset = _dataset(family, _seed(split, seed), size)
    later = STREAMS[STREAMS.index(split) + 1 :]
    taken = {entry["question"] for name in later for entry in _entries(family, _seed(name, seed), size)}
    items = []
    for index, entry in enumerate(dataset):
        if entry["question"] in taken or entry["answer"] is None:
            continue
        taken.add(entry["question"])
        task = Task(id=f"{family}-{_seed(split, seed)}-{index}", text=entry["question"])
        scored = ByGym(family=family, seed=_seed(split, seed), size=size, index=index)
        exercise = Exercise(task=task, gold=Gold(answer=str(entry["answer"])))
        items.append(Item(exercise=exercise, scored=scored, subject=_subject(dataset)))
    return items


def _seed(split: str, seed: int) -> int:
    return (len(STREAMS) * seed + STREAMS.index(split)) * APART


def _entries(family: str, seed: int, size: int) -> list[Any]:
    return list(_dataset(family, seed, size))


@cache
def _dataset(family: str, seed: int, size: int) -> "ProceduralDataset":
    try:
        import reasoning_gym
        from reasoning_gym.factory import DATASETS
    except ImportError:
        raise UsageError(MISSING) from None
    if family not in DATASETS:
        raise UsageError(
            f"reasoning-gym has no family {family!r}. `memento eval gym --families all` has all."
        )
    if not is_safe(family):
        raise UsageError(f"The scorer of {family!r} evaluates answers as code, so it is not offered here.")
    return reasoning_gym.create_dataset(family, seed=seed, size=size)


def families() -> tuple[str, ...]:
    """Every family that is offered: its scorer evaluates nothing."""
    try:
        from reasoning_gym.factory import DATASETS
    except ImportError:
        raise UsageError(MISSING) from None
    return tuple(name for name in sorted(DATASETS) if name != "composite" and is_safe(name))


def is_safe(family: str) -> bool:
    """Whether no module of the family's scorer so much as names a way to evaluate text."""
    from reasoning_gym.factory import DATASETS

    kinds = [kind for kind in DATASETS[family][0].__mro__ if kind.__module__.startswith("reasoning_gym.")]
    return not any(_EVALUATES.search(inspect.getsource(inspect.getmodule(kind) or kind)) for kind in kinds)


def _subject(dataset: "ProceduralDataset") -> str:
    return type(dataset).__module__.split(".")[1]
