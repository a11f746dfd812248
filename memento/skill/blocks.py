"""Fenced blocks of SKILL.md that say what they are and do not parse. Nothing is executed.

    python, json, toml    by the standard library
    yaml                  composed to nodes: no tag becomes an object, no alias is copied out
    bash, sh, shell       `bash -n`, which reads and does not run; with an empty environment and limits

A block that holds a placeholder (`...`, `<NAME>`, `{{`, a prompt; in what is no shell also `$NAME`) is an
illustration and need not parse. Where there is no bash, shell blocks are believed.
"""

import json
import re
import resource
import shutil
import subprocess
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from os import defpath

import yaml

from memento.skill.python import parsed

_FENCE = re.compile(r"[ \t]*(```|~~~)([\w+-]*)")
_PLACEHOLDER = re.compile(r"\.\.\.|…|<[A-Za-z][\w -]*>|\{\{|^\s*(?:>>>|%|!|\$ )", re.MULTILINE)
_VARIABLE = re.compile(r"\$\w|\$\{")
YAML_CHARACTERS, YAML_BRACKETS = 20_000, 500
MOST_SHELL_BLOCKS = 50
"""Each costs a process; more than that, and the rest is believed."""
SHELL_SECONDS = 5
SHELL_LIMITS = ((resource.RLIMIT_CPU, 2), (resource.RLIMIT_AS, 512 << 20), (resource.RLIMIT_FSIZE, 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block; `line` is that of its fence."""

    kind: str
    text: str
    line: int


def blocks(document: str) -> Iterator[Block]:
    """The fenced blocks of a document that say what they are, placeholders aside."""
    for block in _fenced(document):
        placeholder = _PLACEHOLDER.search(block.text)
        illustrates = placeholder or (block.kind not in _SHELLS and _VARIABLE.search(block.text))
        if block.kind and block.text.strip() and not illustrates:
            yield block


def _fenced(document: str) -> Iterator[Block]:
    """Every block that is closed."""
    lines = document.splitlines(keepends=True)
    fence, kind, start = "", "", 0
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence and line.strip() == fence:
            text = textwrap.dedent("".join(lines[start + 1 : number]))
            yield Block(kind=kind, text=text, line=start + 1)
            fence = ""
        elif mark and not fence:
            fence, kind, start = mark[1], mark[2].lower(), number


def unparsable(found: Iterator[Block]) -> Iterator[tuple[Block, str]]:
    """Those that do not parse, with the reason."""
    shells = 0
    for block in found:
        shells += block.kind in _SHELLS
        if block.kind not in _SHELLS or shells <= MOST_SHELL_BLOCKS:
            why = _why(block)
            if why:
                yield block, why


def _why(block: Block) -> str:
    try:
        if block.kind in _PARSERS:
            _PARSERS[block.kind](block.text)
    except SyntaxError as error:
        return error.msg
    except yaml.MarkedYAMLError as error:
        return str(error.problem)
    except (RecursionError, MemoryError):
        return "it is nested too deeply"
    except (ValueError, yaml.YAMLError) as error:
        return str(error)
    return ""


def _yaml(text: str) -> None:
    # PyYAML takes time by the square of the depth.
    if len(text) > YAML_CHARACTERS or text.count("[") + text.count("{") > YAML_BRACKETS:
        raise ValueError("it is too large for an example")
    for _ in yaml.compose_all(text, Loader=yaml.SafeLoader):
        pass


def _shell(text: str) -> None:
    """Raises SyntaxError with what bash says."""
    bash = shutil.which("bash", path=defpath)
    if bash is None:
        return
    with subprocess.Popen(
        [bash, "--noprofile", "--norc", "-O", "extglob", "-n"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C.UTF-8"},
        cwd="/",
    ) as process:
        if hasattr(resource, "prlimit"):
            for limit, most in SHELL_LIMITS:
                resource.prlimit(process.pid, limit, (most, most))
        try:
            said = process.communicate(text.encode("utf-8", "replace"), timeout=SHELL_SECONDS)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            raise SyntaxError("bash does not come to an end with it") from None
    if process.returncode:
        first = said.decode("utf-8", "replace").strip().partition("\n")[0]
        raise SyntaxError(re.sub(r"^\S*bash: line (\d+): ", r"line \1: ", first) or "bash ends over it")


_SHELLS = frozenset({"bash", "sh", "shell"})
_PARSERS: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(("python", "py", "python3"), parsed),
    **dict.fromkeys(("yaml", "yml"), _yaml),
    **dict.fromkeys(_SHELLS, _shell),
    "json": json.loads,
    "toml": tomllib.loads,
}
