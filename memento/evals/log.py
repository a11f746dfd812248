"""The records of a run on disk: a folder per identity, append-only, one writer.

    run.json         the identity, written once
    records.jsonl    one record per line; a line is on disk (fsync) before the next task counts as done

Rules
- A key is written once: what is done twice (a worker that was thought lost) is kept once.
- A line that was cut short (a kill, a full disk) is no record. The next writer removes it.
- A second writer is refused; readers are never in the way.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memento.errors import LibraryError
from memento.evals.records import Identity, Record

if TYPE_CHECKING:
    from pydantic import TypeAdapter

RUN, RECORDS = "run.json", "records.jsonl"


@dataclass(kw_only=True)
class Log:
    """A run's records, open for writing. `records` holds those that are on disk, by key."""

    path: Path
    descriptor: int
    records: dict[str, Record] = field(default_factory=dict)
    end: int = 0
    """Bytes of whole lines."""

    def append(self, record: Record) -> bool:
        """Keep a record; False when its key is there already. LibraryError when it cannot be written."""
        if record.key in self.records:
            return False
        line = _adapter(Record).dump_json(record) + b"\n"
        try:
            _write(self.descriptor, line)
            os.fsync(self.descriptor)
        except OSError as error:
            os.ftruncate(self.descriptor, self.end)
            raise LibraryError(
                f"The result of {record.task} cannot be written to {self.path}: {error.strerror}. "
                f"The {len(self.records)} results before it are kept; mend that and repeat the command."
            ) from error
        self.end += len(line)
        self.records[record.key] = record
        return True


@contextmanager
def writing(root: Path, identity: Identity) -> Iterator[Log]:
    """The log of this identity below `root`, for one writer. LibraryError when somebody else is writing."""
    folder = root / identity.id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / RUN).exists():
            _replace(folder / RUN, _adapter(Identity).dump_json(identity, indent=2))
        descriptor = os.open(folder / RECORDS, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LibraryError(
            f"{folder} cannot be written: {error.strerror}. Mend that and try again."
        ) from error
    try:
        yield _opened(folder / RECORDS, descriptor)
    finally:
        os.close(descriptor)


def _opened(path: Path, descriptor: int) -> Log:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LibraryError(
            f"Another process is writing {path}. Wait for it: two at once would do the work twice."
        ) from None
    lines, end = _whole_lines(path.read_bytes())
    os.ftruncate(descriptor, end)
    records = {record.key: record for record in map(_adapter(Record).validate_json, lines)}
    return Log(path=path, descriptor=descriptor, records=records, end=end)


def read(folder: Path) -> tuple[Identity, tuple[Record, ...]]:
    """A run that is on disk. LibraryError when the folder holds none."""
    try:
        identity = _adapter(Identity).validate_json((folder / RUN).read_bytes())
        lines, _ = _whole_lines((folder / RECORDS).read_bytes())
    except (OSError, ValueError) as error:
        raise LibraryError(f"{folder} holds no evaluation that can be read ({error}).") from None
    return identity, tuple(map(_adapter(Record).validate_json, lines))


def _whole_lines(data: bytes) -> tuple[list[bytes], int]:
    """The lines that end, and where the last one does."""
    end = data.rfind(b"\n") + 1
    return data[:end].splitlines(), end


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _replace(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(data)
    aside.replace(path)


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    # pydantic is imported on first use: `memento --help` must not pay for it.
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
