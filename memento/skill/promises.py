"""What SKILL.md promises of its own files, checked by reading. Nothing is executed.

    flags       a documented command names a script of the skill with a `--flag` that no script there knows
    blocks      a fenced block that says it is Python, JSON or TOML and does not parse; one that holds a
                placeholder (`...`, `<NAME>`, `{{`, `$`, a prompt) is an illustration and may not
    orphans     a file that nothing reachable from SKILL.md mentions: nobody would read it

The first two are broken promises. An orphan is only untidy: it is named, and refuses nothing.
"""

import ast
import json
import re
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from memento.types import Folder

DOCUMENT = "SKILL.md"
_BLOCK = re.compile(
    r"^(?P<fence>```|~~~)(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_COMMAND = re.compile(r"(?P<script>scripts/[\w./-]+\.\w+)(?P<rest>[^\n`|;&#]*)")
_FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")
_EVERYWHERE = frozenset({"--help", "--version"})
_DERIVES_FLAGS = re.compile(
    r"^\s*(?:import|from)\s+(?:fire|typer|tyro|docopt|simple_parsing)\b", re.MULTILINE
)
_PLACEHOLDER = re.compile(r"\.\.\.|…|<[A-Za-z][\w -]*>|\{\{|\$\w|\$\{|^\s*(?:>>>|%|!|\$ )", re.MULTILINE)
_ALWAYS = re.compile(r"^(?:LICEN[CS]E|NOTICE|README|CHANGELOG)\b|(?:^|/)__init__\.py$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A promise that the folder does not keep; the message is the same wherever the line moves to."""

    line: int
    message: str


def broken(folder: Folder) -> tuple[Broken, ...]:
    """Documented flags and code blocks of SKILL.md that cannot be right, in order of line."""
    text = _text(folder, DOCUMENT)
    return tuple(sorted((*_flags(text, folder), *_blocks(text)), key=lambda each: each.line))


def orphans(folder: Folder) -> tuple[str, ...]:
    """Files that neither SKILL.md nor any file it leads to mentions by path, name or module name."""
    left = {name for name in folder if name != DOCUMENT and not _ALWAYS.search(name)}
    reading = [_text(folder, DOCUMENT)]
    while reading and left:
        text = reading.pop()
        found = {name for name in left if _is_mentioned(name, text)}
        left -= found
        reading += [_text(folder, name) for name in sorted(found)]
    return tuple(sorted(left))


def _is_mentioned(name: str, text: str) -> bool:
    path = PurePosixPath(name)
    folders = [f"{parent}/" for parent in path.parents if parent.name]
    if any(re.search(rf"(?<![\w/]){re.escape(folder)}(?![\w.])", text) for folder in folders):
        return True  # "everything in references/"
    return (
        re.search(rf"(?<![\w-])(?:{re.escape(path.name)}|{re.escape(path.stem)})(?![\w-])", text) is not None
    )


def _flags(text: str, folder: Folder) -> Iterator[Broken]:
    for command in _COMMAND.finditer(text):
        script = command["script"]
        if script not in folder or _DERIVES_FLAGS.search(_text(folder, script)):
            continue
        # A script may take its options from another one that lies beside it.
        known = "\n".join(_text(folder, name) for name in folder if name.startswith("scripts/"))
        for flag in sorted(set(_FLAG.findall(command["rest"])) - _EVERYWHERE):
            if flag not in known:
                message = f"{script} has no option {flag}, which {DOCUMENT} documents"
                yield Broken(line=_line(text, command.start()), message=message)


def _blocks(text: str) -> Iterator[Broken]:
    for block in _BLOCK.finditer(text):
        kind, code = block["kind"].lower(), textwrap.dedent(block["text"])
        if _PLACEHOLDER.search(code) or not code.strip():
            continue
        why = _unparsable(kind, code)
        if why:
            first = code.strip().splitlines()[0][:60]
            yield Broken(
                line=_line(text, block.start()), message=f"the {kind} block {first!r} does not parse: {why}"
            )


def _unparsable(kind: str, code: str) -> str:
    try:
        if kind in ("python", "py", "python3"):
            ast.parse(code)
        elif kind == "json":
            json.loads(code)
        elif kind == "toml":
            tomllib.loads(code)
    except SyntaxError as error:
        return error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error)
    return ""


def _text(folder: Folder, name: str) -> str:
    return folder[name].data.decode("utf-8", "replace") if name in folder else ""


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
