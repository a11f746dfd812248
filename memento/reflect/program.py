"""An answer judged by a program of the task's author, in the sandbox.

    its standard input   the answer, UTF-8
    its folder           the task's files
    ends by itself       right; so does sys.exit(0)
    AssertionError       wrong; so does sys.exit(1)
    anything else        no verdict: the checker is broken, and that is not the agent's failure

The program is trusted to judge, not to run: it is confined like everything else that is executed,
because an answer that it feeds to `eval` is the agent's text. The verdict is a line that the driver
writes at the end, with a word of its own: an `os._exit(0)` on the way is no verdict.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from memento.errors import UsageError
from memento.protocols import Limits, Sandbox
from memento.sandbox.folders import scratch
from memento.types import Result, Task

LIMITS = Limits(wall_s=20.0, cpu_s=20, memory_mb=512, processes=16)

_DRIVER = """
import io, sys
word, program, answer = sys.stdin.buffer.read().split(b"\\0", 2)
sys.stdin = io.TextIOWrapper(io.BytesIO(answer), encoding="utf-8")
sys.argv = ["checker"]
said = "broken"
try:
    exec(compile(program, "checker", "exec"), {"__name__": "__main__"})
    said = "right"
except AssertionError:
    said = "wrong"
except SystemExit as end:
    said = {None: "right", 0: "right", 1: "wrong"}.get(end.code, "broken")
finally:
    sys.__stdout__.write("\\n" + word.decode() + " " + said + "\\n")
    sys.__stdout__.flush()
"""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Runs checking programs. `new_word` gives words that nobody inside can guess."""

    sandbox: Sandbox
    new_word: Callable[[], str] = lambda: secrets.token_hex(16)

    def __call__(self, program: str, answer: str, task: Task) -> Result:
        """PASSED or FAILED by the program's word, UNJUDGED without one. Raises SandboxError."""
        word = self.new_word()
        with scratch(None) as folder:
            _lay(task, folder)
            with self.sandbox.open(workspace=folder, limits=LIMITS) as session:
                stdin = b"\0".join([word.encode(), program.encode(), answer.encode("utf-8", "replace")])
                done = session.run([*session.python, "-c", _DRIVER], stdin=stdin)
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        said = [line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} ")]
        if done.timed_out or done.exit_code != 0 or len(said) != 1:
            return Result.UNJUDGED
        return {"right": Result.PASSED, "wrong": Result.FAILED}.get(said[0], Result.UNJUDGED)


def _lay(task: Task, folder: Path) -> None:
    for name, data in task.files.items():
        place = (folder / name).resolve()
        if not place.is_relative_to(folder):
            raise UsageError(f"The task's file {name!r} does not stay in its folder. Rename it.")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
