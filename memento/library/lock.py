"""The landing lock: one writer at a time, held by the kernel and gone with its holders.

A lock *file* outlives a killed process; `flock` does not. The descriptor is handed on to the git
command that moves main, so that the lock also lasts as long as an orphaned `update-ref` does. The
file's text says what is being done inside, whole enough to finish or undo it; text without a lock
means that its author died at it.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from memento.errors import LibraryError
from memento.library.steps import Reached, nothing
from memento.types import Sha

UNSETTLED = "unsettled"
"""The stage of a mark whose author lives and gave up: no lock of git's is its own."""

_BYTES = 4096
"""The mark is padded to this, and so replaced by one write: a process dies before or after, not within."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """Main is to go from `old` to `new`; with it, the notes move and the branch of the proposal ends."""

    old: Sha | None
    new: Sha
    notes_old: Sha | None = None
    notes_new: Sha | None = None
    branch: str | None = None
    commit: Sha | None = None
    """What the branch points at."""
    paths: tuple[str, ...] = ()
    """What differs between `old` and `new` lies at or below these; () when that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Orphan:
    """What the holder before us was doing when it died, and since when (Unix time of the mark)."""

    stage: str
    since: float
    intent: Intent | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The lock, while it is ours; `orphan` is None when the holder before us left in order."""

    descriptor: int
    orphan: Orphan | None = None
    durable: bool = False

    def enter(self, stage: str, intent: Intent | None = None) -> None:
        """Leave a mark of what is done now; "" takes it away."""
        mark = {"stage": stage, "pid": os.getpid(), "intent": intent and asdict(intent)} if stage else ""
        try:
            os.pwrite(self.descriptor, (json.dumps(mark) if mark else "").ljust(_BYTES).encode(), 0)
            if self.durable and stage:
                os.fdatasync(self.descriptor)
        except OSError as error:
            raise LibraryError(f"A landing could not be noted down: {error.strerror}.") from error


@contextmanager
def landing_lock(
    state: Path, *, durable: bool = False, reached: Reached = nothing, wait_s: float | None = None
) -> Iterator[Held]:
    """Wait for the landing lock of the library whose state folder is `state`, and hold it.

    LibraryError when it cannot be made, or is not had within `wait_s` seconds (None: wait for ever).
    """
    reached("lock: before")
    descriptor = _open(state / "landing")
    try:
        _take(descriptor, wait_s)
        reached("lock: after")
        held = Held(descriptor=descriptor, orphan=_orphan(descriptor), durable=durable)
        try:
            yield held
        except BaseException:
            left = _orphan(descriptor)
            intent = left.intent if left else None
            held.enter(UNSETTLED if intent else "", intent)
            raise
        held.enter("")
    finally:
        os.close(descriptor)
    reached("lock: released")


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise LibraryError(
            f"{path} cannot be opened for writing: {error.strerror}. Nothing has changed."
        ) from error


def _take(descriptor: int, wait_s: float | None) -> None:
    if wait_s is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    for _ in range(max(1, int(wait_s / 0.05))):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return
    raise LibraryError("Another process is landing a change right now. Nothing was touched; try again later.")


def _orphan(descriptor: int) -> Orphan | None:
    text = os.pread(descriptor, _BYTES, 0).decode("ascii", "replace").strip()
    if not text:
        return None
    since = os.fstat(descriptor).st_mtime
    try:
        mark = json.loads(text)
        known = mark["intent"] and {**mark["intent"], "paths": tuple(mark["intent"]["paths"])}
        return Orphan(stage=mark["stage"], since=since, intent=Intent(**known) if known else None)
    except (ValueError, TypeError, KeyError):  # a torn page after the machine crashed
        return Orphan(stage="refs", since=since)
