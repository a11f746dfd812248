"""What SKILL.md promises of its own files, checked by reading. Nothing is executed.

    flags       a documented command names a script of the skill with a `--flag` that no script there knows
    blocks      a fenced block that does not parse as what it says it is (memento.skill.blocks)
    orphans     a file that nothing reachable from SKILL.md mentions: nobody would read it

The first two are broken promises. An orphan is only untidy: it is named, and refuses nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from memento.skill.blocks import blocks, unparsable
from memento.types import File, Folder

DOCUMENT = "SKILL.md"
_COMMAND = re.compile(r"(?P<script>scripts/[\w./-]{1,200}\.\w+)(?P<rest>[^\n`|;&#]*)")
_FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")
_EVERYWHERE = frozenset({"--help", "--version"})
_DERIVES_FLAGS = re.compile(
    r"^\s*(?:import|from)\s+(?:fire|typer|tyro|docopt|simple_parsing)\b", re.MULTILINE
)
_ALWAYS = re.compile(r"^(?:LICEN[CS]E|NOTICE|README|CHANGELOG)\b|(?:^|/)__init__\.py$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A promise that the folder does not keep; the message is the same wherever the line moves to."""

    line: int
    message: str


def broken(folder: Folder, *, before: Mapping[str, File] = {}) -> tuple[Broken, ...]:
    """Documented flags and code blocks of SKILL.md that cannot be right, in order of line.

    What could not be right in `before` either is left out.
    """
    text, old = _text(folder, DOCUMENT), _text(before, DOCUMENT)
    known = {flag.message for flag in _flags(old, before)}
    found = [flag for flag in _flags(text, folder) if flag.message not in known]
    stood = {(block.kind, block.text) for block in blocks(old)}
    for block, why in unparsable(block for block in blocks(text) if (block.kind, block.text) not in stood):
        first = block.text.strip().splitlines()[0][:60]
        message = f"the {block.kind} block {first!r} does not parse: {why}"
        found.append(Broken(line=block.line, message=message))
    return tuple(sorted(found, key=lambda each: each.line))


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


def _flags(text: str, folder: Mapping[str, File]) -> Iterator[Broken]:
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


def _text(folder: Mapping[str, File], name: str) -> str:
    return folder[name].data.decode("utf-8", "replace") if name in folder else ""


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
