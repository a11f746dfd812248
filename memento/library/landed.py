"""Where main has been: `landed` in git's own folder, one line per landing, only ever added to.

    <commit> <Unix time> <branch>

git's reflog says the same, unless it is switched off, expired or lost with main itself. A line that
is cut or altered is skipped.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from memento.types import Sha

_LINE = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64}) \d+ (\S+)")


def note_down(path: Path, main: str, tip: Sha, when: float, *, durable: bool) -> None:
    """Add main's tip, unless it is the last line. Never fails: what has landed has landed."""
    with suppress(OSError):
        if newest(path, main, 1) == (tip,):
            return
        with path.open("ab") as file:
            # A line that was cut by a crash must not swallow this one.
            file.write(f"\n{tip} {int(when)} {main}\n".encode())
            file.flush()
            if durable:
                os.fdatasync(file.fileno())


def newest(path: Path, main: str, limit: int) -> tuple[Sha, ...]:
    """The last tips of a branch, newest first."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1000 * limit))
            text = file.read().decode("ascii", "replace")
    except OSError:
        return ()
    found = (_LINE.fullmatch(line) for line in reversed(text.split("\n")))
    return tuple(Sha(match[1]) for match in found if match and match[2] == main)[:limit]
