"""Which tools a skill may use: all that there are, or fewer when its `allowed-tools` says so.

    allowed-tools         permitted
    (none)                every tool
    Read Bash             read_file, terminal
    Bash(git:*)           terminal, without a shell, for commands that start with git
    mcp__files            all tools of the MCP server "files"; mcp__files__* says the same
    mcp__files__search    that tool alone
    Unknown               nothing: a name that we do not know grants nothing

A skill's list narrows and never widens: it cannot name a tool into being that the host did not hand in.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace

from memento.act.tools.terminal import Terminal
from memento.protocols import Tool
from memento.types import Skill

MCP = "mcp__"
"""What the names of connected tools start with: mcp__<server>__<tool>."""

OURS = {
    "bash": "terminal", "shell": "terminal", "terminal": "terminal", "execute": "terminal",
    "read": "read_file", "read_file": "read_file", "view": "read_file",
    "write": "write_file", "write_file": "write_file",
    "edit": "edit_file", "multiedit": "edit_file", "edit_file": "edit_file",
    "ls": "list_files", "glob": "list_files", "list": "list_files", "list_files": "list_files",
    "grep": "search_files", "search_files": "search_files",
    "webfetch": "web_fetch", "fetch": "web_fetch", "web_fetch": "web_fetch",
    "websearch": "web_search", "search": "web_search", "web_search": "web_search",
}  # fmt: skip
"""Names that skills in the wild use, in lower case and with _ for -, to the names of our tools."""


def permitted(tools: Sequence[Tool], skill: Skill | None) -> tuple[Tool, ...]:
    """Those of `tools` that the skill may use, in their order."""
    if skill is None or not skill.allowed_tools:
        return tuple(tools)
    granted = [_grant(entry) for entry in skill.allowed_tools]
    return tuple(
        narrowed
        for tool in tools
        if (narrowed := _narrowed(tool, [scope for name, scope in granted if _names(name, tool.spec.name)]))
    )


def _names(name: str, tool: str) -> bool:
    """Whether a granted name is that of the tool, or of the MCP server that it belongs to."""
    if not name.startswith(MCP):
        return name == tool
    server = name.removesuffix("*").removesuffix("__")
    return name == tool or (server.count("__") == 1 and tool.startswith(f"{server}__"))


def _grant(entry: str) -> tuple[str, str]:
    """`Bash(git:*)` as ("terminal", "git:*"); a scope of "" is the whole tool."""
    name, _, rest = entry.strip().partition("(")
    known = name.strip().lower().replace("-", "_")
    plain = name.strip() if name.strip().startswith(MCP) else OURS.get(known, "")
    return plain, rest.strip().removesuffix(")").strip()


def _narrowed(tool: Tool, scopes: Sequence[str]) -> Tool | None:
    """The tool as the scopes allow it; None when they do not, or when we could not hold it to them."""
    if "" in scopes or "*" in scopes:
        return tool
    if not scopes or not isinstance(tool, Terminal):
        return None
    only = tuple(_words(scopes))
    if tool.only:  # the host narrowed it already: what both allow
        only = tuple(words for words in only if any(words[: len(host)] == host for host in tool.only))
    return replace(tool, only=only) if only else None


def _words(scopes: Iterable[str]) -> Iterable[tuple[str, ...]]:
    """The first words of commands that the scopes allow: `git log:*`, `git log *`, `git log`."""
    for scope in scopes:
        plain = scope.removesuffix("*").rstrip().removesuffix(":").strip()
        try:
            words = tuple(shlex.split(plain))
        except ValueError:  # a scope that cannot be read allows nothing
            continue
        if words and "*" not in plain:
            yield words
