"""Python that somebody else wrote, as a syntax tree that every walk over it survives. Nothing is executed."""

import ast
import codecs
import re
from threading import Lock

LARGEST = 512 << 10
DEEPEST = 150
"""Levels of nesting. Python's own limit lies near a thousand calls, and a walk takes several per level."""

# Python 3.11 counts the depth of the tree that it makes once for all threads, and two of them at it end in a
# SystemError (CPython issue 106905).
_ALONE = Lock()

_CODING = re.compile(rb"[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
"""PEP 263, in one of the first two lines."""


def parsed(source: bytes | str) -> ast.Module:
    """The module. Raises SyntaxError, also for what is too large or deep, holds NUL, or is no UTF-8.

    Another encoding would show a reviewer, and every check of text, something else than Python reads.
    """
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if len(data) > LARGEST:
        raise _refused(f"it is larger than {LARGEST >> 10} kB")
    for line in data.split(b"\n", 2)[:2]:
        coding = _CODING.match(line)
        if coding and not _is_utf_8(coding[1].decode()):
            raise _refused(f"it is encoded as {coding[1].decode()}, which is not UTF-8")
    try:
        with _ALONE:
            module = ast.parse(data)
    except ValueError as error:
        raise _refused(str(error)) from error
    except (RecursionError, MemoryError) as error:
        raise _refused("it is nested too deeply") from error
    level: list[ast.AST] = [module]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return module
    raise _refused("it is nested too deeply")


def expression(source: str) -> ast.expr:
    """One expression. Raises what `ast.parse` raises."""
    with _ALONE:
        return ast.parse(source, mode="eval").body


def _is_utf_8(name: str) -> bool:
    try:
        return codecs.lookup(name).name in {"utf-8", "utf-8-sig", "ascii"}
    except LookupError:
        return False


def _refused(why: str) -> SyntaxError:
    return SyntaxError(why, (None, 1, None, None))
