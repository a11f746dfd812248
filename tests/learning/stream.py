"""A stream of tasks as files, and the endpoint that answers it: the simulated model over real HTTP."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memento.evals.exercises import heldout, stream
from memento.llm.simulated.model import SimulatedModel
from memento.protocols import Reply
from memento.testing import wire
from memento.testing.loopback import LoopbackServer
from memento.types import Exercise

MODEL = "SIMULATED-loopback"


def tasks(count: int) -> tuple[Exercise, ...]:
    """The first `count` of the demo's tasks, of as many seeds as it takes; ids and files all differ."""
    found: list[Exercise] = []
    seed = 0
    while len(found) < count:
        found += [_renamed(exercise, f"s{seed}-") for exercise in stream(seed)]
        seed += 1
    return tuple(found[:count])


def aside(count: int) -> tuple[Exercise, ...]:
    """Held-out tasks."""
    return heldout(99)[:count]


def write(exercises: Sequence[Exercise], path: Path, gold: Mapping[str, str] | None = None) -> Path:
    """A JSONL file with the tasks' files beside it; `gold` replaces the answers of some tasks."""
    lines = []
    for exercise in exercises:
        for name, data in exercise.task.files.items():
            (path.parent / name).write_bytes(data)
        assert exercise.gold is not None
        lines.append(
            {
                "id": exercise.task.id,
                "text": exercise.task.text,
                "files": list(exercise.task.files),
                "answer": (gold or {}).get(exercise.task.id, exercise.gold.answer),
                "scorer": exercise.gold.scorer,
            }
        )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def endpoint(*, seed: int = 0, heard: Callable[[int], None] = lambda _count: None) -> LoopbackServer:
    """A server that answers as the simulated model does; `heard` is told how often it was asked before."""
    model = SimulatedModel(seed=seed, by_content=True)
    count = 0

    def answer(body: Mapping[str, Any]) -> Reply:
        nonlocal count
        count += 1
        heard(count)
        return model.complete(wire.decode(body))

    return LoopbackServer(answer, model=MODEL)


def _renamed(exercise: Exercise, prefix: str) -> Exercise:
    (name, data), *_ = exercise.task.files.items()
    text = exercise.task.text.replace(name, prefix + name)
    task = replace(exercise.task, id=prefix + exercise.task.id, text=text, files={prefix + name: data})
    return replace(exercise, task=task)
