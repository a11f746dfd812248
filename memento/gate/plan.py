"""G2: what a test file will do, read from its syntax tree: nothing here imports or runs it.

expected     the tests that must report, known before anything runs
cases        for a parametrized test whose parameters are literal: the ids its cases must report
model        tests that take `solve`: never run in the sandbox, and never counted as passed there
behaviour    what those tests ask, where it can be read as data
QUERIES      requests that must reach the skill; NEAR_MISSES, requests that must not
routed       literal requests given to `route(...)`: answered outside the sandbox
"""

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from memento.gate.cases import Case, cases
from memento.skill.python import parsed
from memento.skill.testfile import expected_tests

MOST_REQUESTS = 200
"""More queries than that, and only the first ones are routed: a description is not a corpus."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A test file's promises."""

    expected: tuple[str, ...]
    model: frozenset[str] = frozenset()
    behaviour: tuple[Case, ...] = ()
    cases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Full ids by test; a test whose cases cannot be known is not in here."""
    queries: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    routed: tuple[str, ...] = ()

    @property
    def deciding(self) -> tuple[str, ...]:
        """Tests that run without a model."""
        return tuple(name for name in self.expected if name not in self.model)


def plan(source: bytes) -> Plan:
    """Raises SyntaxError when the file does not parse."""
    module = parsed(source)
    tests = dict(_tests(module))
    known = {name: ids for name, test in tests.items() if (ids := _cases(name, test)) is not None}
    solving = {name: test for name, test in tests.items() if _takes(test, "solve")}
    return Plan(
        expected=expected_tests(source),
        model=frozenset(solving),
        behaviour=cases(module, solving),
        cases=known,
        queries=_constant(module, "QUERIES"),
        near_misses=_constant(module, "NEAR_MISSES"),
        routed=_routed(module),
    )


def _tests(module: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}", inner


def _takes(test: ast.FunctionDef, fixture: str) -> bool:
    arguments = test.args
    return fixture in {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def _constant(module: ast.Module, name: str) -> tuple[str, ...]:
    """A sequence of literal strings at the top of the file; what is not one counts as empty."""
    for node in module.body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == [name]:
            value = _literal(node.value)
            if isinstance(value, tuple | list | set):
                return tuple(text for text in value if isinstance(text, str))[:MOST_REQUESTS]
    return ()


def _routed(module: ast.Module) -> tuple[str, ...]:
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "route":
            value = _literal(node.args[0]) if node.args else None
            if isinstance(value, str):
                found.append(value)
    # A loop over QUERIES with route(query) in it is literal enough.
    return tuple(dict.fromkeys(found))[:MOST_REQUESTS]


def _literal(node: ast.expr) -> object:
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value


def _cases(name: str, test: ast.FunctionDef) -> frozenset[str] | None:
    """The ids of all cases, as pytest forms them; None where they depend on what is not literal."""
    lists = []
    for decorator in test.decorator_list:
        if not _is_parametrize(decorator):
            return None
        assert isinstance(decorator, ast.Call)
        ids = _ids(decorator)
        if ids is None:
            return None
        lists.append(ids)
    if not lists or math.prod(map(len, lists)) > MOST_REQUESTS:
        return None
    combined = [""]
    for ids in reversed(lists):  # the decorator nearest to the function comes first in the id
        combined = [f"{before}-{one}" if before else one for before in combined for one in ids]
    return frozenset(f"{name}[{one}]" for one in combined)


def _is_parametrize(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.parametrize"


def _ids(call: ast.Call) -> list[str] | None:
    """Ids of one parametrize: of plain strings, numbers, booleans and None, all different."""
    if len(call.args) != 2 or call.keywords:
        return None
    names, values = _literal(call.args[0]), _literal(call.args[1])
    if not isinstance(names, str | tuple | list) or not isinstance(values, list | tuple) or not values:
        return None
    single = isinstance(names, str) and "," not in names
    found = []
    for value in values:
        parts = (value,) if single else value
        if not isinstance(parts, tuple | list):
            return None
        ids = [_id(part) for part in parts]
        if None in ids:
            return None
        found.append("-".join(str(part) for part in ids))
    return found if len(set(found)) == len(found) else None


def _id(value: object) -> str | None:
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() and "\\" not in value else None
    return str(value) if value is None or isinstance(value, bool | int | float) else None
