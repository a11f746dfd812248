"""The landing lock: one writer at a time, held by the kernel and gone with its holders.

A lock *file* outlives a killed process; `flock` does not. The descriptor is handed on to the git
command that moves main, so that the lock also lasts as long as an orphaned `update-ref` does. The
file's text says what is being done inside; text without a lock means that its author died at it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Orphan:
    """What the holder before us was doing when it died, and since when (Unix time of the mark)."""

    stage: str
    since: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The lock, while it is ours; `orphan` is None when the holder before us left in order."""

    descriptor: int
    orphan: Orphan | None = None

    def enter(self, stage: str) -> None:
        """Leave a mark of what is done now; "" takes it away."""
        os.truncate(self.descriptor, 0)
        os.pwrite(self.descriptor, stage.encode(), 0)


@contextmanager
def landing_lock(state: Path) -> Iterator[Held]:
    """Wait for the landing lock of the library whose state folder is `state`, and hold it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(state / "landing.lock", flags, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        mark, since = os.pread(descriptor, 100, 0).decode("ascii", "replace"), os.fstat(descriptor).st_mtime
        held = Held(descriptor=descriptor, orphan=Orphan(stage=mark, since=since) if mark else None)
        try:
            yield held
        finally:
            held.enter("")
    finally:
        os.close(descriptor)
