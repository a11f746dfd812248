import pytest

from memento.act.toolbox import offered
from memento.act.tools.edit_file import EditFile
from memento.act.tools.list_files import ListFiles
from memento.act.tools.read_file import ReadFile
from memento.act.tools.search_files import SearchFiles
from memento.act.tools.terminal import Terminal
from memento.act.tools.write_file import WriteFile
from memento.types import Skill

ALL = (Terminal(), ReadFile(), WriteFile(), EditFile(), ListFiles(), SearchFiles())


def skill(*allowed):
    return Skill(name="s", description="", body="", allowed_tools=allowed)


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ((), ALL),
        (("Read",), (ReadFile(),)),
        (("Bash", "Read"), (Terminal(), ReadFile())),
        (("bash", "READ-FILE", "Edit"), (Terminal(), ReadFile(), EditFile())),
        (("Write", "Grep"), (WriteFile(), SearchFiles())),
        (("Glob", "LS"), (ListFiles(),)),
        (("WebFetch", "WebSearch"), ()),
        (("Teleport",), ()),
        (("Bash(*)",), (Terminal(),)),
        (("Bash(git:*)",), (Terminal(only=(("git",),)),)),
        (("Bash(git log:*)", "Bash(ls)"), (Terminal(only=(("git", "log"), ("ls",))),)),
        (("Bash(git *)",), (Terminal(only=(("git",),)),)),
        (("Bash(g*t:*)",), ()),
        (("Bash('unclosed:*)",), ()),
        (("Read(docs/**)",), ()),
    ],
)
def test_allowed_tools_narrows_to_what_it_names(allowed, left):
    assert offered(ALL, skill(*allowed)) == left


def test_without_a_skill_every_tool_is_offered():
    assert offered(ALL, None) == ALL


def test_a_skill_cannot_name_a_tool_into_being():
    assert offered((ReadFile(),), skill("Bash", "Read", "WebFetch")) == (ReadFile(),)


@pytest.mark.parametrize("allowed", ["Bash(rm:*)", "Bash(git:*)"])
def test_a_skill_cannot_widen_a_terminal_that_the_host_narrowed(allowed):
    assert offered((Terminal(only=(("git", "log"),)),), skill(allowed)) == ()


def test_a_skill_can_narrow_further_what_the_host_narrowed():
    assert offered((Terminal(only=(("git",),)),), skill("Bash(git log:*)")) == (
        Terminal(only=(("git", "log"),)),
    )
