"""Which test functions of a model may become a skill's tests. Read from the syntax tree; nothing runs.

allowed     top level: imports from a short list, and functions `test_...` without decorators whose
            parameters are the fixtures `skill`, `run_script`, `tmp_path`
            in a function: assignments to plain names, calls, `if`, `for`, `assert`, and names that are
            bound there, imported, or on the list of harmless builtins
required    each test uses the skill, and has an assert that is reached: in the body itself, or in a
            `for` over a literal that is not empty
refused     all the rest. So: no skip, xfail, exit, try, with, return, class, while, yield, decorator,
            monkeypatch, private name, file access, or a shadowed builtin

An allow-list, because the ways to make a test pass without testing are not to be counted. What gets
through is still hostile code: it runs in the sandbox only, and is believed only about failures.
"""

import ast
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from memento.skill.python import parsed

SOURCE_CHARACTERS = 12_000
MOST_TESTS = 8


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


FIXTURES = frozenset({"skill", "run_script", "tmp_path"})
MODULES = _set_of("""
    collections csv datetime decimal fractions io itertools json math re statistics string textwrap
""")
BUILTINS = _set_of("""
    abs all any bool bytes chr dict divmod enumerate filter float frozenset int isinstance iter len list
    map max min next ord print range repr reversed round set sorted str sum tuple zip
""")
_REFUSED_ATTRIBUTES = _set_of("""
    open FileIO open_code write_text write_bytes unlink rmdir rename replace_file chmod lchmod
    symlink_to hardlink_to link_to touch mkdir
""")
# `statistics.sys.exit`: a harmless module hands out the modules that it imports itself.
_REFUSED_MODULES = sys.stdlib_module_names - MODULES - {"copy", "time"}
_STATEMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.If, ast.For, ast.Assert)
_REFUSED_EXPRESSIONS = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
_NAME = re.compile(r"test_[a-z0-9_]{1,90}")


@dataclass(frozen=True, kw_only=True, slots=True)
class TestFunction:
    """A test as written, from `def` to its last line."""

    __test__ = False  # pytest would collect a class of this name

    name: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tests:
    """Admissible test functions and the import statements they need."""

    __test__ = False

    imports: tuple[str, ...]
    functions: tuple[TestFunction, ...]


def refusal(source: str) -> str | None:
    """Why these tests are not admissible, in words for their author; None when they are."""
    if len(source) > SOURCE_CHARACTERS:
        return f"more than {SOURCE_CHARACTERS} characters"
    if any(
        c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} for c in source
    ):
        return "hidden or control characters"
    try:
        module = parsed(source)
    except SyntaxError as error:
        return f"it is not Python: {error}"
    return next(_problems(module), None)


def read_tests(source: str) -> Tests:
    """The parts of an admissible source."""
    module, lines = parsed(source), source.split("\n")
    imports = (ast.unparse(node) for node in module.body if isinstance(node, ast.Import | ast.ImportFrom))
    functions = (node for node in module.body if isinstance(node, ast.FunctionDef))
    return Tests(
        imports=tuple(dict.fromkeys(imports)),
        functions=tuple(
            TestFunction(name=f.name, source="\n".join(lines[f.lineno - 1 : f.end_lineno])) for f in functions
        ),
    )


def _problems(module: ast.Module) -> Iterator[str]:
    imported: set[str] = set()
    tests: list[ast.FunctionDef] = []
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _import_problems(node)
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef):
            tests.append(node)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield f"line {node.lineno}: only imports and test functions may stand at the top level"
    names = [test.name for test in tests]
    if not tests or len(tests) > MOST_TESTS or len(set(names)) < len(names):
        yield f"between 1 and {MOST_TESTS} test functions with different names are wanted, not {len(tests)}"
    for test in tests:
        for problem in _test_problems(test, imported):
            yield f"{test.name}: {problem}"


def _import_problems(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    pytest_itself = isinstance(node, ast.Import) and modules == ["pytest"]
    if not pytest_itself and not MODULES.issuperset(modules):
        yield f"line {node.lineno}: only {', '.join(sorted(MODULES))} and pytest may be imported"
    for alias in node.names:
        if alias.asname or alias.name == "*" or _is_refused(alias.name):
            yield f"line {node.lineno}: {alias.name!r} may not be imported like that"


def _test_problems(test: ast.FunctionDef, imported: set[str]) -> Iterator[str]:
    arguments = test.args
    parameters = {argument.arg for argument in arguments.args}
    plain = not (arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg)
    if not _NAME.fullmatch(test.name):
        yield "a test is called test_ and a lower-case name"
    if test.decorator_list or not plain or arguments.defaults or not parameters <= FIXTURES:
        yield f"no decorators, and no parameters but {', '.join(sorted(FIXTURES))}"
    for node in ast.walk(test):
        if node is not test:
            yield from _node_problems(node)
    yield from _name_problems(test, parameters, imported)
    if not any(_reached(test.body)):
        yield "it has no assert about the skill that is always reached"


def _node_problems(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.stmt) and not isinstance(node, _STATEMENTS):
        yield f"line {node.lineno}: a test consists of assignments, calls, if, for and assert"
    elif isinstance(node, _REFUSED_EXPRESSIONS):
        yield f"line {node.lineno}: no await, yield or :="
    elif isinstance(node, ast.Attribute):
        if not isinstance(node.ctx, ast.Load):
            yield f"line {node.lineno}: no assignment to attributes"
        if _is_refused(node.attr):
            yield f"line {node.lineno}: .{node.attr} is not allowed"
        if isinstance(node.value, ast.Name) and node.value.id == "pytest" and node.attr != "approx":
            yield f"line {node.lineno}: of pytest only approx may be used"


def _name_problems(test: ast.FunctionDef, parameters: set[str], imported: set[str]) -> Iterator[str]:
    names = [node for node in ast.walk(test) if isinstance(node, ast.Name)]
    stored = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    lambdas = {
        argument.arg for node in ast.walk(test) if isinstance(node, ast.Lambda) for argument in _all(node)
    }
    bound = stored | lambdas
    if shadowed := bound & (BUILTINS | parameters | imported | FIXTURES):
        yield f"{min(shadowed)!r} may not be given another meaning"
    loaded = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    known = bound | parameters | imported | BUILTINS
    if unknown := {name for name in loaded if name not in known or name.startswith("_")}:
        yield f"{min(unknown)!r} is not allowed or not defined"
    if not loaded & parameters & {"skill", "run_script"}:
        yield "it does not use the skill: take the fixture `skill` or `run_script`"
    if any(_bare_pytest(test)):
        yield "of pytest only pytest.approx may be used"


def _bare_pytest(test: ast.FunctionDef) -> Iterator[ast.Name]:
    """Uses of the name `pytest` that are not `pytest.something`: it could be handed on under another name."""
    used = {id(node.value) for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    for node in ast.walk(test):
        if isinstance(node, ast.Name) and node.id == "pytest" and id(node) not in used:
            yield node


def _all(node: ast.Lambda) -> list[ast.arg]:
    arguments = node.args
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _reached(body: list[ast.stmt]) -> Iterator[bool]:
    for statement in body:
        if isinstance(statement, ast.Assert):
            yield any(isinstance(node, ast.Name) for node in ast.walk(statement.test))
        elif isinstance(statement, ast.For) and isinstance(statement.iter, ast.Tuple | ast.List):
            yield bool(statement.iter.elts) and any(_reached(statement.body))


def _is_refused(name: str) -> bool:
    return name.startswith("_") or name in _REFUSED_ATTRIBUTES or name in _REFUSED_MODULES
