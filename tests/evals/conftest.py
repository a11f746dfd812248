"""Situations of an evaluation: small sets of tasks, and records made by hand."""

from collections.abc import Callable

import pytest

from memento.evals.arms import Arm
from memento.evals.attempts import Work
from memento.evals.datasets.items import Dataset, Item, made
from memento.evals.records import Attempt, Identity, Record, key_of
from memento.testing.snapshots import MemorySnapshot
from memento.types import Exercise, Gold, Result, Sha, Stop, Task, Usage

ARM = Arm(name="library", label="a" * 40, snapshot=MemorySnapshot(commit=Sha("a" * 40)))


def item(number: int, text: str = "", **more) -> Item:
    task = Task(id=f"t{number}", text=text or f"What is {number} plus {number}?")
    return Item(exercise=Exercise(task=task, gold=Gold(answer=str(2 * number))), **more)


def dataset(n: int = 5) -> Dataset:
    return made("small", "test", [item(number) for number in range(n)])


def identity(**more) -> Identity:
    values = {
        "dataset": "small", "split": "test", "digest": "d" * 64, "tasks": 5, "model": "m", "grader": "m",
        "simulated": False, "seed": 0, "rounds": 0, "steps": 30, "tokens": 1000, "seconds": 60.0,
        "prompts": {"act": "p" * 64}, "settings": "s" * 64,
    }  # fmt: skip
    return Identity(**{**values, **more})


def attempt(result: Result = Result.PASSED, **more) -> Attempt:
    values = {
        "result": result, "stop": Stop.ANSWERED, "by": "checker", "answer": "4", "skill": "sums",
        "skill_tree": None, "score": 1.0, "confidence": None,
        "usage": Usage(calls=1, input_tokens=90, output_tokens=10, usd=0.5), "steps": 1, "seconds": 1.0,
    }  # fmt: skip
    return Attempt(**{**values, **more})


def record(task: str = "t0", *attempts: Attempt, library: str = ARM.label, **more) -> Record:
    values = {"level": "", "subject": "", "grading": Usage(), "started": 100.0, "seconds": 1.0}
    return Record(
        key=key_of(task, library, "m", 0),
        task=task,
        library=library,
        attempts=attempts or (attempt(),),
        **{**values, **more},
    )


@pytest.fixture
def work() -> Callable[[int], list[Work]]:
    return lambda n: [Work(item=one, arm=ARM) for one in dataset(n).items]
