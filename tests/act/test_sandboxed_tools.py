"""terminal, read_file, write_file and list_files in the real sandbox."""

import pytest

from memento.act.tools.list_files import ListFiles
from memento.act.tools.read_file import ReadFile
from memento.act.tools.terminal import Terminal
from memento.act.tools.write_file import WriteFile
from memento.protocols import Limits, ToolResult

pytestmark = pytest.mark.real


def test_the_terminal_gives_both_streams_and_the_exit_code(session):
    result = Terminal()({"command": "pwd; echo oops >&2; exit 3"}, session)
    assert result == ToolResult(output="/workspace\noops", exit_code=3)


def test_silence_is_said(session):
    assert Terminal()({"command": "true"}, session) == ToolResult(output="(no output)", exit_code=0)


def test_a_command_that_takes_too_long_says_so(sandbox):
    with sandbox.open(limits=Limits(wall_s=2)) as session:
        result = Terminal()({"command": "echo started; sleep 60"}, session)
    assert "started" in result.output
    assert "the time limit]" in result.output
    assert result.exit_code != 0


def test_a_restricted_terminal_runs_the_allowed_command(session):
    tool = Terminal(only=(("echo",),))
    assert tool({"command": "echo 'a b' c"}, session) == ToolResult(output="a b c", exit_code=0)


@pytest.mark.parametrize(
    "command",
    [
        "echo a; touch stolen",
        "echo a && touch stolen",
        "echo a | tee stolen",
        "echo $(touch stolen)",
        "echo `touch stolen`",
        "echo a > stolen",
        "echo a\ntouch stolen",
        "touch stolen",
        "echotouch stolen",
        "/bin/touch stolen",
        "",
        "   ",
        "echo 'unclosed; touch stolen",
    ],
)
def test_no_allowed_command_leads_to_another_one(session, workspace, command):
    Terminal(only=(("echo",),))({"command": command}, session)
    assert list(workspace.iterdir()) == []


def test_what_is_written_is_read_back_and_listed(session, workspace):
    wrote = WriteFile()({"path": "deep/er/note.txt", "content": "one\ntwo\nthree\n"}, session)
    assert wrote == ToolResult(output="(wrote 14 bytes)", exit_code=0)
    assert (workspace / "deep/er/note.txt").read_text() == "one\ntwo\nthree\n"
    read = ReadFile()({"path": "deep/er/note.txt"}, session)
    assert read == ToolResult(output="one\ntwo\nthree", exit_code=0)
    some = ReadFile()({"path": "/workspace/deep/er/note.txt", "first_line": 2, "last_line": 2}, session)
    assert some == ToolResult(output="two", exit_code=0)
    listed = ListFiles()({}, session)
    assert listed.exit_code == 0
    assert [line.split(" ")[::2] for line in listed.output.splitlines()] == [
        ["d", "deep"],
        ["d", "deep/er"],
        ["f", "deep/er/note.txt"],
    ]


@pytest.mark.parametrize("path", ["-rf", "--help", "a b'c\"d$(touch x)`y`", "*", "ü\u202etxt"])
def test_odd_names_are_names_and_nothing_else(session, workspace, path):
    WriteFile()({"path": path, "content": "kept"}, session)
    assert ReadFile()({"path": path}, session) == ToolResult(output="kept", exit_code=0)
    assert [entry.name for entry in workspace.iterdir()] == [path]
    assert ListFiles()({}, session).output.startswith("f 4 ")


def test_a_newline_in_a_name_does_not_pass_for_another_file(session, workspace):
    (workspace / "a\nf 9 b").write_text("x")
    assert ListFiles()({}, session).output == "f 1 a?f 9 b"


@pytest.mark.parametrize("path", ["/etc/evil", "../evil", "/skill/evil", "/usr/bin/evil"])
def test_nothing_is_written_outside_the_workspace(session, tmp_path, path):
    result = WriteFile()({"path": path, "content": "x"}, session)
    assert result.exit_code != 0
    assert [entry.name for entry in tmp_path.rglob("*")] == ["work"]


def test_a_link_out_of_the_workspace_reads_nothing_of_the_host(session, workspace, tmp_path):
    (tmp_path / "secret").write_text("canary")
    (workspace / "link").symlink_to(tmp_path / "secret")
    result = ReadFile()({"path": "link"}, session)
    assert result.exit_code != 0
    assert "canary" not in result.output


def test_a_missing_file_is_an_answer(session):
    result = ReadFile()({"path": "nothing.txt"}, session)
    assert result.exit_code != 0
    assert "No such file" in result.output


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        (Terminal(), {}, "terminal needs the argument 'command'. It takes: command."),
        (Terminal(), {"command": 3}, "The argument 'command' of terminal must be of type string."),
        (
            Terminal(),
            {"command": "ls", "cwd": "/"},
            "terminal has no argument 'cwd'. It takes: command.",
        ),
        (
            ReadFile(),
            {"path": "a", "first_line": True},
            "The argument 'first_line' of read_file must be of type integer.",
        ),
        (
            ReadFile(),
            {"path": "a", "first_line": 0},
            "first_line is at least 1, and last_line not before it.",
        ),
        (WriteFile(), {"path": "a\0b", "content": ""}, "An argument of write_file holds a NUL character."),
    ],
)
def test_wrong_arguments_are_answered_in_words(session, tool, arguments, said):
    assert tool(arguments, session) == ToolResult(output=said, exit_code=2)
