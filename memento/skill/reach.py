"""What a skill is able to reach: a change that adds to it is not refused, it is put before a human.

host, command, package      named anywhere, prose too
module, use of              of Python, by its syntax tree: an alias or `from os import` hides nothing
environment, place          names of the environment; paths outside the workspace
encoded                     a run of characters that nobody can read
tool, field                 what the header grants, and fields that another host may obey
"""

import ast
import re
from collections.abc import Iterator

from memento.skill.python import parsed
from memento.skill.reader import parse
from memento.skill.startup import STARTUP
from memento.types import Folder, Skill

_URL = re.compile(r"\b(?:https?|ftp|wss?)://([A-Za-z0-9.\-\[\]:]+)", re.IGNORECASE)
_COMMAND = re.compile(
    r"\b(curl|wget|nc|ncat|ssh|scp|rsync|sudo|printenv|pip3? install|npm (?:i|install)|npx|uvx|pipx|"
    r"apt(?:-get)? install|brew install|cargo install|go install|docker run|git clone|rm -\w*[rf])\b"
)
_PACKAGE = re.compile(
    r"\b(?:pip3?|npm|brew|cargo|apt(?:-get)?|gem)\s+(?:install|add|i)\s+(?:-\S+\s+)*([A-Za-z@][\w@./-]*)"
)
_ENVIRONMENT = re.compile(
    r"\b(?:environb?(?:\.get)?|getenv)\s*[\[(]\s*b?[\"']([A-Za-z_]\w*)[\"']|\bprintenv\s+([A-Za-z_]\w*)"
)
_PLACE = re.compile(
    r"(?:~/[\w.]|\$\{?HOME\b|/home/|/root/|/etc/|/var/|/proc/|/dev/(?!null\b|stdin\b|stdout\b|stderr\b)|"
    r"\.\./\.\./)[\w./-]*|" + STARTUP
)
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{120,}")
_SHELL_NAME = re.compile(r"\$\{?([A-Z][A-Z0-9_]*)\b")
_ASSIGNED = re.compile(r"\b([A-Z][A-Z0-9_]*)=|\b(?:for|read(?: -\w+)*)\s+([A-Z][A-Z0-9_]*)")


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MODULES = _set_of("""
    socket ssl http urllib requests httpx httpx2 aiohttp ftplib smtplib telnetlib ctypes paramiko subprocess
    multiprocessing pty socketserver webbrowser xmlrpc asyncio importlib pickle marshal pwd
""")
_BUILTINS = frozenset({"__import__", "eval", "exec", "globals", "__builtins__"})
_OF_MODULE = {
    "os": re.compile(
        r"environb?|getenvb?|fork\w*|system|popen|exec\w+|spawn\w+|posix_spawn\w*|kill\w*|setsid|remove|"
        r"unlink|rmdir|removedirs|\*"
    ),
    "sys": re.compile(r"modules|meta_path|path_hooks"),
    "shutil": re.compile(r"rmtree|move"),
}
_METHODS = frozenset({"expanduser", "expandvars", "unlink", "rmdir", "rmtree"})


def capabilities(folder: Folder, skill: Skill | None) -> frozenset[str]:
    """What a skill can reach: "host example.org", "command curl", "module socket", "tool Bash"."""
    reach = {f"tool {tool}" for tool in skill.allowed_tools} if skill else set()
    for name, file in folder.items():
        text = file.data.decode("utf-8", "replace")
        reach.update(_said(text))
        if name.endswith((".py", ".sh")):
            reach |= {f"place {place.group()}" for place in _PLACE.finditer(text)}
        if name.endswith(".py"):
            reach.update(_of_python(file.data))
        elif name.endswith(".sh"):
            ours = {one or other for one, other in _ASSIGNED.findall(text)}
            reach |= {f"environment {name}" for name in set(_SHELL_NAME.findall(text)) - ours}
        elif name == "SKILL.md":
            reach.update(_of_header(file.data))
    return frozenset(reach)


def _said(text: str) -> Iterator[str]:
    yield from (f"host {host.rstrip('.').lower()}" for host in _URL.findall(text))
    yield from (f"command {command}" for command in _COMMAND.findall(text))
    yield from (f"package {package}" for package in _PACKAGE.findall(text))
    yield from (f"environment {one or other}" for one, other in _ENVIRONMENT.findall(text))
    yield from (f"encoded {run[:12]}..." for run in _ENCODED.findall(text) if len(set(run)) > 16)


def _of_header(document: bytes) -> Iterator[str]:
    for found in parse(document, folder="").diagnostics:
        if found.code == "unknown-field":
            yield f"field {found.message.split('`')[1]}"
    if re.search(rb"^\s+memento-pinned\s*:", document, re.MULTILINE):
        yield "field memento-pinned"


def _of_python(source: bytes) -> Iterator[str]:
    try:
        module = parsed(source)
    except SyntaxError:
        return  # refused for that
    stands_for: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                stands_for[alias.asname or alias.name.split(".")[0]] = alias.name.split(".")[0]
    for node in ast.walk(module):
        yield from _of_node(node, stands_for)


def _of_node(node: ast.AST, stands_for: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        tops = {alias.name.split(".")[0] for alias in node.names}
        yield from (f"module {top}" for top in tops & _MODULES)
    elif isinstance(node, ast.ImportFrom):
        top = (node.module or "").split(".")[0]
        if top in _MODULES:
            yield f"module {top}"
        for alias in node.names:
            yield from _of_name(top, alias.name)
    elif isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        yield from _of_name(stands_for.get(owner, owner), node.attr)
    elif isinstance(node, ast.Name) and node.id in _BUILTINS:
        yield f"use of {node.id}"
    elif _makes_a_name(node):
        yield "use of getattr with a name that it makes"


def _makes_a_name(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "getattr"
        and not all(isinstance(argument, ast.Constant) for argument in node.args[1:2])
    )


def _of_name(owner: str, name: str) -> Iterator[str]:
    pattern = _OF_MODULE.get(owner)
    if pattern is not None and pattern.fullmatch(name):
        yield f"use of {owner}.{name}"
    elif name in _METHODS or (owner, name) == ("Path", "home"):
        yield f"use of {name if owner != 'Path' else 'Path.home'}"
