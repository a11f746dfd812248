"""What the file tools share: one program (inside.py) that runs in the sandbox and does what it is asked.

What a command may not read or write, no file tool may, because it runs where commands run.
"""

import json
from functools import cache
from importlib import resources

from memento.act.tools.command import result
from memento.protocols import SandboxSession, ToolResult

ROOTS = ("/workspace", "/skill")


@cache
def _program() -> str:
    return resources.files("memento.act.tools").joinpath("inside.py").read_text("utf-8")


def inside(session: SandboxSession, do: str, path: str, **fields: str | int | bool | None) -> ToolResult:
    """The answer of the program; `fields` are those of its `Request`."""
    roots = {root: session.path(root) for root in ROOTS}
    request = json.dumps({"do": do, "path": path, "roots": roots, **fields})
    # -S: nothing but the standard library is needed, and the site module takes as long as the work itself.
    return result(session.run([*session.python, "-S", "-c", _program()], stdin=request.encode()))
