"""Notices from outside that a command fills the disk through /workspace, which no rlimit bounds.

The file system's free space is asked first, which costs a microsecond; only when it shrank by a part of
the limit since the last look (others write there, too) is the folder itself measured.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from memento.sandbox.folders import measure

INODE_BYTES = 4096
"""What one more file or folder counts as, at least."""


@dataclass(kw_only=True)
class DiskWatch:
    """How much `folder` may hold, in bytes. One per session: it remembers what was measured last."""

    folder: Path
    limit: int
    room: os.statvfs_result = field(init=False)
    size: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.room = os.statvfs(self.folder)

    def begin(self) -> None:
        """A command begins: what the one before it left is not this one's doing."""
        self.exceeded()

    def exceeded(self) -> str | None:
        """A sentence when the folder is over its limit and has grown since the last look.

        Shrinking it is always allowed, so that the next command can tidy up.
        """
        now = os.statvfs(self.folder)
        taken = (self.room.f_bavail - now.f_bavail) * now.f_frsize
        made = (self.room.f_favail - now.f_favail) * INODE_BYTES
        if self.size < self.limit and max(taken, made) < self.limit // 4:
            return None
        self.room = now
        before, self.size = self.size, measure(self.folder)
        if self.size < self.limit or self.size <= before:
            return None
        return f"/workspace holds more than {self.limit >> 20} MB; remove what is not needed"
