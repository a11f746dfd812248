"""G2: what a test file may not contain, whoever wrote it: ways to be green without testing.

hooks and ends   pytest hooks and plugins, exits, skips, xfail, handlers that run at the end
deep reach       frames, the garbage collector, private pytest, run-time code, patching of names
blindness        an assert that is always true, is skipped by `return` or `if`, or is swallowed;
                 values that are equal to everything; a test without an assert, deleted, redefined
fixtures         `skill`, `run_script`, `route` and `solve` are the harness's and may not be replaced

A deny-list, because people's tests may be any plain pytest; what a model may write is an allow-list
elsewhere. It is not what confines the code (the sandbox does), nor what proves the tests (the runs on
the parent and on the emptied skill do): it closes what those two cannot see.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass

from memento.gate.blindness import blind_spots
from memento.skill.python import parsed

FIXTURES = frozenset({"skill", "run_script", "route", "solve"})


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_MODULES = _set_of("""
    atexit builtins code codeop ctypes faulthandler gc importlib inspect marshal mock multiprocessing pdb
    pickle pty runpy signal site sitecustomize socket threading _thread trace tracemalloc _pytest pluggy
    _posixsubprocess posix nt memento xdist unittest
""")
_NAMES = _set_of("""
    __builtins__ __import__ __loader__ __spec__ compile delattr eval exec exit globals locals quit setattr
    vars breakpoint input SystemExit KeyboardInterrupt GeneratorExit
""")
_DUNDERS = _set_of("__name__ __file__ __doc__")
_DUNDER_METHODS = _set_of("__init__ __post_init__ __repr__ __str__ __enter__")
_ATTRIBUTES = _set_of("""
    tb_frame tb_next f_back f_locals f_globals f_builtins f_code gi_frame cr_frame ag_frame _getframe
    settrace setprofile addaudithook set_trace
""")
_OF_MODULE = {
    "os": _set_of("""
        _exit abort kill killpg fork forkpty execl execle execlp execlpe execv execve execvp execvpe
        posix_spawn dup dup2 write fdopen close closerange register_at_fork memfd_create pipe
        sendfile ptsname openpty putenv unsetenv
    """),
    "sys": _set_of("""
        exit modules path meta_path path_hooks path_importer_cache stdout stderr __stdout__ __stderr__
        excepthook unraisablehook displayhook
    """),
    "pytest": _set_of(
        "exit skip xfail importorskip hookimpl hookspec register_assert_rewrite main console_main"
    ),
    "monkeypatch": _set_of("setattr setitem delattr delitem syspath_prepend context"),
    "mark": _set_of("skip skipif xfail filterwarnings usefixtures tryfirst trylast"),
    "contextlib": frozenset({"suppress"}),
    "environ": _set_of("update setdefault pop popitem clear"),
}
_PARAMETERS = _set_of("""
    request pytestconfig pytester testdir cache record_property record_testsuite_property
    record_xml_attribute
""")
_SPECIAL, _PLAIN_SPECIAL = re.compile(r"__\w+__"), {"__main__", "__name__", "__pycache__"}
_PLACES = ("MEMENTO_", "/proc/", "/dev/fd", "/library/", "conftest.py", "pytest.ini", "/dev/shm")  # noqa: S108


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """A forbidden construct: where it stands and what it is."""

    line: int
    message: str


def breaches(source: bytes) -> tuple[Breach, ...]:
    """All forbidden constructs of a test file, in order of line. Raises SyntaxError."""
    module = parsed(source)
    found = [*_top_level(module), *blind_spots(module)]
    imported = _imported(module)
    for node in ast.walk(module):
        found += [(node, message) for message in _forbidden(node, imported)]
    unique = {Breach(line=getattr(node, "lineno", 1), message=message) for node, message in found}
    return tuple(sorted(unique, key=lambda breach: (breach.line, breach.message)))


def _top_level(module: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        else:
            continue
        for name in names:
            if name.startswith(("pytest_", "collect_ignore")) or (name[:2] == name[-2:] == "__"):
                yield node, f"{name} would be obeyed by pytest or Python"
            elif name in FIXTURES:
                yield node, f"{name} is a fixture of the harness and may not be replaced"
            elif hasattr(builtins, name):
                yield node, f"the builtin {name} may not be given another meaning"
            elif name.startswith("test") and not isinstance(node, ast.FunctionDef):
                yield node, f"{name} is not a plain function, so it would not run as a test"


def _imported(module: ast.Module) -> dict[str, str]:
    """Names that stand for a module, with that module's own name."""
    return {
        alias.asname or alias.name.split(".")[0]: alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def _forbidden(node: ast.AST, imported: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _import(node)
    elif isinstance(node, ast.Attribute):
        yield from _attribute(node, imported)
    elif isinstance(node, ast.Name):
        yield from _name(node, imported)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _function(node)
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _text(node.value)
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
        if not isinstance(node.ctx, ast.Load):
            yield "the environment may not be changed, use monkeypatch.setenv"
    elif isinstance(node, ast.Global):
        yield "global names change what other tests see"


def _text(text: str) -> Iterator[str]:
    yield from (f"{place} is none of a test's business" for place in _PLACES if place in text)
    if _SPECIAL.fullmatch(text) and text not in _PLAIN_SPECIAL:
        yield f"{text} as text can make a value that equals everything"


def _import(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
    for module in modules:
        if module.split(".")[0] in _MODULES or module == ".":
            yield f"the module {module} may not be imported"
    if isinstance(node, ast.ImportFrom):
        barred = _OF_MODULE.get(modules[0], frozenset())
        for alias in node.names:
            if alias.name == "*" or alias.name in barred or alias.name in _ATTRIBUTES:
                yield f"{modules[0]}.{alias.name} may not be used"
            if (alias.asname or alias.name) in FIXTURES or hasattr(builtins, alias.asname or alias.name):
                yield f"{alias.asname or alias.name} may not be given another meaning"


def _attribute(node: ast.Attribute, imported: dict[str, str]) -> Iterator[str]:
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    if isinstance(node.value, ast.Attribute):
        owner = node.value.attr
    owner = imported.get(owner, owner)
    if node.attr in _OF_MODULE.get(owner, frozenset()):
        yield f"{owner}.{node.attr} may not be used"
    if node.attr in _ATTRIBUTES or (node.attr[:2] == node.attr[-2:] == "__" and node.attr not in _DUNDERS):
        yield f".{node.attr} may not be used"
    if not isinstance(node.ctx, ast.Load) and owner in {*imported.values(), *FIXTURES, "pytest"}:
        yield f"{owner}.{node.attr} may not be changed"


def _name(node: ast.Name, imported: dict[str, str]) -> Iterator[str]:
    if node.id in _NAMES:
        yield f"{node.id} may not be used"
    if not isinstance(node.ctx, ast.Load) and (
        node.id in FIXTURES or node.id in imported or node.id in {"open", "print", "AssertionError"}
    ):
        yield f"{node.id} may not be given another meaning"


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    for argument in arguments:
        if argument.arg in _PARAMETERS:
            yield f"the fixture {argument.arg} reaches into pytest"
    if node.name[:2] == node.name[-2:] == "__" and node.name not in _DUNDER_METHODS:
        yield f"a class with {node.name} can be equal to anything"
    for decorator in node.decorator_list:
        if "fixture" in ast.unparse(decorator):
            words = {n.value for n in ast.walk(decorator) if isinstance(n, ast.Constant)}
            if words & FIXTURES or "autouse" in ast.unparse(decorator):
                yield "a fixture that replaces the harness's or runs by itself"


def _call(node: ast.Call) -> Iterator[str]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in {"getattr", "hasattr"}:
        attribute = node.args[1] if len(node.args) > 1 else None
        text = attribute.value if isinstance(attribute, ast.Constant) else None
        if not isinstance(text, str) or text.startswith("_") or text in _ATTRIBUTES:
            yield f"{name} with a name that cannot be read here"
    if name == "type" and len(node.args) + len(node.keywords) > 1:
        yield "a class may not be made by type()"
    if ast.unparse(node.func) == "pytest.approx" and any(_is_loose(word) for word in node.keywords):
        yield "pytest.approx with a tolerance that lets everything pass"
    if ast.unparse(node.func) == "pytest.raises" and {ast.unparse(a) for a in node.args[:1]} & {
        "AssertionError",
        "Exception",
        "BaseException",
    }:
        yield "pytest.raises of what a failing assert raises"


def _is_loose(word: ast.keyword) -> bool:
    """A relative tolerance of all there is, an absolute one of a million, one that cannot be read here."""
    most = {"rel": 1, "abs": 1_000_000}.get(word.arg or "")
    value = word.value.value if isinstance(word.value, ast.Constant) else None
    return most is not None and not (isinstance(value, int | float) and value < most)
