"""`memento chat` in a real terminal (tmux) and from a pipe, against the loopback server.

Every message goes through the loop that `memento run` uses: routed, solved in the sandbox, recorded.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from threading import Event

import pytest

from memento.protocols import Reply, ToolCall
from memento.testing.loopback import LoopbackServer
from tests.cli.conftest import state_of
from tests.command import MEMENTO

pytestmark = pytest.mark.real


def answer_with(text):
    call = ToolCall(id="f", name="final_answer", arguments=json.dumps({"answer": text}))
    return Reply(text="", tool_calls=(call,))


def said_to(body):
    """The task of a request, without what was said before it."""
    user = next(m["content"] for m in body["messages"] if m["role"] == "user")
    return user.partition("<task>\n")[2].partition("\n</task>")[0]


class Endpoint:
    """Repeats what it is told; "slowly" takes minutes, "look" uses a tool first."""

    def __init__(self):
        self.asked, self.begun = [], Event()
        self.server = LoopbackServer(self.answer, pause_s=0.02)

    def answer(self, body):
        said = said_to(body)
        self.asked.append(body)
        if said == "slowly":
            self.begun.set()
            return " ".join(f"word-{i}" for i in range(5000))
        if said == "look" and body["messages"][-1]["role"] != "tool":
            call = ToolCall(id="t", name="terminal", arguments='{"command": "echo $((6*7))"}')
            return Reply(text="I look.", tool_calls=(call,))
        if said == "tempt":
            return answer_with("one \x1b]0;owned\x07 two")
        return answer_with(f"I heard: {said}")

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.close()


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint
    assert endpoint.server.problems == []


@pytest.fixture
def piped(fresh, environment, endpoint):
    """piped("a message", "/slash", options=[...]) -> the chat that reads them from a pipe."""

    def piped(*lines, options=()):
        argv = [str(MEMENTO), "chat", "--model", "loopback", "--base-url", endpoint.server.base_url, *options]
        text = "".join(f"{line}\n" for line in lines)
        return subprocess.run(
            argv, cwd=fresh, env=environment, input=text,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return piped


# ---------------------------------------------------------------- from a pipe


def test_answers_go_to_stdout_and_the_next_message_knows_what_was_said(piped, endpoint, fresh):
    before = state_of(fresh)
    ran = piped("first", '"""', "second", "of two lines", '"""')
    assert (ran.returncode, ran.stdout) == (0, "I heard: first\nI heard: second\nof two lines\n")
    last = endpoint.asked[-1]["messages"][-1]["content"]
    assert "<conversation>\nUser: first\nAssistant: I heard: first\n</conversation>" in last
    assert len(endpoint.asked) == 2, "nobody judges, and nothing is learned"
    assert state_of(fresh) == before


def test_every_turn_is_an_episode_with_its_calls_and_no_outcome(piped, fresh):
    from memento.journal import Journal
    from memento.types import Result

    piped("first", "second")
    journal = Journal(path=fresh / ".memento/journal.db")
    episodes = journal.episodes()[::-1]
    assert [(e.task.text, e.trajectory.answer, e.verdict.result, e.verdict.by) for e in episodes] == [
        ("first", "I heard: first", Result.UNJUDGED, "nobody"),
        ("second", "I heard: second", Result.UNJUDGED, "nobody"),
    ]  # fmt: skip
    for episode in episodes:
        (call,) = journal.calls.of(episode.task.id)
        assert (call.purpose, call.model, call.error, call.usage.usd) == ("act", "loopback", None, None)
        assert (call.usage.input_tokens > 0, call.seconds > 0, call.at > 0) == (True, True, True)


def test_a_chat_is_resumed_with_what_was_said(piped, endpoint):
    piped("my name is Ada")
    ran = piped("who am I?", options=["--resume"])
    assert ran.stdout == "I heard: who am I?\n"
    assert "> my name is Ada\nI heard: my name is Ada\n" in ran.stderr
    assert "User: my name is Ada" in endpoint.asked[-1]["messages"][-1]["content"]
    listed = json.loads(piped(options=["--list", "--json"]).stdout)
    assert [(one["turns"], one["first"], one["last"]) for one in listed] == [
        (2, "my name is Ada", "who am I?")
    ]
    assert f"memento chat --resume {listed[0]['id']}" in ran.stderr


def test_a_chat_that_does_not_exist_is_not_resumed(piped):
    ran = piped("x", options=["--resume", "nope"])
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "no chat nope. There is none yet." in ran.stderr


def test_turns_are_lines_of_json_when_they_are_asked_for(piped):
    ran = piped("first", "/help", "second", options=["--json"])
    turns = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [(turn["number"], turn["text"], turn["answer"], turn["stop"]) for turn in turns] == [
        (1, "first", "I heard: first", "answered"), (2, "second", "I heard: second", "answered"),
    ]  # fmt: skip


def test_slash_commands_show_what_they_promise(piped, tmp_path, endpoint):
    note = tmp_path / "note.txt"
    note.write_text("x", "utf-8")
    saved = tmp_path / "talk.md"
    ran = piped(
        "/trace", "/retry", "look", "/trace", "/usage", "/skills", "/skill files", "/skill nope", "/tips",
        f"/file {note}", "with the file", "/retry", f"/save {saved}", f"/save {saved}", "/learn maybe",
        "/learn", "/nonsense", "/new", "anew", "/quit", "never said",
    )  # fmt: skip
    assert ran.stdout == "I heard: look\nI heard: with the file\nI heard: with the file\nI heard: anew\n"
    shown = ran.stderr
    for expected in (
        "nothing was answered yet", "nothing was said yet", "step 1   terminal", "           42",
        "calls, ", "price unknown", "skill-creator", "files 1.0.0: ", "no skill nope here",
        "no tip has been learned yet", "in the workspace from now on: note.txt", f"saved as {saved}",
        f"{saved} exists; name another file", "/learn on, or /learn off", "learning is off",
        "no command /nonsense; /help lists them",
    ):  # fmt: skip
        assert expected in shown, expected
    assert saved.read_text("utf-8").count("I heard: with the file") == 1, "what was retried is there once"
    with_file = [b for b in endpoint.asked if said_to(b) == "with the file"]
    assert all("note.txt" in b["messages"][1]["content"] for b in with_file)
    assert "User:" not in endpoint.asked[-1]["messages"][1]["content"], "/new forgets"


def test_with_learning_answers_are_judged(piped, endpoint):
    piped("first", options=["--learn"])
    assert len(endpoint.asked) > 1
    assert any("JSON Schema" in json.dumps(b) or "response_format" in b for b in endpoint.asked[1:])


def test_an_accident_ends_an_answer_and_not_the_chat(piped, endpoint):
    from memento.testing.loopback import Fault

    endpoint.server.inject(Fault.status(401))
    ran = piped("first", "second")
    assert ran.stdout == "I heard: second\n"
    assert "no answer (model-error). 127.0.0.1" in ran.stderr
    assert "Check OPENAI_API_KEY" in ran.stderr
    assert "(no answer: model-error)" in endpoint.asked[-1]["messages"][-1]["content"]


# ---------------------------------------------------------------- in a terminal


class Terminal:
    """A terminal of its own, as a person sees it."""

    def __init__(self, socket, command, *, cwd, env):
        settings = socket.with_suffix(".conf")
        settings.write_text("set -g history-limit 5000\n", "utf-8")
        self.tmux = [shutil.which("tmux"), "-S", str(socket), "-f", str(settings)]
        self.env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
        inner = " ".join(f"{key}={shlex.quote(value)}" for key, value in env.items())
        self._run(
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "40",
            "-c",
            str(cwd),
            f"env -i {inner} TERM=screen {command}",
        )

    def _run(self, *argv):
        done = subprocess.run([*self.tmux, *argv], env=self.env, capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, *keys):
        self._run("send-keys", *keys)

    @property
    def screen(self):
        # -S -: with the lines that have scrolled away.
        return self._run("capture-pane", "-p", "-J", "-S", "-")

    def wait(self, pattern, seconds=120.0):
        """The screen, once it shows the pattern."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            screen = self.screen
            if re.search(pattern, screen, re.MULTILINE):
                return screen
            time.sleep(0.05)
        raise AssertionError(f"never shown: {pattern}\n{self.screen}")

    def ready(self, calls):
        """The line is shown, below it that `calls` calls were made: what is typed now is typed into it."""
        return self.wait(rf"^ loopback \| not learning \| {calls} calls \|")

    def ended(self, code):
        """The screen after the command's end with this exit code."""
        screen = self.wait(r"^ended with \d+$")
        assert f"ended with {code}\n" in screen, screen
        return screen

    def close(self):
        subprocess.run([*self.tmux, "kill-server"], env=self.env, capture_output=True, check=False)


@pytest.fixture
def terminal(fresh, environment, endpoint, tmp_path):
    opened = []

    def terminal(*argv):
        command = shlex.join(
            [str(MEMENTO), *argv, "--model", "loopback", "--base-url", endpoint.server.base_url]
        )
        # The shell outlives ^C and the command, so that the screen can be read after its end.
        kept = (
            f"sh -c {shlex.quote(f'trap : INT; {command}; code=$?; echo; echo ended with $code; sleep 600')}"
        )
        socket = tmp_path / f"tmux-{len(opened)}"
        opened.append(Terminal(socket, kept, cwd=fresh, env=environment))
        return opened[-1]

    yield terminal
    for one in opened:
        one.close()


def test_an_answer_streams_is_stopped_by_ctrl_c_and_the_chat_goes_on(terminal, endpoint, fresh):
    chat = terminal("chat")
    chat.ready(0)
    chat.type("slowly", "Enter")
    assert endpoint.begun.wait(120)
    screen = chat.wait("word-5 ")
    assert "word-4999" not in screen, "it is shown while it comes"
    chat.type("C-c")
    chat.wait("stopped; the chat goes on")
    chat.ready(1)
    chat.type("after that", "Enter")
    chat.wait("I heard: after that")
    chat.ready(2)
    context = endpoint.asked[-1]["messages"][-1]["content"]
    assert re.search(r"User: slowly\nAssistant: word-0 word-1 .*\(interrupted\)", context)
    chat.type("C-d")
    screen = chat.ended(0)
    assert "Traceback" not in screen
    (kept,) = (fresh / ".memento/chats").glob("*.jsonl")
    turns = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    assert [(turn["text"], turn["stop"]) for turn in turns] == [
        ("slowly", "interrupted"),
        ("after that", "answered"),
    ]


def test_lines_are_edited_recalled_and_may_be_many(terminal, endpoint):
    chat = terminal("chat")
    chat.ready(0)
    chat.type("helo", "Left", "l", "Enter")
    chat.wait("I heard: hello")
    chat.ready(1)
    chat.type("one\\", "Enter", "two", "Enter")
    chat.wait("I heard: one\n *two")
    chat.ready(2)
    chat.type("Up", "Up", "Up", "Enter")
    chat.wait(r"(?s)I heard: hello.*I heard: hello")
    chat.ready(3)
    chat.type("C-d")
    chat.ended(0)
    again = terminal("chat")
    again.ready(0)
    again.type("Up", "Enter")
    again.wait("I heard: hello")
    again.ready(1)
    again.type("gone", "C-c", "/quit", "Enter")
    again.ended(0)
    assert [said_to(body) for body in endpoint.asked] == ["hello", "one\ntwo", "hello", "hello"]


def test_steps_are_shown_and_an_answer_cannot_command_the_terminal(terminal):
    chat = terminal("chat")
    chat.ready(0)
    chat.type("look", "Enter")
    chat.wait("I heard: look")
    screen = chat.ready(2)
    assert re.search(r"I look\.\n +step 1 +terminal", screen)
    assert screen.count("I heard: look") == 1
    chat.type("tempt", "Enter")
    assert r"one \x1b]0;owned\x07 two" in chat.wait("two")
    chat.ready(3)
    chat.type("C-d")
    chat.ended(0)


def test_a_run_streams_is_interrupted_and_goes_on_where_it_was(terminal, endpoint):
    run = terminal("run", "slowly", "--no-learn", "--answer", "x", "--rounds", "0")
    assert endpoint.begun.wait(120)
    run.wait("word-5 ")
    run.type("C-c")
    screen = run.ended(130)
    assert "interrupted: what had landed stays, nothing is half landed" in screen
    assert re.search(r"to go on: memento run --resume run-\w+ --answer ANSWER", screen)
