"""The test file of a skill: what people wrote, and one marked region for generated cases.

    Tests of the skill `sum-column` ...   the docstring
    QUERIES = (...)                       requests that must reach the skill; read, never executed
    NEAR_MISSES = ()                      requests that must not

    # --- generated cases: each names the episode it came from ---
    # Episode ep-12, task ledger-3: Add up the Amount column ...
    def test_..._ep_12(run_script): ...
    # --- end of generated cases ---

Adding a case changes no byte outside the added block. A file without the region gets one at its end.
"""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from memento.skill.python import parsed
from memento.types import Task
from memento.write.admissible import Tests

if TYPE_CHECKING:
    from jinja2 import Template

BEGIN = "# --- generated cases: each names the episode it came from ---"
END = "# --- end of generated cases ---"

QUERY_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Extended:
    """A test file with cases added, and the names that they got."""

    data: bytes
    names: tuple[str, ...]


def extend(file: bytes, tests: Tests, *, episode: str, task: Task) -> Extended | None:
    """`file` with `tests` in its region; None when it is not Python, so that no name can be known."""
    try:
        module = parsed(file)
    except SyntaxError:
        return None
    taken = {node.name for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    present = {ast.unparse(n) for n in module.body if isinstance(n, ast.Import | ast.ImportFrom)}
    names = tuple(_fresh([function.name for function in tests.functions], taken, episode))
    imports = [line for line in tests.imports if line not in present]
    title = f"# Episode {_one_line(episode, 60)}, task {_one_line(task.id, 60)}: {_one_line(task.text, 80)}"
    functions = [
        re.sub(rf"\Adef\s+{function.name}\b", f"def {name}", function.source)
        for function, name in zip(tests.functions, names, strict=True)
    ]
    # Imports stay with the case that needs them: the text above the region is not ours to change.
    head = "\n".join([title, *imports, "", "", ""] if imports else [title, ""])
    block = head + "\n\n\n".join(functions)
    return Extended(data=_inserted(file, block), names=names)


def new_file(skill: str, queries: Sequence[str]) -> bytes:
    """The test file of a skill that has none yet."""
    return _template().render(name=skill, queries=[_literal(query) for query in queries]).encode()


def query(text: str) -> str:
    """`text` as a routing query: one line, cut at a word."""
    return _one_line(text, QUERY_CHARACTERS)


def _inserted(file: bytes, block: str) -> bytes:
    newline = b"\r\n" if b"\r\n" in file else b"\n"
    end = _end_of_region(file)
    if end is None:
        file = file + (b"" if not file or file.endswith(b"\n") else newline) + newline * 2
        file += BEGIN.encode() + newline + END.encode() + newline
        end = len(file) - len(END) - len(newline)
    before, after = file[:end], file[end:]
    lead = b"" if before.endswith(newline * 2) else newline
    return before + lead + block.encode().replace(b"\n", newline) + newline * 3 + after


def _end_of_region(file: bytes) -> int | None:
    """Where the region's last line starts; None when there is no region."""
    begin = re.search(rb"^" + re.escape(BEGIN.encode()), file, re.MULTILINE)
    ends = [m.start() for m in re.finditer(rb"^" + re.escape(END.encode()), file, re.MULTILINE)]
    return ends[-1] if begin and ends and ends[-1] > begin.start() else None


def _fresh(names: Sequence[str], taken: set[str], episode: str) -> Iterator[str]:
    suffix = re.sub(r"[^a-z0-9]+", "_", episode.lower()).strip("_")[:40]
    used = set(taken)
    for name in names:
        fresh = stem = f"{name}_{suffix}" if suffix else name
        count = 2
        while fresh in used:
            fresh, count = f"{stem}_{count}", count + 1
        used.add(fresh)
        yield fresh


def _one_line(text: str, most: int) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else f"{line[:most].rsplit(' ', 1)[0]} ..."


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    source = resources.files("memento").joinpath("templates", "test_skill.py.j2").read_text("utf-8")
    # Python, not HTML; every value is a literal by then.
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(source)
