"""Where an attempt works, and what its calls gave back.

    fresh       a temporary folder, gone afterwards
    KeptPlaces  FOLDER/N/ for the N-th attempt of a run, there until the run has ended
                  opening      SHA-256 of what the model was told at first, and who it is
                  work/        the workspace
                  calls.jsonl  a line when a call begins, a line with what it gave back

Rules for what is kept
- A call that has ended is not made again: what it gave back is read.
- A call that had begun and not ended is not made again either, because nobody knows how far it came.
  The model is told so, and decides.
- An attempt that begins with other words, tools or another model is another one: it gets an empty workspace.
- Once the model asks for something else than is on record, the rest of the record is void.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from memento.protocols import ToolCall
from memento.sandbox import folders

INTERRUPTED = (
    "The run was interrupted during this call. It may have had its effect, a part of it, or none: "
    "look before you repeat it."
)
INTERRUPTED_CODE = 130
"""As a shell has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gave:
    """What a call gave back, as the model sees it, and how long it took."""

    output: str
    exit_code: int | None = None
    tainted: bool = False
    seconds: float = 0.0


Record = Callable[[ToolCall, Callable[[], Gave]], Gave]
"""Answers a call: from what is on record, or by making it."""


def forgetful(call: ToolCall, make: Callable[[], Gave]) -> Gave:
    """A record of nothing."""
    del call
    return make()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one attempt works."""

    workspace: Path
    record: Record = forgetful


Places = Callable[[str, Callable[[Path], None]], AbstractContextManager[Place]]
"""The place of the next attempt: from its opening, and what lays the task's files into a new workspace."""


@contextmanager
def fresh(opening: str, lay: Callable[[Path], None], *, parent: Path | None = None) -> Iterator[Place]:
    """A temporary folder, in `parent` or where the system has them."""
    del opening
    with folders.scratch(parent) as folder:
        (folder / "work").mkdir()
        lay(folder / "work")
        yield Place(workspace=folder / "work")


@dataclass(kw_only=True)
class KeptPlaces:
    """The places of a run's attempts; `number` is that of the next."""

    folder: Path
    number: int = 0

    @contextmanager
    def __call__(self, opening: str, lay: Callable[[Path], None]) -> Iterator[Place]:
        place, self.number = self.folder / str(self.number), self.number + 1
        workspace, mark = place / "work", place / "opening"
        if not mark.exists() or mark.read_text("utf-8") != opening:
            if place.exists():
                folders.remove(place)
            place.mkdir(parents=True, mode=0o700)
            workspace.mkdir()
            lay(workspace)
            mark.write_text(opening, "utf-8")  # last: a place without it is made again
        yield Place(workspace=workspace, record=_Recorded(path=place / "calls.jsonl"))


@dataclass(kw_only=True)
class _Recorded:
    """Implements Record over a file."""

    path: Path
    _kept: deque[tuple[tuple[str, str], Gave | None]] = field(init=False)

    def __post_init__(self) -> None:
        self._kept = deque(_read(self.path))

    def __call__(self, call: ToolCall, make: Callable[[], Gave]) -> Gave:
        asked = (call.name, call.arguments)
        if self._kept:
            known, gave = self._kept.popleft()
            if known == asked:
                return gave or Gave(output=INTERRUPTED, exit_code=INTERRUPTED_CODE)
            self._kept.clear()
        self._write({"name": call.name, "arguments": call.arguments})
        gave = make()
        self._write(asdict(gave))
        return gave

    def _write(self, values: dict[str, object]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


def _read(path: Path) -> Iterator[tuple[tuple[str, str], Gave | None]]:
    """The calls on record, each with what it gave back, None when it had not ended."""
    data = path.read_bytes() if path.exists() else b""
    whole, newline, cut = data.rpartition(b"\n")
    if cut:  # by a kill, in the middle of a line
        path.write_bytes(whole + newline)
    lines = deque(json.loads(line) for line in whole.splitlines())
    while lines:
        call = lines.popleft()
        gave = Gave(**lines.popleft()) if lines and "output" in lines[0] else None
        yield (call["name"], call["arguments"]), gave
