from dataclasses import dataclass

import pytest

from memento.act.toolbox import permitted
from memento.act.tools.edit_file import EditFile
from memento.act.tools.list_files import ListFiles
from memento.act.tools.read_file import ReadFile
from memento.act.tools.search_files import SearchFiles
from memento.act.tools.terminal import Terminal
from memento.act.tools.write_file import WriteFile
from memento.protocols import ToolSpec
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
    assert permitted(ALL, skill(*allowed)) == left


def test_without_a_skill_every_tool_is_permitted():
    assert permitted(ALL, None) == ALL


@dataclass(frozen=True)
class Connected:
    """A tool of an MCP server, as far as its name."""

    name: str

    @property
    def spec(self):
        return ToolSpec(name=self.name, description="", parameters={"type": "object"})


SHED = (Connected("mcp__shed__saw"), Connected("mcp__shed__axe"), Connected("mcp__shed_2__saw"))


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ("Read", ()),
        ("mcp__shed", SHED[:2]),
        ("mcp__shed__*", SHED[:2]),
        ("mcp__shed__saw", SHED[:1]),
        ("mcp__shed_2", SHED[2:]),
        ("mcp__SHED", ()),
        ("mcp__", ()),
        ("mcp__*", ()),
        ("mcp__shed__s*", ()),
        ("mcp__shed__saw(x)", ()),
        ("mcp__she", ()),
    ],
)
def test_connected_tools_are_permitted_by_server_or_by_name(allowed, left):
    assert permitted((*ALL, *SHED), skill(allowed)) == ((ReadFile(), *left) if allowed == "Read" else left)


def test_a_skill_cannot_name_a_tool_into_being():
    assert permitted((ReadFile(),), skill("Bash", "Read", "WebFetch")) == (ReadFile(),)


@pytest.mark.parametrize("allowed", ["Bash(rm:*)", "Bash(git:*)"])
def test_a_skill_cannot_widen_a_terminal_that_the_host_narrowed(allowed):
    assert permitted((Terminal(only=(("git", "log"),)),), skill(allowed)) == ()


def test_a_skill_can_narrow_further_what_the_host_narrowed():
    assert permitted((Terminal(only=(("git",),)),), skill("Bash(git log:*)")) == (
        Terminal(only=(("git", "log"),)),
    )
