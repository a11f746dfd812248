"""Each accident: one clear sentence with the fix on stderr, its exit code, and an unchanged library."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from memento.testing.loopback import Fault, LoopbackServer
from tests.cli.conftest import state_of
from tests.command import MEMENTO

NOWHERE = "http://127.0.0.1:9/v1"


def refused(ran, code, *words):
    """The command ended with `code`, printed no data, and said `words` on stderr without a traceback."""
    assert (ran.code, ran.out) == (code, "")
    assert "Traceback" not in ran.err
    assert ran.err.startswith(("memento: ", "Usage: ", "task run-", "  model    "))
    for word in words:
        assert word in ran.err


@pytest.fixture
def path_without(tmp_path, environment):
    """PATH of the person's programs, without some of them; more may be put in its folder."""

    def path_without(*missing):
        folder = tmp_path / "programs"
        folder.mkdir()
        for place in reversed(environment["PATH"].split(":")):
            for program in Path(place).glob("*") if Path(place).is_dir() else ():
                link = folder / program.name
                if program.name not in missing and program.is_file():
                    link.unlink(missing_ok=True)
                    link.symlink_to(program)
        return folder

    return path_without


def script(path, text):
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("task", "words"),
    [("@missing.txt", "missing.txt: No such file"), ("@.", "Is a directory"), ("@binary", "not UTF-8"),
     ("", "the task is empty"), (" \n", "the task is empty")],
)  # fmt: skip
def test_a_task_that_cannot_be_read(memento, fresh, task, words):
    (fresh / "binary").write_bytes(b"\xff\xfe\x00")
    before = state_of(fresh)
    refused(memento("run", task, "--model", "m", "--base-url", NOWHERE, cwd=fresh), 2, words)
    assert state_of(fresh) == before


def test_files_that_cannot_be_laid_into_the_workspace(memento, fresh, tmp_path):
    (tmp_path / "README").write_text("one", "utf-8")
    (fresh / "README").write_text("two", "utf-8")
    call = ("run", "x", "--model", "m", "--base-url", NOWHERE)
    refused(memento(*call, "--file", "nothing.csv", cwd=fresh), 2, "cannot read nothing.csv", "Check")
    twice = memento(*call, "--file", "README", "--file", "../README", cwd=fresh)
    refused(twice, 2, "two files are called README", "Rename one")


COMMANDS = [["list"], ["log"], ["show", "x"], ["diff", "x"], ["route", "x"], ["gate"], ["rollback", "x"],
            ["run", "x"]]  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_outside_a_library_every_command_says_how_to_make_one(memento, tmp_path, arguments):
    refused(memento(*arguments), 2, "There is no library in", "`memento init DIR`", "MEMENTO_LIBRARY")
    folder = tmp_path / "plain"
    folder.mkdir()
    ran = memento(*arguments, "--library", folder)
    refused(ran, 2, f"{folder} is not a git repository", "`memento init")
    assert list(folder.iterdir()) == []


def test_a_broken_skill_is_listed_with_the_reason_and_the_others_go_on(memento, make_library, git):
    root = make_library("broken").root
    (root / "skills/greeter/SKILL.md").write_text("---\nname: [\n---\nhello\n", "utf-8")
    git("commit", "-qam", "Break it", cwd=root)
    rows = {row["name"]: row for row in memento("list", "--json", cwd=root).json()}
    assert rows["ledger-totals"]["problem"] is None
    assert rows["greeter"]["problem"]
    assert "unusable: " in memento("list", cwd=root).out
    assert memento("show", "ledger-totals", cwd=root).code == 0
    refused(memento("show", "greeter", cwd=root), 2, "no usable skill 'greeter'", "`memento list`")
    assert (
        memento("route", "total of a CSV file", "--json", cwd=root).json()["route"]["skill"]
        == "ledger-totals"
    )
    doctor = memento("doctor", "--only", "library", "--json", cwd=root)
    assert doctor.code == 2
    assert "1 unusable: greeter" in doctor.json()[0]["detail"]
    assert doctor.json()[0]["fix"] == "memento list says why"


def test_a_wrong_setting_is_named_with_what_it_may_be(memento, fresh):
    refused(memento("list", cwd=fresh, MEMENTO_SANDBOX="cardboard"), 2, "sandbox.kind", "$MEMENTO_SANDBOX")


# ---------------------------------------------------------------- the model


@pytest.mark.parametrize(
    "settings",
    [{}, {"OPENAI_API_KEY": "sk-x"}, {"OPENAI_BASE_URL": NOWHERE}, {"MEMENTO_MODEL": "m"}],
    ids=["nothing", "key alone", "endpoint alone", "name alone"],
)
def test_without_a_model_run_shows_the_ways_forward_and_never_simulates(memento, fresh, settings):
    before = state_of(fresh)
    ran = memento("run", "How many lines has a.md?", cwd=fresh, **settings)
    refused(
        ran, 4, "no model is set", "OPENAI_API_KEY", "--base-url http://127.0.0.1:11434/v1", "memento demo"
    )
    assert "SIMULATED" not in ran.err
    assert state_of(fresh) == before


FAULTS = {
    "wrong key": (Fault.status(401), "Check OPENAI_API_KEY"),
    "no such model": (Fault.status(404), "Check --model"),
    "no money": (Fault.status(429, kind="insufficient_quota"), "nothing is left to spend"),
    "busy for an hour": (Fault.status(429, retry_after="3600"), "asks to wait 3600 s"),
    "garbage": (Fault.raw("certainly!"), ""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_endpoint_that_fails_ends_with_4_and_says_what_to_do(memento, fresh, name):
    fault, words = FAULTS[name]
    before = state_of(fresh)
    server = LoopbackServer([], faults=[fault] * 12).start()
    call = ("run", "x", "--model", "loopback", "--base-url", server.base_url)
    ran = memento(*call, cwd=fresh, OPENAI_API_KEY="sk-canary-1")
    server.close()
    assert server.requests, "the endpoint was asked"
    refused(ran, 4, "memento: no answer (model-error). ", words)
    assert ran.err.rstrip().endswith(".")
    assert "sk-canary-1" not in ran.err
    assert state_of(fresh) == before


def test_an_endpoint_that_refuses_the_connection(memento, fresh):
    before = state_of(fresh)
    ran = memento("run", "x", "--model", "m", "--base-url", NOWHERE, cwd=fresh)
    refused(ran, 4, "127.0.0.1:9 cannot be reached", "Connection refused", "check the base URL")
    assert state_of(fresh) == before


def test_a_base_url_that_is_none(memento, fresh):
    refused(memento("run", "x", "--model", "m", "--base-url", "localhost:80", cwd=fresh), 2, "http://")


def test_what_an_endpoint_says_cannot_command_the_terminal(memento, fresh):
    fault = Fault.status(401, "no \x1b]0;owned\x07 entry \u202e")
    server = LoopbackServer([], faults=[fault]).start()
    ran = memento("run", "x", "--model", "loopback", "--base-url", server.base_url, cwd=fresh)
    server.close()
    assert ran.code == 4
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out + ran.err)


# ---------------------------------------------------------------- the machine


def test_without_git_every_command_says_how_to_get_it(memento, fresh, path_without):
    path = str(path_without("git"))
    before = state_of(fresh)
    for arguments in (["list"], ["init", "new"], ["gate"]):
        refused(memento(*arguments, cwd=fresh, PATH=path), 2, "git is not installed", "apt install git")
    doctor = memento("doctor", "--only", "git", cwd=fresh, PATH=path)
    assert (doctor.code, "git is not installed" in doctor.out) == (2, True)
    assert state_of(fresh) == before


def test_a_git_that_is_too_old_is_refused_by_name(memento, fresh, path_without):
    programs = path_without("git")
    script(programs / "git", "echo git version 2.30.2")
    before = state_of(fresh)
    for arguments in (["list"], ["init", "new"]):
        ran = memento(*arguments, cwd=fresh, PATH=str(programs))
        refused(ran, 2, "git version 2.30.2 is too old", "2.38")
    assert state_of(fresh) == before


@pytest.mark.parametrize(
    "arguments",
    [["gate", "files"], ["run", "x", "--model", "m", "--base-url", NOWHERE], ["demo", "--dir", "d"]],
    ids=lambda arguments: arguments[0],
)
def test_without_a_sandbox_nothing_runs_and_the_ways_to_one_are_shown(
    memento, fresh, path_without, arguments
):
    path, before = str(path_without("bwrap", "docker")), state_of(fresh)
    settings = {"PATH": path, "MEMENTO_SANDBOX": "", "DOCKER_HOST": "unix:///nonexistent.sock"}
    ran = memento(*arguments, cwd=fresh, **settings)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err
    assert "apt install bubblewrap" in ran.err
    assert "--sandbox host" in ran.err
    assert state_of(fresh) == before


def test_a_named_sandbox_is_not_replaced_by_another(memento, fresh, path_without):
    ran = memento("gate", "files", "--sandbox", "bubblewrap", cwd=fresh, PATH=str(path_without("bwrap")))
    refused(ran, 2, "bubblewrap")


def test_a_library_is_never_made_over_another(memento, fresh):
    before = state_of(fresh)
    refused(memento("init", fresh), 2, "is a library already. Nothing was changed.")
    assert state_of(fresh) == before


def test_the_program_is_the_installed_one():
    assert MEMENTO.is_file()
    assert shutil.which("bwrap"), "these tests need bubblewrap"


def test_a_path_in_a_message_cannot_command_the_terminal(memento):
    ran = memento("list", "--library", "no \x1b]0;owned\x07 library \u202e")
    refused(ran, 2, "no \\x1b]0;owned\\x07 library \\u202e does not exist")


def test_a_full_disk_is_no_bug(fresh, environment):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(MEMENTO), "list", "--json"], cwd=fresh, env=environment, stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "memento: No space left on device. Mend that and run the command again.",
    )


BUGGY = """
import sys, types, click
from memento.cli import main
@click.command()
def command():
    raise ValueError("what a skill said \\x07\\u202e")
sys.modules["memento.cli.buggy"] = types.SimpleNamespace(command=command)
main.COMMANDS["buggy"] = "Has a bug."
main.main(["buggy"])
"""


def test_a_bug_ends_with_3_and_shows_where_it_is(tmp_path, environment):
    done = subprocess.run(
        [sys.executable, "-c", BUGGY],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Traceback")
    assert done.stderr.splitlines()[-1].startswith("memento: this is a bug")
    assert "what a skill said \\x07\\u202e\n" in done.stderr
