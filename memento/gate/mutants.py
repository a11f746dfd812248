"""Mutants: small damages to a skill that its tests should notice. Deterministic, spread over the files.

scripts   a comparison, an operator, a constant, a condition turned round; a statement left out
text      a heading's section, a step, a table row or a code block left out

A test file that kills most of them says more about the skill than one that only tells old from new.
Nothing here turns "use" into "never use": what prose means, only a model or a person can say.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from memento.types import File, Folder

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
    """At most MOST_SCRIPT + MOST_TEXT mutants of a skill."""
    scripts = []
    for name, file in sorted(folder.items()):
        if name.endswith(".py"):
            scripts += [_with(folder, name, text, what) for text, what in _of_script(file.data)]
    document = folder[DOCUMENT].data.decode("utf-8", "replace")
    texts = [_with(folder, DOCUMENT, text, what) for text, what in _of_text(document)]
    return (*_spread(scripts, MOST_SCRIPT), *_spread(texts, MOST_TEXT))


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


def _spread(found: list[Mutant], most: int) -> list[Mutant]:
    """Evenly over the whole, the same ones every time."""
    if len(found) <= most:
        return found
    return [found[index * len(found) // most] for index in range(most)]


def _of_script(data: bytes) -> Iterator[tuple[str, str]]:
    try:
        module = ast.parse(data)
    except (SyntaxError, ValueError):
        return
    for index, node in enumerate(ast.walk(module)):
        for change in range(_changes(node)):
            copy = deepcopy(module)
            target = next(other for at, other in enumerate(ast.walk(copy)) if at == index)
            what = _damage(target, change)
            yield ast.unparse(copy), f"{getattr(node, 'lineno', 1)} {what}"


def _changes(node: ast.AST) -> int:
    if isinstance(node, ast.Compare):
        return int(type(node.ops[0]) in _COMPARED)
    if isinstance(node, ast.BinOp):
        return int(type(node.op) in _OPERATED)
    if isinstance(node, ast.Constant):
        # Texts are mostly messages: changing one is rarely damage.
        return int(isinstance(node.value, int | float) and not isinstance(node.value, bool))
    return int(isinstance(node, ast.If | ast.BoolOp | ast.Return) and getattr(node, "value", 1) is not None)


def _damage(node: ast.AST, _: int) -> str:
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


def _of_text(document: str) -> Iterator[tuple[str, str]]:
    end = re.search(r"\A\ufeff?---\r?\n.*?^---[ \t]*\r?$", document, re.DOTALL | re.MULTILINE)
    start = end.end() if end else 0
    head, body = document[:start], document[start:]
    line = head.count("\n") + 1
    for block in re.finditer(
        r"^(?:```.*?^```[^\n]*\n|#{1,6} [^\n]*\n|[^\n]+\n)", body, re.DOTALL | re.MULTILINE
    ):
        text = block.group()
        if text.strip() and not text.startswith("<!--"):
            where = line + body.count("\n", 0, block.start())
            yield head + body[: block.start()] + body[block.end() :], f"{where} without {text.strip()[:60]!r}"
