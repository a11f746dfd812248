"""What tools share that run a command inside the sandbox: the result, in the words a model reads."""

import re
from collections.abc import Mapping
from typing import Any

from memento.protocols import Completed, SandboxSession, ToolResult, ToolSpec

WRONG = 2
"""The exit code of a call whose arguments are wrong, as in a shell."""

NUL = "\0"

PLACES = re.compile(r"(?<![\w./~$}-])/(?:workspace|skill)(?=[/\s\"';|&)<>:,]|$)")


def schema(required: Mapping[str, str], optional: Mapping[str, tuple[str, str]] = {}) -> dict[str, Any]:
    """The JSON Schema of texts by name -> description, and optional name -> (type, description)."""
    properties = {name: {"type": "string", "description": told} for name, told in required.items()}
    for name, (kind, told) in optional.items():
        properties[name] = {"type": kind, "description": told}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def wrong(spec: ToolSpec, arguments: Mapping[str, Any]) -> ToolResult | None:
    """The answer to a call with wrong arguments, None when they are right."""
    from memento.act.arguments import problem

    said = problem(spec, arguments)
    if not said and any(isinstance(value, str) and NUL in value for value in arguments.values()):
        # A NUL ends a C string: the command that runs would not be the command that was read.
        said = f"An argument of {spec.name} holds a NUL character."
    return ToolResult(output=said, exit_code=WRONG) if said else None


def placed(text: str, session: SandboxSession) -> str:
    """`text` with /workspace and /skill named as the session names them.

    They are what the model is told and what skills say. In a real sandbox they are true; on the bare
    host nothing can be at /skill, so the names in a command are put right before it runs.
    """
    return PLACES.sub(lambda found: session.path(found[0]), text)


def result(done: Completed, *, empty: str = "(no output)") -> ToolResult:
    """Both streams, and in words what a number does not say."""
    parts = [done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")]
    output = "\n".join(part.rstrip("\n") for part in parts if part.strip())
    notes = []
    if done.timed_out:
        notes.append(f"[stopped after {done.seconds:.0f} s: the time limit]")
    if done.truncated:
        notes.append("[the output was larger than its limit and is incomplete]")
    return ToolResult(output="\n".join([output or empty, *notes]), exit_code=done.exit_code)
