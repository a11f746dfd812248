"""The whole site in a folder: written whole or not at all.

It is written beside the folder and put in its place by a rename. What stands there already is replaced
only when it is a report of ours and nothing else: `.memento-report` lists what a report wrote, and a
file that is not in the list was put there by somebody.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from memento.errors import UsageError
from memento.review.pages.site import Site

MARKER = ".memento-report"
_HEAD = "A report of Memento. It is replaced whole by the next one; these are its files:"
_ALSO = (MARKER, ".nojekyll")
"""GitHub Pages leaves out files with a leading underscore unless `.nojekyll` stands there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a report came to."""

    folder: str
    pages: int
    bytes: int


def write(site: Site, folder: Path) -> Written:
    """Write every page. UsageError when `folder` holds something else, or cannot be written."""
    folder = folder.resolve()
    _check(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise UsageError(
            f"{folder.parent} cannot be written: {error.strerror}. Name another place with -o."
        ) from error
    try:
        new, old = aside / "new", aside / "old"
        written = _write_all(site, new, folder)
        _check(folder)  # again: writing took its time
        if folder.exists():
            folder.rename(old)
        put(new, old, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return written


def _check(folder: Path) -> None:
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file. Name a folder with -o.")
    there = {
        str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()
    }
    strange = sorted(there - _listed(folder))
    if strange:
        raise UsageError(
            f"{folder} holds {strange[0]!r}, which no report wrote. "
            "Name another folder with -o, or move that away."
        )


def _listed(folder: Path) -> set[str]:
    try:
        head, *names = (folder / MARKER).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError, ValueError):  # none, or not one of ours
        return set()
    return {*names, *_ALSO} if head == _HEAD else set()


def _write_all(site: Site, new: Path, folder: Path) -> Written:
    paths, size = [], 0
    for path in site.paths():
        html = site.page(path)
        if html is not None:
            paths.append(path)
            size += _write(new / path, html)
    _write(new / ".nojekyll", "")
    _write(new / MARKER, "\n".join([_HEAD, *paths, ""]))
    new.chmod(0o755)
    return Written(folder=str(folder), pages=len(paths), bytes=size)


def _write(path: Path, text: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8", "replace")
    path.write_bytes(data)
    return len(data)


def put(new: Path, old: Path, folder: Path) -> None:
    """Move `new` to where `folder` is to be, or `old` back when that fails."""
    try:
        new.rename(folder)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise UsageError(
            f"{folder} was taken while the report was written. Run the command again."
        ) from error
