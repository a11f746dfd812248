"""Notices from outside that a command fills the disk through /workspace, which no rlimit bounds.

The folder is measured
- as often as that costs at most a twentieth of the time: a small folder at each look;
- and whenever the file system's free space shrank by what the folder may still grow. That alone would not do:
  free space grows, too, when somebody else tidies up, and would hide what is written here.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from memento.sandbox.folders import measure

INODE_BYTES = 4096
"""What one more file or folder counts as, at least."""

SHARE = 20
"""A measurement that took t seconds is not made again for SHARE * t, unless the disk says otherwise."""


@dataclass(kw_only=True)
class DiskWatch:
    """How much `folder` may hold. One per session: it remembers what was measured last."""

    folder: Path
    clock: Callable[[], float] = time.monotonic
    free: Callable[[Path], os.statvfs_result] = os.statvfs
    limit: int = field(default=0, init=False)
    size: int = field(default=0, init=False)
    due: float = field(default=0.0, init=False)
    room: os.statvfs_result = field(init=False)

    def __post_init__(self) -> None:
        self.room = self.free(self.folder)

    def begin(self, limit_mb: int) -> None:
        """A command begins that may fill the folder to `limit_mb`: what lies there is not its doing."""
        self.limit = limit_mb << 20
        self.exceeded()

    def exceeded(self) -> str | None:
        """A sentence when the folder is over its limit and has grown since the last look.

        Shrinking it is always allowed, so that the next command can tidy up.
        """
        began, now = self.clock(), self.free(self.folder)
        if began < self.due and self.size + self._taken(now) < self.limit:
            return None
        before, self.size = self.size, measure(self.folder)
        self.room, self.due = now, began + (1 + SHARE) * (self.clock() - began)
        if self.size < self.limit or self.size <= before:
            return None
        return f"/workspace holds more than {self.limit >> 20} MB; remove what is not needed"

    def _taken(self, now: os.statvfs_result) -> int:
        """Bytes by which the file system's room shrank since the last measurement, whoever took them."""
        blocks, files = self.room.f_bavail - now.f_bavail, self.room.f_favail - now.f_favail
        return max(blocks * now.f_frsize, files * INODE_BYTES)
