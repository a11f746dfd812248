"""The whole stage over a real connection: executor, client, loopback endpoint, sandbox."""

import json
import time

import pytest

from memento.act.conversation import Settings
from memento.act.executor import ReactExecutor
from memento.act.tools.terminal import Terminal
from memento.llm.budget import Budget, Metered
from memento.llm.client import OpenAIModel
from memento.protocols import Observation, Reply, ToolCall
from memento.testing.loopback import Fault, LoopbackServer
from memento.types import Stop, Task, Usage

pytestmark = pytest.mark.real

TASK = Task(id="t", text="How many lines?", files={"a.txt": b"1\n2\n3\n"})


def call(name, **arguments):
    return Reply(text="", tool_calls=(ToolCall(id="c", name=name, arguments=json.dumps(arguments)),))


FREE = Budget()
COUNT = call("terminal", command="wc -l < a.txt")


@pytest.fixture
def act(sandbox, shelf):
    opened = []

    def act(server, *, budget=FREE, **changes):
        settings = {"api_key": "sk-canary-123", "clock": time.monotonic, "sleep": lambda s: None, **changes}
        model = OpenAIModel(model="loopback", base_url=server.base_url, **settings)
        opened.append(model)
        executor = ReactExecutor(
            model=Metered(model, budget, clock=time.monotonic),
            sandbox=sandbox,
            tools=(Terminal(),),
            clock=time.monotonic,
            settings=Settings(most_steps=5),
        )
        return executor(Observation(task=TASK, tips="", library=shelf()), None)

    yield act
    for model in opened:
        model.close()


def test_a_task_is_solved_over_the_wire(act):
    with LoopbackServer([COUNT, call("final_answer", answer="3")]) as server:
        trajectory = act(server)
    assert (trajectory.answer, trajectory.stop) == ("3", Stop.ANSWERED)
    assert [step.output for step in trajectory.steps] == ["3"]
    assert trajectory.usage.calls == 2
    assert trajectory.usage.usd is None


def test_text_beside_calls_and_calls_of_one_reply_stay_within_the_wire_format(act):
    several = Reply(
        text="two at once",
        tool_calls=(
            ToolCall(id="a", name="terminal", arguments='{"command": "true"}'),
            ToolCall(id="b", name="teleport", arguments="{"),
        ),
    )
    with LoopbackServer([several, "3"]) as server:
        assert act(server).answer == "3"


@pytest.mark.parametrize("nothing", ["<think>hm</think>", "\u200b"])
def test_a_reply_without_an_answer_is_asked_again_within_the_wire_format(act, nothing):
    with LoopbackServer([nothing, "3"]) as server:
        assert act(server).answer == "3"


EVERY_FAULT = [
    Fault.status(401), Fault.status(404), Fault.status(400), Fault.status(429, retry_after="3600"),
    Fault.status(500), Fault.html(), Fault.truncated(), Fault.error_body(), Fault.no_choices(),
    Fault.no_content(), Fault.drop(), Fault.raw("[]"), Fault.stall(), Fault.drip(),
]  # fmt: skip


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_whatever_goes_wrong_on_the_wire_the_attempt_ends_as_a_value(act, fault):
    server = LoopbackServer([COUNT, call("final_answer", answer="3")], faults=[fault] * 9)
    with_time = {"timeout_s": 0.2, "deadline_s": 1.0, "retries": 1}
    server.start()
    trajectory = act(server, **with_time)
    server.close()
    assert (trajectory.stop, trajectory.steps, trajectory.answer) == (Stop.MODEL_ERROR, (), None)
    assert trajectory.detail.endswith(".")
    assert "sk-canary-123" not in trajectory.detail


def test_a_budget_that_runs_out_under_way_keeps_what_was_done(act):
    with LoopbackServer([COUNT]) as server:
        trajectory = act(server, budget=Budget(steps=1))
    assert trajectory.stop is Stop.BUDGET
    assert trajectory.detail == "The budget of 1 model calls is spent. Raise the budget to go on."
    assert [step.output for step in trajectory.steps] == ["3"]
    assert trajectory.usage == Usage(
        calls=1,
        input_tokens=trajectory.usage.input_tokens,
        output_tokens=trajectory.usage.output_tokens,
        usd=None,
    )
