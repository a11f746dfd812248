"""inspect_ai runs a library as its solver, with its mock model; run by `make inspect-test`."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import inspect_ai
import pytest
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match

import memento
from memento.evals.inspect_bridge import messages_of, reply_of
from memento.inspect_solver import library
from memento.library import Library
from memento.protocols import Message, ToolCall

BIN = Path(sys.executable).parent


@pytest.fixture
def root(tmp_path) -> Path:
    made = Library.init(tmp_path / "library", now=lambda: 1760000000.0, ids=lambda: "x", durable=False)
    return made.root


def calls(function: str, **arguments) -> ModelOutput:
    output = ModelOutput.for_tool_call("mockllm/model", function, arguments)
    # Without a count inspect fetches a tokenizer from the network to make one.
    output.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
    return output


@pytest.mark.real
def test_inspect_solves_a_sample_with_the_library_and_scores_it(root, tmp_path):
    asked = []

    def answer(messages, tools, tool_choice, config):
        asked.append((list(messages), [tool.name for tool in tools]))
        if len(asked) == 1:
            return calls("terminal", command="echo $((6 * 7))")
        return calls("final_answer", answer="42")

    logs = inspect_ai.eval(
        Task(dataset=[Sample(input="What is six times seven?", target="42")], scorer=match(),
             solver=library(str(root), sandbox="bubblewrap")),
        model=get_model("mockllm/model", custom_outputs=answer),
        log_dir=str(tmp_path / "logs"), display="none",
    )  # fmt: skip
    (log,) = logs
    assert log.status == "success", log.error
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
    (sample,) = log.samples
    assert sample.output.completion == "42"
    told = sample.metadata["memento"]
    assert (told["stop"], told["steps"], len(told["library"])) == ("answered", 1, 40)
    messages, tools = asked[1]
    assert {"terminal", "final_answer"} <= set(tools)
    assert [message.role for message in messages] == ["system", "user", "assistant", "tool"]
    assert "42" in messages[3].text
    assert Library.open(root, now=lambda: 1760000000.0, ids=lambda: "y").tip() == told["library"]


def test_calls_and_their_answers_keep_their_ids_and_arguments_both_ways():
    call = ToolCall(id="c1", name="terminal", arguments='{"command": "ls"}')
    theirs = messages_of(
        [
            Message(role="system", content="s"),
            Message(role="user", content="u"),
            Message(role="assistant", content="", tool_calls=(call,)),
            Message(role="tool", content="out", tool_call_id="c1"),
        ]
    )
    assert [message.role for message in theirs] == ["system", "user", "assistant", "tool"]
    assert theirs[2].tool_calls[0].arguments == {"command": "ls"}
    assert theirs[3].tool_call_id == "c1"
    reply = reply_of(calls("terminal", command="ls"))
    assert [(c.name, json.loads(c.arguments)) for c in reply.tool_calls] == [("terminal", {"command": "ls"})]


TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes

SAID = ModelOutput.from_content("mockllm/model", "hello")
SAID.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)


@task
def greeting():
    model = get_model("mockllm/model", custom_outputs=[SAID])
    return Task(dataset=[Sample(input="Say the word.", target="hello")], scorer=includes(), model=model)
"""


@pytest.mark.real
def test_the_solver_is_found_by_its_name_on_the_command_line(root, tmp_path):
    (tmp_path / "greeting.py").write_text(TASK)
    # inspect names a solver by its package when it lies in a folder of that name, as installed ones do.
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "memento").symlink_to(Path(memento.__file__).parent)
    done = subprocess.run(
        [BIN / "inspect", "eval", "greeting.py", "--solver", "memento/library", "-S", f"path={root}",
         "-S", "sandbox=bubblewrap", "--display", "plain"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(installed)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "accuracy" in done.stdout
    assert re.search(r"accuracy\s+1\.0", done.stdout), done.stdout
