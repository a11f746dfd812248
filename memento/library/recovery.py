"""Mending what a killed process left behind. Runs inside the landing lock, so nobody is landing.

git's own `*.lock` files carry no owner. One is removed when the landing it belongs to is known to
be dead (its author left its mark in our lock and the kernel freed it), or when it is old enough
that no command of git's can still be writing it. Only references of ours are looked at.
"""

from collections.abc import Iterator
from pathlib import Path

from memento.library.lock import landing_lock

STALE_SECONDS = 600.0


def recover(common: Path, state: Path, main: str, now: float) -> tuple[str, ...]:
    """A sentence for each thing removed."""
    with landing_lock(state) as held:
        removed = [*_locks(common, main, 0.0 if held.orphaned else STALE_SECONDS, now)]
        removed += _crash_reports(common)
    return tuple(removed)


def _locks(common: Path, main: str, age_s: float, now: float) -> Iterator[str]:
    refs = [common / f"{main}.lock", common / "refs/notes/memento.lock", common / "packed-refs.lock"]
    refs += (common / "refs/heads/memento").rglob("*.lock")
    for lock in refs:
        if lock.is_file() and not lock.is_symlink() and now - lock.stat().st_mtime >= age_s:
            lock.unlink(missing_ok=True)
            yield f"removed {lock.relative_to(common)}, left by a command that died"


def _crash_reports(common: Path) -> Iterator[str]:
    for report in common.glob("fast_import_crash_*"):
        report.unlink(missing_ok=True)
        yield f"removed {report.name}, left by a command that died"
