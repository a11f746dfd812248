"""The terminal remembers between calls, on every backend, and nothing that a command does can hang it."""

import pytest

from memento.act.tools.terminal import Terminal
from memento.protocols import Limits, ToolResult

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def session(any_backend):
    with any_backend.open(limits=Limits(wall_s=20)) as session:
        yield session


@pytest.fixture
def say(session):
    def say(command):
        return Terminal()({"command": command}, session)

    session.run(["sh", "-c", "rm -rf .memento x"])
    return say


def test_directory_variables_functions_and_options_stay(say):
    say(
        "mkdir -p 'x/a b'; cd 'x/a b'; export GREETING='good\nmorning'; plain=\"it's\"; list=(1 '2 3');"
        'greet() { echo "$GREETING, $1"; }; shopt -s nullglob; umask 077'
    )
    result = say(
        'greet "$plain"; echo "${list[1]}"; basename "$PWD"; shopt nullglob; umask; env | grep -c ^GREETING'
    )
    assert result == ToolResult(
        output="good\nmorning, it's\n2 3\na b\nnullglob       \ton\n0077\n1", exit_code=0
    )
    assert say("cd -; basename $PWD").output.splitlines()[-1] in ("workspace", "work")


def test_what_was_taken_back_stays_away(say):
    say("gone=1; f() { :; }")
    say("unset gone; unset -f f")
    assert say("echo [${gone-unset}]; type -t f || echo no f").output == "[unset]\nno f"


@pytest.mark.parametrize(
    ("ending", "code"), [("exit 7", 7), ("false", 1), ("set -eu; echo $nothing", 1), ("if", 2)]
)
def test_a_failed_call_keeps_its_state_and_its_exit_code(say, ending, code):
    say("kept=before")
    assert say(f"kept=after\n{ending}").exit_code == code
    assert say("echo $kept; false; echo still here").output == "after\nstill here"


def test_a_call_that_hangs_is_killed_and_the_next_goes_on_from_the_one_before(session, say):
    say("kept=yes; mkdir -p x; cd x")

    class Hasty:
        def path(self, target):
            return session.path(target)

        def run(self, argv):
            return session.run(argv, limits=Limits(wall_s=1))

    hung = Terminal()({"command": "kept=no; cd /; trap '' TERM; sleep 600"}, Hasty())
    assert (hung.exit_code, "the time limit]" in hung.output) == (124, True)
    assert say("echo $kept; basename $PWD") == ToolResult(output="yes\nx", exit_code=0)


def test_background_processes_end_with_the_call(say):
    say("(sleep 1; touch late) & disown; echo started")
    assert say("sleep 1.5; ls").output == "(no output)"


@pytest.mark.parametrize(
    "damage",
    ["echo 'if (' >.memento/shell", "rm -rf .memento", "rm -rf .memento; touch .memento", "exec true",
     "trap - EXIT", "mkdir -p gone && cd gone && rmdir ../gone", "declare -r fixed=1", "IFS=x; PATH=/nowhere",
     "mv() { :; }; cd() { :; }; declare() { :; }; printf() { :; }; set() { :; }",
     "kill -9 $$"],
)  # fmt: skip
def test_nothing_that_a_command_does_to_its_state_keeps_the_next_from_working(say, damage):
    say(damage)
    assert say("PATH=/usr/bin:/bin; echo alive").output.splitlines()[-1] == "alive"
    say("rm -rf /workspace/.memento; PATH=/usr/bin:/bin")


def test_the_state_is_not_among_the_files_that_tools_show(session, say):
    from memento.act.tools.list_files import ListFiles
    from memento.act.tools.search_files import SearchFiles

    say("secret_name=1")
    assert ListFiles()({}, session).output == "(empty)"
    assert SearchFiles()({"pattern": "secret_name"}, session).output == "(nothing found)"


def test_a_restricted_terminal_neither_reads_nor_writes_the_state(session, say):
    say("echo() { builtin echo tricked; }")
    assert Terminal(only=(("echo",),))({"command": "echo plain"}, session).output == "plain"
