"""The test file of a skill, read as syntax: nothing here imports or runs it.

tests     functions `test...` at the top, and in classes `Test...`
PARKED    names of regression tests that a rollback made red: kept, shown, and not deciding until
          a later change turns them green again
"""

import ast
import re

from memento.skill.python import parsed

_PARKED = "PARKED"


def expected_tests(source: bytes) -> tuple[str, ...]:
    """Names of the tests in a file, as pytest would collect them: "test_x", "TestY::test_z".

    A name stands twice when it is defined twice. Raises SyntaxError when the file does not parse.
    """
    found: list[str] = []
    for node in parsed(source).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            found.append(node.name)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            found += [
                f"{node.name}::{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test")
            ]
    return tuple(found)


def parked_tests(source: bytes) -> frozenset[str]:
    """The names in PARKED; what is not a literal sequence of strings parks nothing."""
    node = _assignment(parsed(source), _PARKED)
    try:
        value = ast.literal_eval(node.value) if node is not None else ()
    except ValueError:
        return frozenset()
    if not isinstance(value, tuple | list):
        return frozenset()
    return frozenset(name for name in value if isinstance(name, str))


def with_parked(source: bytes, names: frozenset[str]) -> bytes:
    """The file with exactly these names parked; every other byte stays."""
    module = parsed(source)
    lines = source.splitlines(keepends=True)
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    block = f"{_PARKED} = (\n{listed})\n".encode() if names else b""
    node = _assignment(module, _PARKED)
    if node is not None:
        assert node.end_lineno is not None, "a parsed node knows its end"
        return b"".join([*lines[: node.lineno - 1], block, *lines[node.end_lineno :]])
    if not names:
        return source
    at = _after_docstring(module)
    return b"".join([*lines[:at], b"\n" if at else b"", block, *lines[at:]])


def _assignment(module: ast.Module, name: str) -> ast.Assign | None:
    for node in module.body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == [name]:
            return node
    return None


def _after_docstring(module: ast.Module) -> int:
    """The number of lines that the module's docstring takes, 0 without one."""
    if ast.get_docstring(module, clean=False) is None:
        return 0
    end = module.body[0].end_lineno
    assert end is not None, "a parsed node knows its end"
    return end


def base_name(test_id: str) -> str:
    """The function's name of a reported test: "test_x[1-2]" is one case of "test_x"."""
    return re.sub(r"\[.*\]$", "", test_id, flags=re.DOTALL)
