"""Folders that a sandbox wrote, and how to be rid of them.

Untrusted code can leave folders that nobody may enter (mode 000) and trees deeper than PATH_MAX and than
Python's stack. Neither may keep us from removing them, and no link in them is ever followed.
"""

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """A private temporary folder (mode 0700, resolved), removed at the end whatever is in it by then."""
    folder = Path(tempfile.mkdtemp(prefix="memento-", dir=parent)).resolve()
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove `folder` and everything in it. OSError when somebody else's files are in there."""
    for number, deep in enumerate(unlock(folder)):
        # rmtree recurses: what lies too deep is moved up, under a name that the sandbox did not choose.
        _flatten(deep, folder / f"{secrets.token_hex(8)}-{number}")
    shutil.rmtree(folder)


def _flatten(deep: Path, lifted: Path) -> None:
    pending = [(deep, lifted)]
    while pending:
        source, target = pending.pop()
        _unlock(source)
        source.rename(target)
        pending += [(d, target.parent / secrets.token_hex(8)) for d in unlock(target)]


def unlock(folder: Path) -> list[Path]:
    """Make the folders below `folder` enterable and removable by their owner, down to DEEPEST levels.

    Returns the folders that lie deeper, not yet unlocked. Nobody may be writing there any more.
    """
    pending, deep = [(folder, 0)], []
    while pending:
        place, depth = pending.pop()
        _unlock(place)
        with os.scandir(place) as entries:
            below = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        for entry in below:
            if _reachable(entry, depth):
                pending.append((entry, depth + 1))
            else:
                deep.append(entry)
    return deep


DEEPEST = 200
"""Levels; well below Python's recursion limit."""

LONGEST = 3_000
"""Bytes of a path; with one more name (at most 255) it stays below PATH_MAX (4096)."""


def _reachable(folder: Path, depth: int) -> bool:
    return depth < DEEPEST and len(os.fsencode(folder)) < LONGEST


def _unlock(folder: Path) -> None:
    mode = stat.S_IMODE(folder.lstat().st_mode)
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        folder.chmod(mode | stat.S_IRWXU)


def measure(folder: Path) -> int:
    """Bytes on disk below `folder`, each file and folder counted as at least 4 KiB.

    Safe while somebody is writing there: what vanishes or cannot be entered counts nothing.
    """
    total = 0
    pending = [folder]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    total += max(4096, entry.stat(follow_symlinks=False).st_blocks * 512)
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(Path(entry.path))
        except OSError:
            continue
    return total


def copy_public(source: Path, target: Path) -> None:
    """Copy a folder so that everybody may read it; links are copied as links."""
    shutil.copytree(source, target, symlinks=True)
    for place, _, files in os.walk(target):
        Path(place).chmod(0o755)
        for name in files:
            file = Path(place, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)


def chown(folder: Path, uid: int) -> None:
    """Give `folder` and what lies below it, down to DEEPEST levels, to `uid` and the group of that number.

    Links are given, not followed. Needs root, who can remove what lies deeper anyhow.
    """
    os.chown(folder, uid, uid, follow_symlinks=False)
    pending = [(folder, 0)]
    while pending:
        place, depth = pending.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                os.chown(entry, uid, uid, follow_symlinks=False)
                below = Path(entry.path)
                if entry.is_dir(follow_symlinks=False) and _reachable(below, depth):
                    pending.append((below, depth + 1))
