"""Mutants: small damages to a skill that its tests should notice. Deterministic, spread over the files.

scripts   a comparison, an operator, a constant, a condition turned round; a statement left out
text      a heading's section, a step, a table row or a code block left out

A test file that kills most of them says more about the skill than one that only tells old from new.
Nothing here turns "use" into "never use": what prose means, only a model or a person can say.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from memento.skill.python import parsed
from memento.types import File, Folder

T = TypeVar("T")

DOCUMENT = "SKILL.md"
SCRIPT_SHARE, SHARE = 0.6, 0.5
"""Killed: of the script mutants, and of all of them."""
MOST_SCRIPT, MOST_TEXT = 9, 5

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A damaged skill, and what was damaged."""

    what: str
    folder: Folder
    script: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How many mutants a test file noticed."""

    killed: int
    total: int
    scripts_killed: int
    scripts: int
    survivors: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """60 % of the script mutants and 50 % of all."""
        return self.scripts_killed >= SCRIPT_SHARE * self.scripts and self.killed >= SHARE * self.total

    def __str__(self) -> str:
        scripts = f", {self.scripts_killed} of {self.scripts} in scripts" if self.scripts else ""
        left = f"; write a test for: {self.survivors[0]}" if self.survivors else ""
        return f"{self.killed} of {self.total} mutants killed{scripts}{left}"


def mutants(folder: Folder) -> tuple[Mutant, ...]:
    """At most MOST_SCRIPT + MOST_TEXT mutants of a skill; only those are made."""
    sites = [(name, at) for name, file in sorted(folder.items()) for at in _sites(name, file.data)]
    document = folder[DOCUMENT].data.decode("utf-8", "replace")
    pieces = list(_pieces(document))
    return (
        *(_script_mutant(folder, name, at) for name, at in _spread(sites, MOST_SCRIPT)),
        *(_text_mutant(folder, document, *piece) for piece in _spread(pieces, MOST_TEXT)),
    )


def score(tried: Sequence[Mutant], killed: Sequence[bool]) -> Score:
    """Count."""
    pairs = list(zip(tried, killed, strict=True))
    return Score(
        killed=sum(killed),
        total=len(tried),
        scripts_killed=sum(dead for mutant, dead in pairs if mutant.script),
        scripts=sum(mutant.script for mutant in tried),
        survivors=tuple(mutant.what for mutant, dead in pairs if not dead),
    )


def _with(folder: Folder, name: str, text: str, what: str) -> Mutant:
    damaged = {**folder, name: File(data=text.encode(), executable=folder[name].executable)}
    return Mutant(what=f"{name}:{what}", folder=damaged, script=name != DOCUMENT)


def _spread(found: Sequence[T], most: int) -> Sequence[T]:
    """Evenly over the whole, the same ones every time."""
    if len(found) <= most:
        return found
    return [found[index * len(found) // most] for index in range(most)]


def _sites(name: str, data: bytes) -> Iterator[int]:
    """Where a script can be damaged, as places in a walk over its tree."""
    if not name.endswith(".py"):
        return
    try:
        module = parsed(data)
    except SyntaxError:
        return
    yield from (at for at, node in enumerate(ast.walk(module)) if _can_be_damaged(node))


def _script_mutant(folder: Folder, name: str, at: int) -> Mutant:
    module = parsed(folder[name].data)
    node = next(node for place, node in enumerate(ast.walk(module)) if place == at)
    line, what = getattr(node, "lineno", 1), _damage(node)
    return _with(folder, name, ast.unparse(module), f"{line} {what}")


def _can_be_damaged(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in _COMPARED
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATED
    if isinstance(node, ast.Constant):
        # Texts are mostly messages: changing one is rarely damage.
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if isinstance(node, ast.Return):  # `return` and `return None` are what they would become
        return not (node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None))
    return isinstance(node, ast.If | ast.BoolOp)


def _damage(node: ast.AST) -> str:
    before = ast.unparse(node).split("\n")[0][:60]
    if isinstance(node, ast.Compare):
        node.ops[0] = _COMPARED[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp):
        node.op = _OPERATED[type(node.op)]()
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        node.value += 1
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.If):
        node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
    elif isinstance(node, ast.Return):
        node.value = ast.Constant(value=None)
    return f"`{before}` -> `{ast.unparse(node).split(chr(10))[0][:60]}`"


def _pieces(document: str) -> Iterator[tuple[int, int]]:
    """Start and end of the headings, lines and code blocks of the body."""
    end = re.search(r"\A\ufeff?---\r?\n.*?^---[ \t]*\r?$", document, re.DOTALL | re.MULTILINE)
    inside: int | None = None
    position = start = end.end() if end else 0
    for line in document[start:].splitlines(keepends=True):
        at, position = position, position + len(line)
        if inside is not None:
            if line.startswith("```"):
                yield inside, position
                inside = None
        elif line.startswith("```"):
            inside = at
        elif line.strip() and not line.startswith("<!--"):
            yield at, position


def _text_mutant(folder: Folder, document: str, start: int, end: int) -> Mutant:
    what = f"{document.count(chr(10), 0, start) + 1} without {document[start:end].strip()[:60]!r}"
    return _with(folder, DOCUMENT, document[:start] + document[end:], what)
