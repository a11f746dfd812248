"""Runs that have not ended, kept so that they can go on: `.memento/runs/ID/`.

    task.json       the task with its files, and whether there was a right answer (never the answer)
    replies.jsonl   what the models have said so far (llm/replay.py)

What its attempts wrote lies outside the library (act/places.py): git and editors look into every folder of a
checkout. A run that ends removes both. Of those that never did, the newest are kept.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memento.errors import UsageError
from memento.types import Scorer, Task

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MOST_KEPT = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfinished:
    """What a run is about; its id is the task's."""

    task: Task
    judged: bool
    """A right answer was given. It is not kept: whoever goes on with the run gives it again."""
    scorer: Scorer = Scorer.EXACT


@dataclass(frozen=True, kw_only=True)
class UnfinishedRuns:
    """The unfinished runs of one library."""

    folder: Path
    workplaces: Path
    """Outside every checkout, because sandboxes write there."""
    remove: Callable[[Path], None] = shutil.rmtree
    """Removes what a sandbox wrote."""

    def keep(self, run: Unfinished) -> None:
        """Keep a run that begins; the oldest go where there are too many."""
        place = self.folder / run.task.id
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        (place / "task.json").write_bytes(_adapter().dump_json(run))
        for old in self._newest_first()[MOST_KEPT:]:
            self._forget(old.name)

    @contextmanager
    def held(self, run: Unfinished) -> Iterator[None]:
        """While this process is at the run. UsageError when another one is."""
        with (self.folder / run.task.id / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"{run.task.id} goes on in another process. Wait for its end, or stop it."
                ) from error
            yield

    def replies(self, run: Unfinished) -> Path:
        return self.folder / run.task.id / "replies.jsonl"

    def find(self, name: str | None) -> Unfinished:
        """The run of this id, the newest for None. UsageError, naming those that there are."""
        known = [place.name for place in self._newest_first()]
        if name is None and known:
            name = known[0]
        if name not in known:
            there = (
                f"There are: {', '.join(known)}." if known else "There is none; runs that end are not kept."
            )
            raise UsageError(f"no unfinished run {name}. {there}" if name else f"nothing to resume. {there}")
        return _adapter().validate_json((self.folder / name / "task.json").read_bytes())

    def done(self, run: Unfinished) -> None:
        """The run has ended."""
        self._forget(run.task.id)

    def attempts(self, run: Unfinished) -> Path:
        """Where the attempts of this run work."""
        return self.workplaces / run.task.id

    def _forget(self, name: str) -> None:
        shutil.rmtree(self.folder / name, ignore_errors=True)
        if (self.workplaces / name).exists():
            self.remove(self.workplaces / name)

    def _newest_first(self) -> Sequence[Path]:
        files = list(self.folder.glob("*/task.json"))
        return [file.parent for file in sorted(files, key=lambda f: f.stat().st_mtime_ns, reverse=True)]


def _adapter() -> "TypeAdapter[Unfinished]":
    from pydantic import TypeAdapter

    return TypeAdapter(Unfinished)
