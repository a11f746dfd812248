"""An attempt that was interrupted anywhere goes on: nothing is asked, paid or done twice."""

import json
from dataclasses import dataclass, field

import pytest

from memento.act.conversation import Settings
from memento.act.executor import ReactExecutor
from memento.act.places import INTERRUPTED, INTERRUPTED_CODE, KeptPlaces
from memento.act.tools.terminal import Terminal
from memento.llm.replay import Replayed
from memento.protocols import Observation, Reply, ToolCall, ToolResult, ToolSpec
from memento.sandbox.host import Host
from memento.testing.scripted import ScriptedModel
from memento.types import Step, Stop, Task, Usage


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours handles it."""


@dataclass
class Bell:
    """A tool whose effect stays when the process does not; it dies before or after its `die_at`-th ring."""

    rung: list[str]
    die_at: int = 0
    late: bool = False
    spec: ToolSpec = field(default=ToolSpec(name="ring", description="Rings.", parameters={}))

    def __call__(self, arguments, session):
        if len(self.rung) + 1 == self.die_at and not self.late:
            raise Killed
        self.rung.append(arguments["for"])
        session.run(["/bin/sh", "-c", f"echo {arguments['for']} >>rung"])
        if len(self.rung) == self.die_at:
            raise Killed
        return ToolResult(output=f"rang for {arguments['for']}", exit_code=0, tainted=True)


def call(tool, **arguments):
    return ToolCall(id="c", name=tool, arguments=json.dumps(arguments))


def says(*calls):
    return Reply(text="", tool_calls=calls, usage=Usage(calls=1, input_tokens=10, output_tokens=5))


RING = says(call("ring", **{"for": "ann"}), call("ring", **{"for": "bob"}))
LAST = says(call("ring", **{"for": "cid"}))
LOOK = says(call("terminal", command="cat rung"))
DONE = says(call("final_answer", answer="done"))


@pytest.fixture
def attempt(tmp_path, shelf):
    """One start of the process: how it went, and what the model was asked in it."""

    def attempt(replies, bell, *, task="Ring", number=0, name="m", **settings):
        places = KeptPlaces(folder=tmp_path / "places", number=number)
        with ScriptedModel(replies, name=name) as model:
            executor = ReactExecutor(
                model=Replayed(model=model, path=tmp_path / "replies", part=lambda: places.number),
                sandbox=Host(),
                tools=(bell, Terminal()),
                clock=lambda: 0.0,
                place=places,
                settings=Settings(**settings),
            )
            x = Observation(task=Task(id="t", text=task, files={"f": b""}), tips="", library=shelf())
            try:
                return executor(x, None), model.requests
            except Killed:
                return None, model.requests

    return attempt


@pytest.mark.parametrize(
    ("die_at", "late", "rung", "paid", "left"),
    [
        (1, False, ["bob", "cid"], [RING], [LAST, LOOK, DONE]),
        (1, True, ["ann", "bob", "cid"], [RING], [LAST, LOOK, DONE]),
        (2, False, ["ann", "cid"], [RING], [LAST, LOOK, DONE]),
        (2, True, ["ann", "bob", "cid"], [RING], [LAST, LOOK, DONE]),
        (3, False, ["ann", "bob"], [RING, LAST], [LOOK, DONE]),
        (3, True, ["ann", "bob", "cid"], [RING, LAST], [LOOK, DONE]),
    ],
)
def test_killed_in_a_call_it_goes_on_behind_that_call(attempt, die_at, late, rung, paid, left):
    bell = Bell([], die_at, late)
    assert attempt(paid, bell)[0] is None
    bell.die_at = 0
    trajectory, asked = attempt(left, bell)
    assert (trajectory.stop, trajectory.answer) == (Stop.ANSWERED, "done")
    assert bell.rung == rung, "no call is made twice"
    *rings, look = trajectory.steps
    assert look.output.split() == rung, "the workspace is the one that the calls wrote to"
    unknown = (INTERRUPTED, INTERRUPTED_CODE, False)
    known = [(f"rang for {name}", 0, True) for name in ("ann", "bob", "cid")]
    known[die_at - 1] = unknown
    assert [(s.output, s.exit_code, s.tainted) for s in rings] == known
    assert len(asked) == len(left), "no reply is paid twice"
    assert trajectory.usage == Usage(
        calls=len(left), input_tokens=10 * len(left), output_tokens=5 * len(left)
    )


def test_a_call_whose_end_is_unknown_stays_so_however_often_the_run_goes_on(attempt):
    bell = Bell([], 2)
    for replies in ([RING], [LAST]):
        assert attempt(replies, bell)[0] is None
    bell.die_at = 0
    trajectory, _ = attempt([DONE], bell)
    assert [step.exit_code for step in trajectory.steps] == [0, INTERRUPTED_CODE, INTERRUPTED_CODE]
    assert bell.rung == ["ann"]


def test_what_the_agent_found_of_its_tools_is_still_offered(attempt):
    bell, find = Bell([], 1, late=True), says(call("find_tools", query="ring a bell"))
    attempt([find, RING], bell, most_tools=1)
    bell.die_at = 0
    trajectory, asked = attempt([DONE], bell, most_tools=1)
    assert [step.tool for step in trajectory.steps] == ["find_tools", "ring", "ring"]
    assert bell.rung == ["ann", "bob"]
    assert {tool.name for tool in asked[0].tools} == {"terminal", "ring", "final_answer"}


@pytest.mark.parametrize("change", [{"task": "Ring again"}, {"name": "another"}, {"number": 1}])
def test_what_begins_otherwise_begins_in_an_empty_workspace(attempt, change):
    bell = Bell([], 3)
    attempt([RING, LAST], bell)
    bell.die_at = 0
    trajectory, _ = attempt([LOOK, DONE], bell, **change)
    assert [step.exit_code for step in trajectory.steps] == [1]


def test_a_line_that_a_kill_cut_short_is_a_call_that_has_not_ended(attempt, tmp_path):
    bell = Bell([])
    attempt([RING, DONE], bell)
    record = tmp_path / "places/0/calls.jsonl"
    record.write_bytes(record.read_bytes()[:-9])
    for replies in ([DONE], []):
        trajectory, _ = attempt(replies, bell)
        assert [step.exit_code for step in trajectory.steps] == [0, INTERRUPTED_CODE]
    assert bell.rung == ["ann", "bob"]


def test_once_the_model_asks_for_something_else_the_rest_of_the_record_is_void(attempt, tmp_path):
    bell = Bell([])
    attempt([RING, DONE], bell)
    (tmp_path / "replies").unlink()
    other = says(call("ring", **{"for": "dot"}), call("ring", **{"for": "bob"}))
    trajectory, _ = attempt([other, DONE], bell)
    assert bell.rung == ["ann", "bob", "dot", "bob"]
    assert [type(step) for step in trajectory.steps] == [Step, Step]
