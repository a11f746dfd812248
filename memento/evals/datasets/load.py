"""A dataset by the name that a user gives it: gaia, hle, gym, demo, a JSONL file, a folder of tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memento.errors import UsageError
from memento.evals.datasets.hub import Hub
from memento.evals.datasets.items import Dataset, Item, made, wrong_split

GATED = {"gaia": ("gaia-benchmark/GAIA", "2023"), "hle": ("cais/hle", "data")}
NAMES = ("demo", "gaia", "gym", "hle")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which tasks are wanted. `families` and `size` are the gym's; `data` is a local copy of a gated set."""

    name: str
    split: str = "test"
    data: Path | None = None
    seed: int = 0
    size: int | None = None
    families: Sequence[str] = ()
    images: bool = False
    limit: int | None = None


def load(wanted: Wanted, hub: Hub, downloads: Path) -> Dataset:
    """The dataset that is wanted. UsageError says what is wrong with the name, the split or the copy."""
    return _whole(wanted, hub, downloads).limited(wanted.limit)


def _whole(wanted: Wanted, hub: Hub, downloads: Path) -> Dataset:
    match wanted.name:
        case "gym":
            return _gym(wanted)
        case "demo":
            return _demo(wanted)
        case "gaia":
            from memento.evals.datasets import gaia

            return gaia.load(_copy(wanted, hub, downloads), wanted.split)
        case "hle":
            from memento.evals.datasets import hle

            return hle.load(_copy(wanted, hub, downloads), wanted.split, images=wanted.images)
    return _own(Path(wanted.name), wanted.split)


def _copy(wanted: Wanted, hub: Hub, downloads: Path) -> Path:
    if wanted.data is not None:
        if not wanted.data.exists():
            raise UsageError(f"{wanted.data} does not exist. Give a local copy of {wanted.name} as --data.")
        return wanted.data
    repository, under = GATED[wanted.name]
    return hub.fetch(repository, under, downloads / wanted.name)


def _gym(wanted: Wanted) -> Dataset:
    from memento.evals.datasets import gym

    families = wanted.families or gym.DEFAULT_FAMILIES
    if tuple(families) == ("all",):
        families = gym.families()
    return gym.load(wanted.split, seed=wanted.seed, size=wanted.size or gym.DEFAULT_SIZE, families=families)


def _demo(wanted: Wanted) -> Dataset:
    """The demo's own exercises, for which the simulated model has a naive idea and much to learn."""
    from memento.evals.exercises import heldout, stream

    makers = {"train": stream, "test": heldout}
    if wanted.split not in makers:
        raise wrong_split("demo", wanted.split, makers)
    exercises = makers[wanted.split](wanted.seed)
    items = [
        Item(exercise=exercise, subject=exercise.task.id.removeprefix("heldout-").split("-")[0])
        for exercise in exercises
    ]
    return made("demo", wanted.split, items)


def _own(place: Path, split: str) -> Dataset:
    from memento.evals.datasets import harbor, own

    if place.is_dir() and harbor.is_one(place):
        return harbor.load(place.resolve(), split)
    if place.is_file():
        return own.load(place, split)
    raise UsageError(
        f"{place} is neither a dataset ({', '.join(NAMES)}), nor a JSONL file, nor a folder of tasks with "
        "task.toml."
    )
