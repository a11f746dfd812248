"""The true quality of a skill's script, by running it on hidden exercises with known answers.

Only a simulation can know this: it is measured beside the loop, to say whether what the gate let
through was better and what it refused was worse. Nothing of it reaches the loop.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from memento.llm.simulated.reading import KINDS
from memento.protocols import Mount, Sandbox
from memento.reflect.checkers import check
from memento.skill.security import findings
from memento.types import Exercise, Folder


def true_quality(skill: str, folder: Folder, exercises: Sequence[Exercise], sandbox: Sandbox) -> float:
    """Share of `exercises` that the skill's script answers, in [0, 1]; a dangerous text has quality -1."""
    kind = next((kind for kind in KINDS if kind.skill == skill), None)
    script = f"scripts/{kind.script}" if kind else ""
    if kind is None or script not in folder:
        return 0.0
    if findings(folder):
        return -1.0
    with tempfile.TemporaryDirectory(prefix="memento-quality-") as temporary:
        root = Path(temporary)
        (root / "script.py").write_bytes(folder[script].data)
        for exercise in exercises:
            for name, data in exercise.task.files.items():
                (root / name).write_bytes(data)
        with sandbox.open(mounts=[Mount(source=root, target="/battery")]) as session:
            place = session.path("/battery")
            solved = 0
            for exercise in exercises:
                file = f"{place}/{next(iter(exercise.task.files))}"
                arguments = [file if word == "FILE" else word for word in kind.usage.split()]
                done = session.run([*session.python, f"{place}/script.py", *arguments])
                lines = done.stdout.decode("utf-8", "replace").split("\n")
                answer = next((line for line in reversed(lines) if line.strip()), "")
                solved += exercise.gold is not None and check(answer, exercise.gold).passed
    return solved / len(exercises)
