"""On a real terminal: colours unless NO_COLOR, and never an escape that somebody else wrote."""

import os
import pty
import subprocess

import pytest

from tests.command import MEMENTO

HOSTILE = """\
---
name: greeter
description: "Greets a person. [bold]Use[/bold] when a \\x1b]0;owned\\x07 :warning: \\u202e greeting is due."
---

# Greeter

Say hello.\x1b]8;;http://evil.example\x1b\\here\x1b[2J\u202e
"""


def on_terminal(*argv, cwd, env):
    """What a terminal receives from the command."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [str(MEMENTO), *argv], cwd=cwd, env={**env, "TERM": "xterm-256color", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, start_new_session=True,
    ):  # fmt: skip
        os.close(theirs)
        received = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # a terminal that nobody holds any more
                break
            if not part:
                break
            received += part
    os.close(ours)
    return received.decode()


@pytest.fixture
def hostile(make_library, git):
    library = make_library("hostile")
    path = library.root / "skills/greeter/SKILL.md"
    path.write_text(HOSTILE, "utf-8")
    git("commit", "-q", "-a", "-m", "Greet \x1b]0;owned\x07 with \x1b[31mcolour \u202e", cwd=library.root)
    return library.root


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["list", "--json"], ["show", "greeter"], ["show", "greeter", "--json"], ["log"],
     ["log", "--json"], ["diff", "greeter"], ["route", "a greeting for a person"],
     ["gate", "greeter", "--json"], ["gate", "greeter"], ["doctor", "--only", "library"]],
    ids=" ".join,
)  # fmt: skip
def test_what_a_skill_says_cannot_command_the_terminal(hostile, environment, arguments):
    shown = on_terminal(*arguments, cwd=hostile, env=environment)
    assert "Traceback" not in shown
    for written in ("\x1b]", "\x07", "\x1b[2J", "\u202e", "⚠"):
        assert written not in shown


def test_markup_in_a_description_is_shown_as_it_was_written(hostile, environment, memento):
    assert "[bold]Use[/bold]" in " ".join(memento("list", cwd=hostile).out.split())
    assert ":warning:" in memento("list", cwd=hostile).out


def test_a_reviewer_sees_the_hidden_characters_of_a_change(hostile, memento):
    out = memento("diff", "greeter", cwd=hostile).out
    assert "+Say hello.\\x1b]8;;http://evil.example\\x1b\\here\\x1b[2J\\u202e" in out


def test_a_terminal_gets_colours_unless_they_are_unwanted(learned, environment):
    assert "\x1b[" in on_terminal("list", cwd=learned, env=environment)
    plain = on_terminal("list", cwd=learned, env={**environment, "NO_COLOR": "1"})
    assert not any(f"\x1b[{code}m" in plain for code in range(30, 50))


def test_a_task_cannot_command_the_terminal_either(hostile, environment):
    shown = on_terminal(
        "run", "do \x1b]0;owned\x07 this \u202e", "--model", "m", "--base-url", "http://127.0.0.1:9/v1",
        cwd=hostile, env=environment,
    )  # fmt: skip
    assert "\x1b]" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
