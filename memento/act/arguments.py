"""A tool call's arguments held against the tool's schema; what is wrong is told to the model.

Only what our tools need of JSON Schema: an object with typed, required and no other properties.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memento.protocols import ToolSpec

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Arguments:
    """The arguments as an object, or in words why they are none."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def read(text: str) -> Arguments:
    """The JSON text of a call. Nothing at all is an empty object: some models send "" for no arguments."""
    try:
        values = json.loads(text or "{}", strict=False)
    except (ValueError, RecursionError) as error:
        return Arguments(problem=f"The arguments are not JSON ({error}). Send one JSON object.")
    if not isinstance(values, dict):
        return Arguments(problem="The arguments are not a JSON object. Send one JSON object.")
    return Arguments(values=values)


def problem(spec: ToolSpec, arguments: Mapping[str, Any]) -> str:
    """What is wrong with `arguments` for this tool, in one sentence; "" when nothing is."""
    known: Mapping[str, Mapping[str, Any]] = spec.parameters.get("properties", {})
    for name in spec.parameters.get("required", ()):
        if name not in arguments:
            return f"{spec.name} needs the argument {name!r}. It takes: {', '.join(known)}."
    for name, value in arguments.items():
        if name not in known:
            return f"{spec.name} has no argument {name!r}. It takes: {', '.join(known)}."
        wanted = known[name]["type"]
        # bool is an int in Python, and a number in no tool's schema.
        if not isinstance(value, TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
            return f"The argument {name!r} of {spec.name} must be of type {wanted}."
    return ""
