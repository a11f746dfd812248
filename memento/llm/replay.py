"""Replies kept while a run goes on, so that an interrupted one goes on where it was.

A resumed run goes through everything again. A request that was answered before is answered from the
file, at no cost, as the calls of its tools are (act/places.py). As soon as something is different (a
skill that has changed, another model), the request is another one and the model is asked.

The file holds what the models were told and said about this task's work: it lies in the library's
private state, and is removed with the run that it belongs to.
"""

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from memento.protocols import Model, Reply, Request
from memento.types import Usage

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A model whose replies outlive the process. `path` is one JSON line per reply."""

    model: Model
    path: Path
    part: Callable[[], int] = lambda: 0
    """Of the work, as far as it has come: a reply is given again in the part that it was given in."""
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)
    _kept: dict[str, deque[Reply]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kept", _read(self.path))

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, request: Request) -> Reply:
        """The reply that this request had before, else the model's. Raises what the model raises."""
        key = _key(f"{self.name} {self.part()}", request)
        with self._lock:
            if kept := self._kept[key]:
                return replace(kept.popleft(), usage=Usage())
        reply = self.model.complete(request)
        line = json.dumps({"key": key, "reply": _adapter().dump_python(reply, mode="json")})
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        return reply


def _read(path: Path) -> dict[str, deque[Reply]]:
    kept: dict[str, deque[Reply]] = defaultdict(deque)
    if not path.exists():
        return kept
    for line in path.read_text("utf-8").splitlines():
        try:
            value = json.loads(line)
            kept[value["key"]].append(_adapter().validate_python(value["reply"]))
        except (ValueError, KeyError):  # the line that a kill cut short
            continue
    return kept


def _key(asked: str, request: Request) -> str:
    from pydantic_core import to_json

    return hashlib.sha256(asked.encode() + b"\0" + to_json(request)).hexdigest()


def _adapter() -> "TypeAdapter[Reply]":
    from pydantic import TypeAdapter

    return TypeAdapter(Reply)
