"""G2: tests that cannot fail, as far as their text shows it."""

import ast
from collections.abc import Iterator, Sequence

_SWALLOWING = frozenset({"", "AssertionError", "Exception", "BaseException"})
_MARKS = ("pytest.mark.", "mark.")

Found = tuple[ast.AST, str]


def blind_spots(module: ast.Module) -> Iterator[Found]:
    """Constructs that keep a test of this file from failing."""
    helpers = _asserting(module)
    for test in _tests(module):
        yield from _test(test, helpers)
    for node in ast.walk(module):
        if isinstance(node, ast.Assert) and _always_true(node.test):
            yield node, "this assert is always true"
        elif isinstance(node, ast.ExceptHandler) and _swallows(node):
            yield node, "this handler swallows a failing assert"
        elif isinstance(node, ast.Try | ast.TryStar) and _leaves(node.finalbody):
            yield node, "leaving a `finally` swallows a failing assert"
        elif isinstance(node, ast.Delete) and any(_is_test(target) for target in node.targets):
            yield node, "a test may not be deleted again"


def _tests(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in module.body:
        inside: Sequence[ast.stmt] = node.body if isinstance(node, ast.ClassDef) else [node]
        for one in inside:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test"):
                yield one


def _test(test: ast.FunctionDef | ast.AsyncFunctionDef, helpers: frozenset[str]) -> Iterator[Found]:
    if isinstance(test, ast.AsyncFunctionDef):
        yield test, "an async test is never awaited"
    for decorator in test.decorator_list:
        if not ast.unparse(decorator).startswith(_MARKS):
            yield decorator, "a decorator that is no mark can replace the test"
    for node in _own(test):
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            yield node, "a test may not return before its end"
    if not any(_checks(node, helpers) for node in _own(test)):
        yield test, f"{test.name} has nothing that could fail: no assert"
    elif not any(_reached(statement, helpers) for statement in test.body):
        yield test, f"{test.name} has asserts only where they may be skipped"


def _own(test: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions within it."""
    for node in ast.iter_child_nodes(test):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from _own(node)


def _asserting(module: ast.Module) -> frozenset[str]:
    """Functions of the file that check something, by name, as do those that call one."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    callers: dict[str, list[str]] = {}
    waiting = [each.name for each in functions if any(_checks(n, frozenset()) for n in ast.walk(each))]
    for each in functions:
        for node in ast.walk(each):
            if isinstance(node, ast.Call):
                callers.setdefault(ast.unparse(node.func), []).append(each.name)
    known: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in known:
            known.add(name)
            waiting += callers.get(name, ())
    return frozenset(known)


def _checks(node: ast.AST, helpers: frozenset[str]) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    return name in helpers or name in {"pytest.raises", "pytest.fail", "pytest.warns"}


def _reached(statement: ast.stmt, helpers: frozenset[str]) -> bool:
    """Whether a check is reached without a condition; loops are believed to run."""
    if isinstance(statement, ast.If | ast.While | ast.Match):
        return (
            any(_checks(node, helpers) for node in ast.walk(statement.test))
            if isinstance(statement, ast.If)
            else False
        )
    if isinstance(statement, ast.For | ast.With | ast.Try | ast.TryStar):
        empty = isinstance(statement, ast.For) and _is_empty(statement.iter)
        head = ast.unparse(statement).split("\n", 1)[0]
        return not empty and (
            "pytest.raises" in head or any(_reached(inner, helpers) for inner in statement.body)
        )
    return any(_checks(node, helpers) for node in ast.walk(statement))


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple | ast.Set) and not node.elts


def _always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple | ast.List):
        return bool(test.elts)
    if isinstance(test, ast.Lambda | ast.GeneratorExp):
        return True
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(_always_true(value) for value in test.values)
    if isinstance(test, ast.BoolOp):
        return all(_always_true(value) for value in test.values)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Constant) and not test.operand.value
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        same = ast.dump(test.left) == ast.dump(test.comparators[0])
        plain = not any(isinstance(node, ast.Call) for node in ast.walk(test))
        return same and plain and isinstance(test.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE | ast.In)
    return False


def _swallows(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {ast.unparse(kind) if kind is not None else "" for kind in kinds}
    raises = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
    return bool(names & _SWALLOWING) and not raises


def _leaves(body: Sequence[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Return | ast.Break | ast.Continue) for stmt in body for node in ast.walk(stmt)
    )


def _is_test(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id.startswith("test")
