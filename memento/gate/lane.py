"""G0: whether the tests that were there are still there: what a test says, and every name that it may use.

A name of the old file must be bound by the same code in the new one, and by nothing else: a test, a
helper, a constant that an assert compares with. Tables of requests and tasks may grow. PARKED has rules
of its own (custody).
"""

import ast
from collections.abc import Iterator

from memento.gate.cases import TABLE
from memento.skill.python import parsed

_TABLES = frozenset({"QUERIES", "NEAR_MISSES", TABLE})
_ELSEWHERE = frozenset({"PARKED"})


def altered_tests(old: bytes | None, new: bytes | None) -> list[str]:
    """Names of the old file that the new one binds otherwise, or not at all.

    Raises SyntaxError for a new file that does not parse; an old one that does not is altered as a whole.
    """
    after = _bindings(new or b"")
    try:
        before = _bindings(old or b"")
    except SyntaxError as error:
        return [f"the whole file, which did not parse (line {error.lineno})"] if old != new else []
    return [name for name, code in before.items() if not _keeps(name, code, after.get(name, frozenset()))]


def _keeps(name: str, before: frozenset[str], after: frozenset[str]) -> bool:
    if name in _ELSEWHERE or before == after:
        return True
    if name not in _TABLES:
        return False
    old, new = (_items(code) for code in (before, after))
    return old is not None and new is not None and old <= new


def _items(code: frozenset[str]) -> frozenset[str] | None:
    """What a table holds, where it is one literal."""
    if len(code) != 1:
        return None
    (text,) = code
    (statement,) = parsed(text).body
    value = statement.value if isinstance(statement, ast.Assign) else None
    if not isinstance(value, ast.Tuple | ast.List | ast.Set):
        return None
    return frozenset(ast.unparse(item) for item in value.elts)


def _bindings(source: bytes) -> dict[str, frozenset[str]]:
    """The code at the top of a file that gives each name its meaning; the same code twice counts once."""
    found: dict[str, set[str]] = {}
    for statement in parsed(source).body:
        code = ast.unparse(statement)
        for name in _bound(statement):
            found.setdefault(name, set()).add(code)
    return {name: frozenset(codes) for name, codes in found.items()}


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield from (inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name))
