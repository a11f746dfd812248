"""An answer judged by a program: three words, and only in the sandbox."""

import pytest

from memento.errors import UsageError
from memento.reflect.judge import Judging
from memento.reflect.program import Programs
from memento.sandbox.bubblewrap import Bubblewrap
from memento.testing.scripted import ScriptedModel
from memento.types import Gold, Result, Scorer, Stop, Task, Trajectory, Verdict

TASK = Task(id="t", text="Name a prime above the limit.", files={"limit.txt": b"20\n"})
PRIME = """
import pathlib, sys
n = int(sys.stdin.read())
assert n > int(pathlib.Path("limit.txt").read_text()), "too small"
assert all(n % d for d in range(2, n))
"""


def judged(answer, program=PRIME, run=None):
    with ScriptedModel([]) as model:
        judge = Judging(model=model, run=run or Programs(sandbox=Bubblewrap()))
        trajectory = Trajectory(steps=(), answer=answer, stop=Stop.ANSWERED)
        return judge(TASK, trajectory, Gold(answer=program, scorer=Scorer.PROGRAM))


@pytest.mark.real
@pytest.mark.parametrize(("answer", "result"), [("23", "passed"), ("22", "failed"), ("19", "failed")])
def test_a_program_judges_with_the_tasks_files_beside_it(answer, result):
    verdict = judged(answer)
    assert (verdict.result, verdict.by) == (Result(result), "checker")
    assert "prime" not in verdict.rationale


@pytest.mark.real
@pytest.mark.parametrize(
    "program",
    [
        "raise ValueError('mine')",
        "not python at all",
        "import os; os._exit(0)",
        "import sys; sys.exit(7)",
        "print('right')\nimport os; os._exit(0)",
        "1/0",
    ],
)
def test_a_checker_that_breaks_is_no_verdict_on_the_agent(program):
    assert judged("23", program) == Verdict(
        result=Result.UNJUDGED,
        rationale="The program that checks the answer broke: mend it in the task file.",
        by="checker",
    )


@pytest.mark.real
@pytest.mark.parametrize(("code", "result"), [(0, "passed"), (1, "failed")])
def test_a_program_may_say_it_with_its_exit_code(code, result):
    assert judged("x", f"import sys; sys.exit({code})").result is Result(result)


@pytest.mark.real
def test_a_program_runs_without_network_and_without_our_files():
    program = """
import os, socket, pathlib
assert not pathlib.Path("/root/.ssh").exists() and "HOME_SECRET" not in os.environ
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError:
    pass
else:
    raise AssertionError("there is a network")
try:
    pathlib.Path("/etc/memento-was-here").write_text("x")
except OSError:
    pass
else:
    raise AssertionError("the system can be written")
"""
    assert judged("x", program).result is Result.PASSED


def test_without_a_sandbox_a_program_is_not_run():
    with ScriptedModel([]) as model, pytest.raises(UsageError, match="no sandbox to run it in"):
        Judging(model=model)(
            TASK,
            Trajectory(steps=(), answer="23", stop=Stop.ANSWERED),
            Gold(answer=PRIME, scorer=Scorer.PROGRAM),
        )


def test_no_answer_is_a_failure_without_running_anything():
    def never(*_):
        raise AssertionError("it was run")

    assert judged("  ", run=never).result is Result.FAILED
