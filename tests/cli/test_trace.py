"""`memento trace`: what a person is shown of an attempt, and what a hostile trace cannot do to them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from memento.assemble.gates import journal_of
from memento.types import (
    Blame,
    Episode,
    Fault,
    Result,
    Route,
    Sha,
    Step,
    Stop,
    Task,
    Trajectory,
    Usage,
    Verdict,
)

EVIL = "\x1b[2J\x1b]52;c;ZXZpbA==\x07</code><script>alert(1)</script>\u202egnp"
STEPS = (
    Step(
        index=1,
        thought="I look.",
        tool="terminal",
        arguments='{"command":"ls"}',
        output="\n".join(f"file {n}" for n in range(30)),
        exit_code=3,
        seconds=0.25,
        prompt="ab" * 32,
        usage=Usage(calls=1, input_tokens=120, output_tokens=30),
        model_seconds=1.5,
    ),
    Step(index=2, thought="", tool="web_fetch", arguments=EVIL, output=EVIL, seconds=2.0, tainted=True),
)
EPISODE = Episode(
    id="3f2a000001",
    task=Task(id="t", text="How many files?"),
    attempt=0,
    library=Sha("a" * 40),
    model="some-model",
    route=Route(skill="files", confidence=0.75),
    skill_tree=Sha("b" * 40),
    trajectory=Trajectory(
        steps=STEPS,
        answer="30",
        stop=Stop.ANSWERED,
        usage=Usage(calls=3, input_tokens=400, output_tokens=60, usd=None),
    ),
    verdict=Verdict(result=Result.FAILED, rationale="31 was right.", by="checker"),
    blame=Blame(fault=Fault.TOOL, skill="files", explanation="Hidden files were not counted."),
    started=1_760_000_000.0,
    seconds=4.0,
)


@pytest.fixture
def journal(library):
    journal = journal_of(library)
    journal.record(EPISODE)
    return journal


@pytest.fixture
def trace(library, tmp_path):
    def trace(*arguments):
        command = [
            str(Path(sys.executable).parent / "memento"),
            "trace",
            *arguments,
            "--library",
            str(library.root),
        ]
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_COLOR": "1"}
        return subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path)

    return trace


def test_the_newest_attempt_is_shown_step_by_step(journal, trace):
    done = trace()
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[:6] == [
        "attempt 3f2a000001",
        "  task      How many files?",
        "  model     some-model",
        "  skill     files (confidence 0.75)",
        "  cost      3 calls, 400+60 tokens, price unknown",
        "  time      4.0 s",
    ]
    assert "  1 terminal · exit 3 · 0.25 s · model 1.50 s, 120+30 tokens, prompt abababababab" in lines
    assert "  2 web_fetch · 2.00 s · from outside" in lines
    assert lines[-3:] == [
        "answer: 30",
        "failed by checker: 31 was right.",
        "blame: tool in files: Hidden files were not counted.",
    ]


def test_a_long_output_is_shortened_unless_it_is_asked_for(journal, trace):
    short, full = trace("3f2a000001").stdout, trace("3f2a000001", "--full").stdout
    assert "[10 more lines; --full shows them]" in short
    assert ("file 29" in short, "file 29" in full) == (False, True)


def test_nothing_in_a_trace_reaches_the_terminal_as_an_order(journal, trace):
    shown = trace("--full").stdout
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []
    assert "\\x1b]52;c;ZXZpbA==\\x07" in shown


def test_json_is_the_whole_episode(journal, trace):
    found = json.loads(trace("3f2a", "--json").stdout)
    step = found["trajectory"]["steps"][0]
    assert (found["id"], step["prompt"], step["usage"]["input_tokens"]) == ("3f2a000001", "ab" * 32, 120)


def test_the_page_is_one_file_in_which_the_trace_is_text_only(journal, trace):
    page = trace("3f2a", "--html").stdout
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert [c for c in page if not c.isprintable() and c not in "\n\t"] == []
    assert re.search(r'http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;', page)
    assert re.findall(r'(?:src|href|action)="(?!#)[^"]*"', page) == []
    assert "120+30 tokens, prompt <code>abababababab</code>" in page
    assert "from outside" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["9"], "memento: no attempt starts with '9'. `memento trace` shows the newest one and its id.\n"),
        (
            ["\x1b[31m"],
            "memento: no attempt starts with '[31m'. `memento trace` shows the newest one and its id.\n",
        ),
    ],
)
def test_an_attempt_that_is_not_there_is_said(journal, trace, arguments, said):
    done = trace(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_before_the_first_attempt_the_way_to_one_is_said(trace):
    done = trace()
    assert (done.returncode, done.stderr) == (
        2,
        "memento: no attempt was made here yet. `memento run TASK` makes one.\n",
    )
