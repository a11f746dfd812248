"""The landing lock: one writer at a time, held by the kernel and gone with its holders.

A lock *file* outlives a killed process; `flock` does not. The descriptor is handed on to the git
command that moves main, so that the lock also lasts as long as an orphaned `update-ref` does. The
file's text says who is inside; text without a lock means that its author died half-way.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The lock, while it is ours."""

    descriptor: int
    orphaned: bool
    """The holder before us died inside."""


@contextmanager
def landing_lock(state: Path) -> Iterator[Held]:
    """Wait for the landing lock of the library whose state folder is `state`, and hold it."""
    descriptor = os.open(state / "landing.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        orphaned = os.fstat(descriptor).st_size > 0
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield Held(descriptor=descriptor, orphaned=orphaned)
        os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)
