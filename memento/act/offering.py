"""Which of the allowed tools the model is told of, and how it learns of the others.

    all tools ── allowed-tools of the skill ──> allowed ── the best for the task ──> offered
                 (toolbox.py)                      └────── the rest ── find_tools ──────┘

Rules
- While all allowed tools fit into `most`, all are offered, and there is no find_tools.
- Offered in any case are those of ALWAYS and those whose names stand in the skill's text.
- Hiding saves tokens and guards nothing: an allowed tool that the model calls unasked is run.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from memento.act.tools.command import schema, wrong
from memento.protocols import SandboxSession, Tool, ToolResult, ToolSpec
from memento.types import Skill, Task

Rank = Callable[[str, Sequence[ToolSpec]], Sequence[str]]
"""Names of tools, the one that fits a text best first."""

ALWAYS = ("terminal", "read_file")
FOUND_AT_ONCE = 5
BODY_CHARACTERS = 2_000
"""Of a skill's text in the query: enough for what it does, not so much that the task drowns in it."""

FIND = ToolSpec(
    name="find_tools",
    description="Find more tools: there are some that you have not been told of. Says what they do; "
    "then you can call them.",
    parameters=schema({"query": "What the tool should do, in a few words"}),
)


def in_order(_: str, specs: Sequence[ToolSpec]) -> Sequence[str]:
    """The rank of those who have none: as the tools were handed in."""
    return [spec.name for spec in specs]


@dataclass(kw_only=True)
class Offering:
    """The tools of one attempt. Grows when the model finds more of them."""

    allowed: Sequence[Tool] = ()
    rank: Rank = in_order
    most: int = 12
    offered: set[str] = field(default_factory=set)

    def begin(self, task: Task, skill: Skill | None) -> None:
        """Choose what is offered at first."""
        names = [tool.spec.name for tool in self.allowed]
        if len(names) <= self.most:
            self.offered = set(names)
            return
        text = f"{skill.description}\n{skill.body}" if skill else ""
        named = [name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]
        asked = f"{task.text}\n{text[:BODY_CHARACTERS]}".strip()
        fixed = dict.fromkeys([*(name for name in ALWAYS if name in names), *named])
        ranked = [*fixed, *self.rank(asked, [tool.spec for tool in self.allowed])]
        self.offered = set(list(dict.fromkeys(ranked))[: max(self.most, len(fixed))])

    @property
    def hidden(self) -> tuple[Tool, ...]:
        return tuple(tool for tool in self.allowed if tool.spec.name not in self.offered)

    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told of now."""
        shown = tuple(tool.spec for tool in self.allowed if tool.spec.name in self.offered)
        return (*shown, FIND) if self.hidden else shown

    def tool(self, name: str) -> "Tool | None":
        """The tool that a call names; None when the skill may not use such a one."""
        if name == FIND.name and self.hidden:
            return FindTools(offering=self)
        found = next((tool for tool in self.allowed if tool.spec.name == name), None)
        if found is not None:
            self.offered.add(name)
        return found


@dataclass(frozen=True, kw_only=True)
class FindTools:
    """The tool that finds tools."""

    offering: Offering

    @property
    def spec(self) -> ToolSpec:
        return FIND

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        del session
        if answer := wrong(FIND, arguments):
            return answer
        specs = {tool.spec.name: tool.spec for tool in self.offering.hidden}
        names = list(self.offering.rank(arguments["query"], list(specs.values())))[:FOUND_AT_ONCE]
        self.offering.offered.update(names)
        told = "\n".join(f"{name}: {specs[name].description}" for name in names)
        return ToolResult(
            output=f"{told}\n\nYou can call these now; {len(self.offering.hidden)} more are left."
        )
