"""Behaviour tests as data: read from the syntax tree, so that a model is asked outside the hostile process.

    BEHAVIOUR = (("Add up 1,000 and 2.", "1002"), ...)

    @pytest.mark.parametrize(("task", "answer"), BEHAVIOUR)
    def test_sums(solve, task, answer):
        assert solve(task) == answer

    def test_one_sum(solve):
        assert solve("Add up 1 and 2.") == "3"

Both forms are read. A test that takes `solve` and has another form is listed as needing a model.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TABLE = "BEHAVIOUR"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A task with the answer that is right, and the test that asks for it."""

    test: str
    task: str
    answer: str


def cases(module: ast.Module, tests: Mapping[str, ast.FunctionDef]) -> tuple[Case, ...]:
    """The cases of `tests`, which are the tests that take `solve`; each task once."""
    table = tuple(_table(module))
    found: dict[str, Case] = {}
    for name, test in tests.items():
        pairs = table if _is_over_table(test) else tuple(_asserted(test))
        for task, answer in pairs:
            found.setdefault(task, Case(test=name, task=task, answer=answer))
    return tuple(found.values())


def _table(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.Assign) and [t.id for t in targets if isinstance(t, ast.Name)] == [TABLE]:
            for row in node.value.elts if isinstance(node.value, ast.Tuple | ast.List) else ():
                if isinstance(row, ast.Tuple | ast.List) and len(row.elts) == 2:
                    yield from _pair(*row.elts)


def _is_over_table(test: ast.FunctionDef) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and len(decorator.args) == 2
        and isinstance(decorator.args[1], ast.Name)
        and decorator.args[1].id == TABLE
        for decorator in test.decorator_list
    )


def _asserted(test: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    for node in ast.walk(test):
        if not (isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare)):
            continue
        call, compared = node.test.left, node.test
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == "solve"
            and len(call.args) == 1
            and [type(operator) for operator in compared.ops] == [ast.Eq]
        ):
            yield from _pair(call.args[0], compared.comparators[0])


def _pair(task: ast.expr, answer: ast.expr) -> Iterator[tuple[str, str]]:
    texts = [node.value for node in (task, answer) if isinstance(node, ast.Constant)]
    if len(texts) == 2 and all(isinstance(text, str) and text.strip() for text in texts):
        yield str(texts[0]), str(texts[1])
