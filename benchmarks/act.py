"""How much time the agent takes beside its model and its tools.

    own_ms_per_step              one step without model and tool: messages, hashes, prompts, records
    five_step_overhead_ms        a task of five model calls, four commands in bubblewrap and an answer, less
                                 the same five calls by the bare SDK
    mini_swe_agent_overhead_ms   the same for mini-swe-agent, its commands by subprocess on the bare host
    bwrap_ms                     `true` in an open bubblewrap session
    docker_exec_ms               `true` in a warm container; null without an engine

The model is a loopback endpoint in a process of its own that answers at once. All are medians of one run.

mini-swe-agent needs an environment of its own, because its client wants an older openai package:

    python -m venv mini && mini/bin/pip install mini-swe-agent mcp
    python benchmarks/act.py --mini-swe-agent mini/bin/python
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from memento.act.conversation import Settings
from memento.act.executor import ReactExecutor
from memento.act.tools.terminal import Terminal
from memento.errors import SandboxError
from memento.llm.client import OpenAIModel
from memento.protocols import Observation, Reply, Sandbox, SandboxSession, ToolCall, ToolResult, ToolSpec
from memento.route.tools import toolset
from memento.sandbox.bubblewrap import Bubblewrap
from memento.sandbox.docker import Docker
from memento.testing.loopback import LoopbackServer
from memento.testing.scripted import ScriptedModel
from memento.types import Stop, Task

RUNS = 15
STEPS = 5
MANY_STEPS = 25
KEY = "none"
TASK = Task(id="t", text="What is six times seven?")

MINI = """
import json, logging, os, sys, time
os.environ.update(MSWEA_SILENT_STARTUP="1", MSWEA_CONFIGURED="1", LITELLM_LOCAL_MODEL_COST_MAP="True")
from minisweagent.agents.default import DefaultAgent
from minisweagent.environments.local import LocalEnvironment
from minisweagent.models.litellm_model import LitellmModel
logging.disable(logging.CRITICAL)
seconds = []
for _ in range(int(sys.argv[2]) + 1):
    model = LitellmModel(
        model_name="openai/loopback",
        cost_tracking="ignore_errors",
        model_kwargs={"api_base": sys.argv[1], "api_key": "none"},
    )
    templates = {"system_template": "You solve a task.", "instance_template": "{{task}}"}
    agent = DefaultAgent(model, LocalEnvironment(), **templates)
    begun = time.perf_counter()
    ended = agent.run("What is six times seven?")
    seconds.append(time.perf_counter() - begun)
    assert ended["exit_status"] == "Submitted" and agent.n_calls == 5, ended
print(json.dumps(seconds[1:]))
"""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What is measured, in milliseconds; None where a part is not there."""

    own_ms_per_step: float
    five_step_overhead_ms: float
    mini_swe_agent_overhead_ms: float | None
    bwrap_ms: float
    docker_exec_ms: float | None
    five_sdk_calls_ms: float


class Instant:
    """A tool that does nothing."""

    spec = ToolSpec(
        name="terminal",
        description="Run a command.",
        parameters={"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
    )

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        del session
        return ToolResult(output=f"{arguments['command']}\n" * 20, exit_code=0)


def said(body: Mapping[str, Any]) -> Reply:
    """The endpoint's answer: a command, and at the fifth call the end, in the words of who asks."""
    number = sum(message["role"] == "tool" for message in body["messages"]) + 1
    names = {tool["function"]["name"] for tool in body.get("tools", ())}
    mini = "bash" in names
    arguments = {"command": f"echo {number}"}
    name = "bash" if mini else "terminal"
    if number == STEPS and mini:
        arguments = {"command": "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT; echo 42"}
    elif number == STEPS:
        name, arguments = "final_answer", {"answer": "42"}
    return Reply(text="", tool_calls=(ToolCall(id=f"c{number}", name=name, arguments=json.dumps(arguments)),))


def serve() -> None:
    """The loopback endpoint until standard input ends; its address is the first line printed."""
    server = LoopbackServer(said).start()
    print(server.base_url, flush=True)
    sys.stdin.read()
    server.close()


@contextmanager
def endpoint() -> Iterator[str]:
    """A loopback endpoint in a process of its own, so that it does not share our interpreter's lock."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def median_ms(action: Callable[[], object], runs: int = RUNS) -> float:
    """The median of `runs` calls after one that does not count."""
    action()
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begun)
    return 1000 * statistics.median(seconds)


def own_ms() -> float:
    """One attempt of many steps with an instant model and an instant tool, per step."""
    number = count()

    def call(_: object) -> Reply:
        arguments = json.dumps({"command": f"echo {next(number)}"})
        return Reply(text="I look.", tool_calls=(ToolCall(id="c", name="terminal", arguments=arguments),))

    def attempt(sandbox: Sandbox) -> float:
        model = ScriptedModel([*[call] * MANY_STEPS, "42"])
        steps: list[float] = []
        executor = ReactExecutor(
            model=model,
            sandbox=sandbox,
            tools=(Instant(),),
            clock=time.monotonic,
            settings=Settings(most_steps=MANY_STEPS + 1),
            on_step=lambda _: steps.append(time.perf_counter()),
        )
        ended = executor(Observation(task=TASK, tips="", library=toolset(())), None)
        assert ended.stop is Stop.ANSWERED, ended
        # From the first step to the last: opening the sandbox is not a step.
        return 1000 * (steps[-1] - steps[0]) / (len(steps) - 1)

    return statistics.median(attempt(Bubblewrap()) for _ in range(RUNS))


def raw_ms(base_url: str) -> float:
    """The five calls by the bare SDK: one client, kept, and the messages that an agent would send."""
    from openai import OpenAI

    spec = Terminal().spec
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    tools: Any = [{"type": "function", "function": function}]
    with OpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:

        def five() -> None:
            messages: Any = [{"role": "user", "content": TASK.text}]
            for _ in range(STEPS):
                answer = client.chat.completions.create(model="loopback", messages=messages, tools=tools)
                message = answer.choices[0].message
                messages.append(message.model_dump(exclude_none=True))
                for call in message.tool_calls or ():
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": "1"})

        return median_ms(five)


def ours_ms(base_url: str) -> float:
    """The whole task by our executor, with the terminal in bubblewrap."""
    model = OpenAIModel(
        model="loopback", base_url=base_url, api_key=KEY, clock=time.monotonic, sleep=time.sleep
    )
    executor = ReactExecutor(model=model, sandbox=Bubblewrap(), tools=(Terminal(),), clock=time.monotonic)

    def task() -> None:
        ended = executor(Observation(task=TASK, tips="", library=toolset(())), None)
        assert (ended.answer, len(ended.steps)) == ("42", STEPS - 1), ended

    return median_ms(task)


def mini_ms(python: str | None, base_url: str) -> float | None:
    """The whole task by mini-swe-agent, run by `python`; None when it is not installed there."""
    interpreter = python or sys.executable
    there = subprocess.run([interpreter, "-c", "import minisweagent.agents.default"], capture_output=True)
    if there.returncode:
        return None
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [interpreter, "-c", MINI, base_url, str(RUNS)],
            env={**os.environ, "HOME": home, "MSWEA_GLOBAL_CONFIG_DIR": home},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds: list[float] = json.loads(done.stdout.splitlines()[-1])
    return 1000 * statistics.median(seconds)


def command_ms(sandbox: Sandbox) -> float:
    with sandbox.open() as session:
        return median_ms(lambda: session.run(["true"]), runs=2 * RUNS)


def docker_ms() -> float | None:
    image = os.environ.get("MEMENTO_SANDBOX_IMAGE") or os.environ.get("MEMENTO_TEST_IMAGE")
    try:
        return command_ms(Docker.connect(os.environ, image=image))
    except SandboxError:
        return None


def measured(python: str | None) -> Figures:
    with endpoint() as base_url:
        raw, ours, mini = raw_ms(base_url), ours_ms(base_url), mini_ms(python, base_url)
    return Figures(
        own_ms_per_step=own_ms(),
        five_step_overhead_ms=ours - raw,
        mini_swe_agent_overhead_ms=None if mini is None else mini - raw,
        bwrap_ms=command_ms(Bubblewrap()),
        docker_exec_ms=docker_ms(),
        five_sdk_calls_ms=raw,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--mini-swe-agent", metavar="PYTHON", help="an interpreter that has mini-swe-agent")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve()
    figures = {
        name: value if value is None else round(value, 2)
        for name, value in asdict(measured(options.mini_swe_agent)).items()
    }
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:28} {'not there' if value is None else f'{value:8.2f}'}")
    return None


if __name__ == "__main__":
    main()
