"""Skill folders outside a library: found and read by our own walk. No link is followed, nothing is run."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memento.errors import LibraryError
from memento.library.worktree import read_file
from memento.types import FileName, Folder

DOCUMENT = "SKILL.md"
_PASSED_OVER = {".git", "node_modules", "__pycache__", ".venv", ".pytest_cache"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What a folder holds; `strange` are links, devices and files too large to be a skill's."""

    files: Folder
    strange: tuple[FileName, ...] = ()


def skill_folders(root: Path) -> tuple[Path, ...]:
    """Every folder at or below `root` that holds a SKILL.md, sorted; a linked folder is not entered."""
    found = []
    for folder, names, files in os.walk(root, followlinks=False):
        names[:] = sorted(set(names) - _PASSED_OVER)
        if DOCUMENT in files:
            found.append(Path(folder))
    return tuple(sorted(found))


def folder_around(path: Path) -> Path | None:
    """The nearest folder, from that of the file `path` upwards, that holds a SKILL.md; None without one."""
    return next((folder for folder in path.parents if (folder / DOCUMENT).is_file()), None)


def read_folder(folder: Path) -> Contents:
    """All files below `folder`. A folder inside that is a skill of its own belongs to that skill."""
    files, strange = {}, []
    for path, name in _walk(folder, ""):
        try:
            file = read_file(path)
        except LibraryError:  # larger than any file of a skill
            file = None
        if file is None:
            strange.append(name)
        else:
            files[name] = file
    return Contents(files=files, strange=tuple(strange))


def _walk(folder: Path, prefix: str) -> Iterator[tuple[Path, FileName]]:
    with os.scandir(folder) as found:
        items = sorted(found, key=lambda item: item.name)
    for item in items:
        if item.name in _PASSED_OVER:
            continue
        path = folder / item.name
        if not item.is_dir(follow_symlinks=False):
            yield path, f"{prefix}{item.name}"
        elif not _is_file(path / DOCUMENT):
            yield from _walk(path, f"{prefix}{item.name}/")


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
