"""Completion, as a shell does it: the script is sourced and asked."""

import shutil
import subprocess

import pytest

from memento.cli.main import COMMANDS
from tests.review.situations import opened

BASH = """
source <(memento completion bash)
complete -p memento | grep -q -- '-F' || exit 9
COMP_WORDS=({words}) COMP_CWORD={at}
$(complete -p memento | sed 's/.*-F \\([^ ]*\\).*/\\1/') memento
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def ask(line, *, cwd, env):
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH.format(words=quoted, at=len(words) - 1)],
        cwd=cwd, env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("memento ", list(COMMANDS)),
        ("memento ro", ["route", "rollback"]),
        ("memento list --sort ", ["name", "utility"]),
        ("memento gate --sandbox b", ["bubblewrap"]),
        ("memento show ", ["files", "skill-creator", "terminal", "web-fetch", "web-search"]),
        ("memento diff web", ["web-fetch", "web-search"]),
        ("memento gate files te", ["terminal"]),
        ("memento completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_bash_completes_commands_options_and_skills(fresh, environment, line, expected):
    assert ask(line, cwd=fresh, env=environment) == expected


def test_bash_completes_the_ids_of_open_proposals(library, environment):
    opened(library, "One.")
    assert ask("memento review i", cwd=library.root, env=environment) == ["id0"]


def test_outside_a_library_completion_stays_silent(tmp_path, environment):
    assert ask("memento show ", cwd=tmp_path, env=environment) == []


@pytest.mark.parametrize(
    ("shell", "words"),
    [("zsh", "#compdef memento"), ("fish", "complete --no-files --command memento"), ("bash", "complete -o")],
)
def test_every_shell_gets_its_script(memento, tmp_path, environment, shell, words):
    ran = memento("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert words in ran.out
    if program := shutil.which(shell):  # its own opinion of the script, where it is installed
        subprocess.run([program, "-n"], input=ran.out, text=True, env=environment, check=True)
