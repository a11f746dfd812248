"""`memento run` through the real client, over a real connection, with the whole loop behind it.

The endpoint's answers come from the simulated model, which is told nothing but what the wire carries.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from threading import Event

import pytest
from click.testing import CliRunner

from memento.cli.main import cli
from memento.evals.exercises import ledger
from memento.journal.unfinished import Unfinished, UnfinishedRuns
from memento.llm.simulated.model import SimulatedModel
from memento.protocols import Reply, ToolCall
from memento.testing import wire
from memento.testing.loopback import Fault, LoopbackServer
from memento.types import Task
from tests.cli.conftest import state_of
from tests.command import MEMENTO, Ran, run

NOWHERE = "http://127.0.0.1:9/v1"
MENDS, ERRS_FIRST = 3, 6
"""Seeds: the simulated writer mends at once; its first rewrite is one that the gate must refuse."""

PURPOSES = {
    "You are an agent that solves one task": "act",
    "You find out why an agent's attempt": "attribute",
    "You turn a failed attempt": "tip",
    "You decide whether a library": "charter",
    "You write the tests that": "exam",
}

EXERCISE = ledger(Random(5), "march", ["parentheses"])
TASK, GOLD = EXERCISE.task, EXERCISE.gold


def purpose_of(body):
    system = body["messages"][0]["content"]
    return next((purpose for words, purpose in PURPOSES.items() if system.startswith(words)), "rewrite")


class Endpoint:
    """Answers as the simulated model would; `hold` is a purpose whose calls are not answered."""

    def __init__(self, seed=MENDS, hold=None):
        self.model, self.hold = SimulatedModel(seed=seed), hold
        self.asked, self.held = [], Event()
        self.server = LoopbackServer(self.answer, api_key="sk-canary-123")

    def answer(self, body):
        purpose = purpose_of(body)
        self.asked.append(purpose)
        if purpose == self.hold:
            self.held.set()
            self.server.closed.wait(300)
        return self.model.complete(wire.decode(body, purpose=purpose))

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.close()


@pytest.fixture
def call(fresh, environment, tmp_path):
    """The command line of a run, and what it is given."""
    name = next(iter(TASK.files))
    (tmp_path / name).write_bytes(TASK.files[name])

    def call(endpoint, *more):
        url = endpoint.server.base_url
        environment["OPENAI_API_KEY"] = "sk-canary-123"
        task = ("--file", str(tmp_path / name), "--answer", GOLD.answer, "--scorer", "numeric")
        return ("run", TASK.text, *task, "--model", "loopback", "--base-url", url, *more)

    return call


def git(root, *argv):
    done = subprocess.run(["git", "-C", str(root), *argv], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_failure_becomes_a_landed_skill_and_the_retry_succeeds(call, fresh, environment, memento):
    before = git(fresh, "rev-parse", "main").strip()
    with Endpoint() as endpoint:
        ran = run(*call(endpoint), cwd=fresh, env=environment)
    assert ran.code == 0, ran.err
    assert endpoint.server.problems == []
    assert float(ran.out) == float(GOLD.answer)
    asked = list(dict.fromkeys(endpoint.asked))
    assert asked == ["act", "attribute", "tip", "charter", "exam", "rewrite"]
    told = [line.split()[0] for line in ran.err.splitlines() if line.strip()]
    assert [w for w in told if w in {"judge", "blame", "exam", "rewrite", "gate", "landed"}] == [
        "judge", "blame", "exam", "rewrite", "gate", "landed", "judge",
    ]  # fmt: skip
    assert "sk-canary-123" not in ran.out + ran.err
    trailers = git(fresh, "log", "-1", "--first-parent", "--format=%(trailers)", "main")
    for line in ("Memento-Skill: ledger-totals", "Memento-Gate: PASS", "Memento-Model: loopback"):
        assert line in trailers
    assert git(fresh, "log", "-1", "--format=%P", "main").count(" ") == 1, "a landing is a merge"
    assert git(fresh, "merge-base", before, "main").strip() == before
    assert git(fresh, "for-each-ref", "--format=%(refname)", "refs/heads").split() == ["refs/heads/main"]
    assert git(fresh, "status", "--porcelain") == ""
    assert (fresh / "skills/ledger-totals/SKILL.md").is_file()
    assert GOLD.answer not in git(fresh, "log", "-p", f"{before}..main"), "the gold answer stays out"
    assert memento("gate", "ledger-totals", cwd=fresh).code == 0


def test_a_refused_rewrite_leaves_no_trace_in_git_and_the_next_one_lands(call, fresh, environment, memento):
    with Endpoint(seed=ERRS_FIRST) as endpoint:
        ran = run(*call(endpoint), cwd=fresh, env=environment)
    assert ran.code == 0, ran.err
    assert [line.split()[0] for line in ran.err.splitlines() if line.split()[0] in {"dropped", "landed"}] == [
        "dropped", "landed",
    ]  # fmt: skip
    landings = [e for e in memento("log", "--json", cwd=fresh).json() if e["skill"]]
    assert [e["skill"] for e in landings] == ["ledger-totals"]
    assert git(fresh, "for-each-ref", "--format=%(refname)", "refs/heads").split() == ["refs/heads/main"]
    assert "tried     discarded: " in memento("show", "ledger-totals", cwd=fresh).out


def test_without_learning_nothing_changes_and_a_failure_ends_with_1(call, fresh, environment):
    before = state_of(fresh)
    with Endpoint() as endpoint:
        ran = run(*call(endpoint, "--no-learn", "--rounds", "0", "--json"), cwd=fresh, env=environment)
    assert ran.code == 1
    assert set(endpoint.asked) == {"act"}
    (episode,) = ran.json()
    assert episode["verdict"]["result"] == "failed"
    assert (episode["model"], episode["attempt"], episode["blame"]) == ("loopback", 0, None)
    assert GOLD.answer not in ran.out, "the episode of a failure does not hold the right answer"
    assert state_of(fresh) == before


def test_an_answer_of_many_lines_arrives_as_it_is_but_for_what_a_terminal_obeys(fresh, environment):
    call = ToolCall(
        id="c", name="final_answer", arguments='{"answer": "one\\n\\ttwo \\u001b[31m\\u202ethree"}'
    )
    with LoopbackServer(lambda body: Reply(text="", tool_calls=(call,))) as server:
        argv = ("run", "Say three words", "--answer", "(?s)one.*", "--scorer", "regex", "--rounds", "0",
                "--no-learn", "--model", "loopback", "--base-url", server.base_url)  # fmt: skip
        ran = run(*argv, cwd=fresh, env=environment)
    assert (ran.code, ran.out) == (0, "one\n\ttwo three\n")


def test_a_wrong_key_ends_with_4_and_is_not_repeated(call, fresh, environment):
    before = state_of(fresh)
    with Endpoint() as endpoint:
        argv = call(endpoint)
        ran = run(*argv, cwd=fresh, env={**environment, "OPENAI_API_KEY": "sk-wrong-456"})
    assert (ran.code, ran.out) == (4, "")
    assert "Check OPENAI_API_KEY" in ran.err
    assert "sk-wrong-456" not in ran.err
    assert state_of(fresh) == before


# ---------------------------------------------------------------- interrupted


def interrupted(argv, moment, *, cwd, env) -> Ran:
    """SIGINT to the whole group, as a terminal sends it, once `moment(process)` has come."""
    with subprocess.Popen(
        # Who runs these tests in the background has ^C ignored, and we would inherit it.
        ["env", "--default-signal=INT", str(MEMENTO), *argv], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        moment(process)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=300)
    return Ran(code=process.returncode, out=out.decode(), err=err.decode())


def nothing_is_half_done(root, before, memento):
    """Main is what it was, or a complete landing or tip on it; no branch stays; the next command works."""
    after = git(root, "rev-parse", "main").strip()
    assert git(root, "merge-base", before, after).strip() == before
    assert git(root, "fsck", "--no-dangling", "--strict") == ""
    assert git(root, "status", "--porcelain") == ""
    assert memento("list", "--json", cwd=root).code == 0
    assert memento("doctor", "--only", "library", cwd=root).code == 0
    subjects = git(root, "log", "--first-parent", "--format=%s", f"{before}..main").splitlines()
    assert all(subject.startswith(("tips: ", "Land ")) for subject in subjects)
    return subjects


@pytest.mark.parametrize("purpose", ["act", "rewrite"])
def test_interrupted_while_the_model_thinks_it_ends_with_130(call, fresh, environment, memento, purpose):
    before = git(fresh, "rev-parse", "main").strip()
    with Endpoint(hold=purpose) as endpoint:
        ran = interrupted(call(endpoint), lambda _: endpoint.held.wait(120), cwd=fresh, env=environment)
    assert (ran.code, ran.out) == (130, "")
    assert "Traceback" not in ran.err
    assert ran.err.endswith("interrupted: what had landed stays, nothing is half landed\n")
    assert not any(s.startswith("Land ") for s in nothing_is_half_done(fresh, before, memento))
    assert git(fresh, "for-each-ref", "refs/heads/memento") == ""


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_interrupted_during_the_gate_it_has_landed_whole_or_not_at_all(
    call, fresh, environment, memento, seconds
):
    before = git(fresh, "rev-parse", "main").strip()

    def in_the_gate(process):
        while b"rewrite " not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(seconds)

    with Endpoint() as endpoint:
        ran = interrupted(call(endpoint), in_the_gate, cwd=fresh, env=environment)
    assert ran.code in {0, 130}, ran.err
    assert "Traceback" not in ran.err
    landed = [s for s in nothing_is_half_done(fresh, before, memento) if s.startswith("Land ")]
    if landed:
        assert (fresh / "skills/ledger-totals/SKILL.md").is_file()
        assert memento("gate", "ledger-totals", cwd=fresh).code == 0


# ---------------------------------------------------------------- taken up again


def test_an_interrupted_run_goes_on_and_what_was_said_is_not_asked_again(call, fresh, environment):
    with Endpoint(hold="exam") as endpoint:
        ran = interrupted(call(endpoint), lambda _: endpoint.held.wait(120), cwd=fresh, env=environment)
    assert ran.code == 130
    (name,) = re.findall(r"to go on: memento run --resume (\S+) --answer ANSWER", ran.err)
    assert GOLD.answer not in "".join(
        f.read_text("utf-8") for f in (fresh / ".memento/runs" / name).iterdir()
    ), "the right answer is not kept"
    with Endpoint() as endpoint:
        more = ("--model", "loopback", "--base-url", endpoint.server.base_url, "--answer", GOLD.answer)
        ran = run("run", "--resume", name, *more, cwd=fresh, env=environment)
    assert ran.code == 0, ran.err
    assert float(ran.out) == float(GOLD.answer)
    assert not {"attribute", "charter"} & set(endpoint.asked), "it goes on where it was"
    assert endpoint.asked[0] == "exam"
    assert "landed " in ran.err
    assert list((fresh / ".memento/runs").iterdir()) == [], "a run that has ended leaves nothing"


def test_a_run_that_is_killed_in_a_call_does_no_call_and_pays_no_reply_again(fresh, environment):
    def says(tool, **arguments):
        return Reply(text="", tool_calls=(ToolCall(id="c", name=tool, arguments=json.dumps(arguments)),))

    home = Path(environment["HOME"])
    argv = ("--no-learn", "--rounds", "0", "--answer", "ok", "--model", "loopback")
    before = [
        says("terminal", command="echo one >>log"),
        says("terminal", command="echo two >>log; sleep 60"),
    ]
    after = [says("terminal", command="cat log"), says("final_answer", answer="ok")]
    with LoopbackServer(before) as server, subprocess.Popen(
        [str(MEMENTO), "run", "Count", *argv, "--base-url", server.base_url],
        cwd=fresh, env=environment, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        while not any(b"two" in log.read_bytes() for log in home.rglob("log")):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    with LoopbackServer(after) as server:
        ran = run(
            "run", "--resume", *argv, "--base-url", server.base_url, "--json", cwd=fresh, env=environment
        )
    assert ran.code == 0, ran.err
    one, two, look = ran.json()[0]["trajectory"]["steps"]
    assert (one["output"], look["output"].split()) == ("(no output)", ["one", "two"])
    assert two["output"].startswith("The run was interrupted during this call.")
    assert list(home.rglob("work")) == [], "a run that has ended leaves nothing"


def test_a_run_whose_endpoint_failed_is_made_again(fresh, environment):
    argv = ("run", "Say yes", "--answer", "yes", "--no-learn", "--rounds", "0", "--model", "loopback")
    with LoopbackServer([], faults=[Fault.status(401)]) as server:
        ran = run(*argv, "--base-url", server.base_url, cwd=fresh, env=environment)
    assert ran.code == 4
    assert "to go on: memento run --resume run-" in ran.err
    with LoopbackServer(["yes"]) as server:
        more = ("--answer", "yes", "--no-learn", "--model", "loopback", "--base-url", server.base_url)
        ran = run("run", "--resume", *more, cwd=fresh, env=environment)
    assert (ran.code, ran.out) == (0, "yes\n")


SHED = Path(__file__).parents[1] / "act/mcp_server.py"


def test_the_servers_that_a_person_names_bring_their_tools_and_no_others(fresh, environment):
    table = f'command = "{sys.executable}"\nargs = ["{SHED}"]\n'
    (fresh / "memento.toml").write_text(f"[mcp.servers.shed]\n{table}[mcp.servers.barn]\n{table}")
    git(fresh, "commit", "-qam", "servers")
    argv = ("run", "Add 2 and 3", "--answer", "5", "--no-learn", "--rounds", "0", "--model", "loopback")
    offered = []
    for named in ((), ("--mcp", "shed")):
        with LoopbackServer(["5"]) as server:
            ran = run(*argv, *named, "--base-url", server.base_url, cwd=fresh, env=environment)
        assert (ran.code, ran.out) == (0, "5\n"), ran.err
        names = {tool["function"]["name"] for tool in server.requests[0].body["tools"]}
        offered.append({name.rsplit("__", 1)[0] for name in names if name.startswith("mcp__")})
    assert offered == [set(), {"mcp__shed"}]


@pytest.mark.parametrize(
    "argv",
    [["run", "x"], ["chat"], ["learn", "t.jsonl"], ["eval", "t.jsonl", "--model", "simulated"]],
    ids=" ".join,
)
def test_a_server_that_the_library_does_not_know_is_not_used(fresh, monkeypatch, argv):
    monkeypatch.chdir(fresh)
    (fresh / "t.jsonl").write_text('{"id": "a", "text": "x", "answer": "y"}\n')
    done = CliRunner().invoke(cli, [*argv, "--mcp", "barn"])
    assert str(done.exception) == (
        "a setting is wrong: mcp: value error, there is no [mcp.servers.barn] in memento.toml"
    )


def test_a_run_that_another_process_is_at_is_not_taken_up(fresh, environment, tmp_path):
    runs = UnfinishedRuns(folder=fresh / ".memento/runs", workplaces=tmp_path)
    mine = Unfinished(task=Task(id="run-1", text="x"), judged=False)
    runs.keep(mine)
    with runs.held(mine):
        ran = run("run", "--resume", "--model", "m", "--base-url", NOWHERE, cwd=fresh, env=environment)
    assert (ran.code, ran.out) == (2, "")
    assert "run-1 goes on in another process." in ran.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--resume",), "nothing to resume. There is none; runs that end are not kept."),
        (("--resume", "run-x"), "no unfinished run run-x."),
        (("text", "--resume", "run-x"), "Leave out TASK and --file."),
        ((), "no task. Give its text"),
    ],
)
def test_what_cannot_be_taken_up_is_said(fresh, environment, argv, words):
    ran = run("run", *argv, "--model", "m", "--base-url", NOWHERE, cwd=fresh, env=environment)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
