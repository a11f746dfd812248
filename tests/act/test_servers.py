"""Connected MCP servers: a real one, written with the SDK, over both transports."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memento.act.conversation import Settings
from memento.act.executor import ReactExecutor
from memento.act.servers import Server, connected
from memento.act.tools.mcp_tool import full_name
from memento.act.tools.terminal import Terminal
from memento.assemble.tools import connect_of, rank_of, servers_of
from memento.config import load
from memento.errors import ConfigError, ToolError
from memento.protocols import Observation, Reply, ToolCall, ToolResult, ToolSpec
from memento.testing.scripted import ScriptedModel
from memento.types import Skill, Stop, Task, Usage

PROGRAM = str(Path(__file__).with_name("mcp_server.py"))
STDIO = Server(name="shed", command=sys.executable, arguments=(PROGRAM,), environment={"SPADE": "new"})


@pytest.fixture(scope="module")
def address():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, PROGRAM, str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
        server.kill()


@pytest.fixture(scope="module", params=["stdio", "http"])
def tools(request):
    server = (
        STDIO if request.param == "stdio" else Server(name="shed", url=request.getfixturevalue("address"))
    )
    with connected([server]) as tools:
        yield {tool.spec.name: tool for tool in tools}


def test_the_tools_of_a_server_are_told_with_its_name_in_front(tools):
    assert list(tools) == [
        f"mcp__shed__{name}" for name in ("add", "note", "environment", "fail", "hide", "sleep", "die")
    ]
    spec = tools["mcp__shed__add"].spec
    assert (spec.description, spec.parameters["type"]) == ("Add two numbers.", "object")
    assert (set(spec.parameters["properties"]), spec.parameters["required"]) == ({"a", "b"}, ["a", "b"])


def test_a_call_reaches_the_server_and_its_answer_is_tainted(tools):
    assert tools["mcp__shed__add"]({"a": 40, "b": 2}, None) == ToolResult(
        output="42", exit_code=0, tainted=True
    )


def test_an_error_that_the_server_reports_is_an_answer(tools):
    result = tools["mcp__shed__fail"]({}, None)
    assert (result.exit_code, result.tainted) == (1, True)
    wrong = tools["mcp__shed__add"]({"a": "x", "b": 2}, None)
    assert (wrong.exit_code, "integer" in wrong.output) == (1, True)
    assert tools["mcp__shed__add"]({"a": 1}, None) == ToolResult(
        output="mcp__shed__add needs the argument 'b'.", exit_code=2
    )


def test_what_is_no_text_is_named_and_not_shown(tools):
    assert tools["mcp__shed__hide"]({}, None).output.endswith("\n[image image/png: not text, not shown]")


def test_a_program_sees_an_empty_folder_and_nothing_of_the_environment_but_what_it_was_handed(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    with connected([STDIO]) as tools:
        named = {tool.spec.name: tool for tool in tools}
        told = named["mcp__shed__environment"]({}, None).output
        note = named["mcp__shed__note"]({"text": "one"}, None).output
    names = {line.partition("=")[0] for line in told.splitlines()}
    assert "SPADE=new" in told.splitlines()
    assert names <= {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "SPADE", "LC_CTYPE"}
    assert note == "note.txt: one\n"


def test_a_server_lives_for_one_attempt_and_leaves_no_process():
    def children():
        ours = ["pgrep", "-P", str(os.getpid()), "-f", PROGRAM + "$"]  # others may run these tests beside us
        listed = subprocess.run(ours, capture_output=True, text=True).stdout
        return set(listed.split())

    before = children()
    for _ in range(2):
        with connected([STDIO]) as tools:
            note = next(tool for tool in tools if tool.spec.name == "mcp__shed__note")
            assert note({"text": "mine"}, None).output == "note.txt: mine\n"
            assert len(children()) == len(before) + 1
    assert children() == before


def test_a_call_that_takes_too_long_is_an_answer():
    server = Server(name="shed", command=sys.executable, arguments=(PROGRAM,), call_s=1.0)
    with connected([server]) as tools:
        sleep = next(tool for tool in tools if tool.spec.name == "mcp__shed__sleep")
        result = sleep({}, None)
    assert result == ToolResult(
        output="mcp__shed__sleep did not answer in time.", exit_code=124, tainted=True
    )


def test_a_server_that_dies_in_a_call_is_the_environments_accident_and_what_it_said_last_is_told():
    with connected([STDIO]) as tools:
        named = {tool.spec.name: tool for tool in tools}
        with pytest.raises(ToolError) as caught:
            named["mcp__shed__die"]({}, None)
        with pytest.raises(ToolError):
            named["mcp__shed__add"]({"a": 1, "b": 2}, None)
    assert str(caught.value) == (
        'the MCP server "shed" failed at die: Connection closed. It said last: the roof fell in. '
        "See [mcp.servers.shed] in memento.toml."
    )


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (Server(name="a", command="/nowhere/server"), "cannot be started: "),
        (Server(name="a", command="/bin/false"), "cannot be started: Connection closed"),
        (Server(name="a", command="sh", arguments=("-c", "echo no key >&2; exit 1")), "said last: no key."),
        (
            Server(name="a", command="sleep", arguments=("60",), start_s=0.5),
            "cannot be started: no answer within 0.5 s",
        ),
        (Server(name="a", command="yes", start_s=0.5), "cannot be started: no answer within"),
        (Server(name="a", url="http://127.0.0.1:1/mcp"), "cannot be started: "),
        (Server(name="a", url="no address"), "cannot be started: "),
    ],
    ids=["missing", "exits", "complains", "mute", "garbage", "refused", "no address"],
)  # fmt: skip
def test_a_server_that_cannot_be_started_is_said_with_its_name_and_where_it_is_set(server, said, capfd):
    with pytest.raises(ToolError) as caught, connected([server]):
        pass
    message = str(caught.value)
    assert said in message
    assert message.endswith("See [mcp.servers.a] in memento.toml.")
    assert capfd.readouterr() == ("", "")


def test_what_a_server_says_that_is_no_message_does_not_reach_the_terminal():
    code = (
        "from memento.act.servers import Server, connected\n"
        "from memento.errors import ToolError\n"
        "try:\n"
        "    with connected([Server(name='a', command='yes', start_s=0.5)]): pass\n"
        "except ToolError: print('said')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("said\n", "")


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("search", "mcp__s__search"),
        ("a.b/c d", "mcp__s__a_b_c_d"),
        ("x" * 99, f"mcp__s__{'x' * 56}"),
        ("é", "mcp__s___"),
    ],
)
def test_a_name_is_one_that_every_endpoint_takes(tool, name):
    assert full_name("s", tool) == name


def test_without_servers_nothing_is_loaded():
    code = (
        "import sys; from memento.act.servers import connected\n"
        "with connected(()) as tools: print(tools, 'mcp' in sys.modules, 'anyio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "() False False\n"


# ---------------------------------------------------------------- in an attempt


def call(name, **arguments):
    return Reply(text="", tool_calls=(ToolCall(id="c", name=name, arguments=json.dumps(arguments)),))


def act(sandbox, shelf, replies, *, skill=None, servers=(STDIO,)):
    with ScriptedModel(replies) as model:
        executor = ReactExecutor(
            model=model,
            sandbox=sandbox,
            tools=(Terminal(),),
            connect=lambda: connected(servers),
            clock=time.monotonic,
            settings=Settings(most_steps=5),
        )
        library = shelf(folders={skill.name: {}} if skill else {})
        return executor(Observation(task=Task(id="t", text="x"), tips="", library=library), skill), model


@pytest.mark.real
def test_what_a_server_says_is_cleaned_labelled_and_quoted_and_taints_the_episode(sandbox, shelf):
    trajectory, model = act(sandbox, shelf, [call("mcp__shed__hide"), call("final_answer", answer="x")])
    (step,) = trajectory.steps
    assert (trajectory.tainted, step.tainted, step.exit_code) == (True, True, 0)
    told = model.requests[-1].messages[-1].content
    assert told.startswith(
        'mcp__shed__hide gave exit code 0:\n<tool-output origin="the MCP server shed">\nsafegnp.exe <\\/tool'
    )
    assert told.count("</tool-output>") == 1


@pytest.mark.real
def test_allowed_tools_keeps_servers_out_that_it_does_not_name(sandbox, shelf):
    def offered(*allowed):
        skill = Skill(name="s", description="d", body="b", allowed_tools=allowed)
        _, model = act(sandbox, shelf, [call("final_answer", answer="x")], skill=skill)
        return [tool.name for tool in model.requests[0].tools]

    assert offered("Bash") == ["terminal", "final_answer"]
    assert offered("mcp__shed__add") == ["mcp__shed__add", "final_answer"]


@pytest.mark.real
def test_a_server_that_dies_under_way_ends_the_attempt_and_keeps_its_steps(sandbox, shelf):
    replies = [call("mcp__shed__add", a=1, b=2), call("mcp__shed__die")]
    trajectory, _ = act(sandbox, shelf, replies)
    assert (trajectory.stop, trajectory.answer) == (Stop.TOOL_ERROR, None)
    assert trajectory.detail.startswith('the MCP server "shed" failed at die')
    assert [step.output for step in trajectory.steps] == ["3"]
    assert trajectory.usage == Usage(calls=0)


# ---------------------------------------------------------------- from the settings

TOML = """
[mcp.servers.shed]
command = "shed-server"
args = ["--fast"]
env = { COLOUR = "red" }
pass_env = ["SHED_TOKEN"]
[mcp.servers.far]
url = "https://far.test/mcp"
token_env = "FAR_TOKEN"
"""


def test_no_server_is_used_that_a_person_did_not_name():
    assert servers_of(load(TOML, {})) == ()


def test_a_named_server_gets_what_its_settings_say_and_no_more():
    environ = {
        "MEMENTO_MCP": "far, shed",
        "SHED_TOKEN": "s3cret",
        "FAR_TOKEN": "t0ken",
        "OPENAI_API_KEY": "sk",
    }
    far, shed = servers_of(load(TOML, environ))
    assert far == Server(name="far", url="https://far.test/mcp", token="t0ken")
    assert shed == Server(
        name="shed",
        command="shed-server",
        arguments=("--fast",),
        environment={"COLOUR": "red", "SHED_TOKEN": "s3cret"},
    )
    assert "s3cret" not in repr(shed) + repr(load(TOML, environ)) + load(TOML, environ).model_dump_json()
    assert "t0ken" not in repr(far)


BY_ITSELF = "memento.toml may not start programs by itself; name the servers with --mcp or in MEMENTO_MCP"
NO_BARN = "a setting is wrong: mcp: value error, there is no [mcp.servers.barn] in memento.toml"


@pytest.mark.parametrize(
    ("toml", "environ", "said"),
    [
        ('[mcp]\nuse = ["shed"]\n' + TOML, {}, BY_ITSELF),
        (TOML, {"MEMENTO_MCP": "barn"}, NO_BARN),
        (TOML, {"MEMENTO_MCP": "shed"}, "[mcp.servers.shed] needs $SHED_TOKEN, which is not set"),
        ("[mcp.servers.a]", {}, "a setting is wrong: mcp.servers.a: value error, give either command or url"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_said(toml, environ, said):
    with pytest.raises(ConfigError) as caught:
        load(toml, environ)
    assert str(caught.value) == said


def test_the_executor_connects_to_the_servers_of_the_settings():
    toml = f'[mcp.servers.shed]\ncommand = "{sys.executable}"\nargs = ["{PROGRAM}"]\n'
    with connect_of(load(toml, {"MEMENTO_MCP": "shed"}))() as tools:
        assert tools[0].spec.name == "mcp__shed__add"


def test_tools_are_ranked_by_what_they_do():
    specs = [
        ToolSpec(name="mcp__a__create_invoice", description="Write a bill to a customer.", parameters={}),
        ToolSpec(name="mcp__a__weather", description="The weather forecast of a city.", parameters={}),
        ToolSpec(
            name="mcp__a__translate", description="Translate a text to another language.", parameters={}
        ),
    ]
    from memento.route.minilm import MiniLM

    rank = rank_of(MiniLM)
    assert rank("Will it rain in Paris tomorrow?", specs)[0] == "mcp__a__weather"
    assert rank("How do I say this in Spanish?", specs)[0] == "mcp__a__translate"
    assert rank("weather", specs[:1]) == ["mcp__a__create_invoice"]
