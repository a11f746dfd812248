"""The true quality of a skill's script, by running it on hidden exercises with known answers.

Only a simulation can know this: it is measured beside the loop, to say whether what the gate let
through was better and what it refused was worse. Nothing of it reaches the loop.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from memento.llm.simulated.kinds import Kind
from memento.llm.simulated.reading import KINDS
from memento.protocols import Mount, Sandbox
from memento.reflect.checkers import check
from memento.skill.security import findings
from memento.types import Exercise, Folder

_END = "--- end of an answer ---\n"

# One interpreter for all exercises: twenty starts per measurement would take longer than the demo.
_DRIVER = f"""
import json, runpy, sys, traceback
order = json.load(sys.stdin)
for arguments in order["calls"]:
    sys.argv = [order["script"], *arguments]
    try:
        runpy.run_path(order["script"], run_name="__main__")
    except SystemExit:
        pass
    except Exception:
        traceback.print_exc()
    sys.stdout.write({_END!r})
    sys.stdout.flush()
"""


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
            calls = [_arguments(kind, place, exercise) for exercise in exercises]
            order = json.dumps({"script": f"{place}/script.py", "calls": calls})
            done = session.run([*session.python, "-c", _DRIVER], stdin=order.encode())
    answers = done.stdout.decode("utf-8", "replace").split(_END)
    solved = sum(map(_is_right, answers, exercises))
    return solved / len(exercises)


def _arguments(kind: Kind, place: str, exercise: Exercise) -> list[str]:
    file = f"{place}/{next(iter(exercise.task.files))}"
    return [file if word == "FILE" else word for word in kind.usage.split()]


def _is_right(output: str, exercise: Exercise) -> bool:
    answer = next((line for line in reversed(output.split("\n")) if line.strip()), "")
    return exercise.gold is not None and check(answer, exercise.gold).passed
