"""Mending what a killed process left behind. Runs inside the landing lock, so nobody is landing.

git's own `*.lock` files carry no owner. One is removed when it appeared after the mark of a landing
that died (see `lock.py`), and could be of the stage that the mark names. Nothing else is touched:
the index lock of a person who has an editor open is none of ours.

    stage "refs"    main, the notes, HEAD, packed-refs and the proposals' branches
    stage "index"   the index of the checkout
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memento.library.lock import Orphan


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where git keeps what a landing locks."""

    common: Path
    git_dir: Path
    main: str


def mend(places: Places, orphan: Orphan | None) -> tuple[str, ...]:
    """A sentence for each thing removed."""
    locks = [*_locks(places, orphan)] if orphan is not None else []
    removed = [_remove(path) for path in locks]
    removed += [_remove(path) for path in places.common.glob("fast_import_crash_*")]
    return tuple(removed)


def _locks(places: Places, orphan: Orphan) -> Iterator[Path]:
    common, git_dir = places.common, places.git_dir
    if orphan.stage == "index":
        candidates = [git_dir / "index.lock"]
    else:
        candidates = [common / f"{places.main}.lock", common / "refs/notes/memento.lock"]
        candidates += [git_dir / "HEAD.lock", common / "packed-refs.lock"]
        candidates += (common / "refs/heads/memento").rglob("*.lock")
    for lock in candidates:
        # A hundredth of a second for file systems that round times down.
        if lock.is_file() and not lock.is_symlink() and lock.stat().st_mtime >= orphan.since - 0.01:
            yield lock


def _remove(path: Path) -> str:
    path.unlink(missing_ok=True)
    return f"removed {path.name}, left by a command that died"
