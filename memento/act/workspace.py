"""Files laid into a folder before a sandbox sees it: regular files only, at plain relative names.

A name is refused, never mended, when it is absolute, holds `..`, an empty part, a backslash or a
control character, or lies below another file. What is refused is named in the error.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from memento.errors import SkillError, UsageError
from memento.types import File, FileName, Folder

LONGEST_NAME = 1000


def lay_task(files: Mapping[FileName, bytes], folder: Path) -> None:
    """Write a task's files. UsageError when a name cannot be used."""
    for name, data in files.items():
        if reason := _lay(folder, name, File(data=data)):
            raise UsageError(f"The task's file {name!r} cannot be used: {reason}. Rename it.")


def lay_skill(files: Folder, folder: Path) -> None:
    """Write a skill's files. SkillError when a name cannot be used."""
    for name, file in files.items():
        if reason := _lay(folder, name, file):
            raise SkillError(f"The skill's file {name!r} cannot be used: {reason}. Rename it.")


def _lay(folder: Path, name: FileName, file: File) -> str | None:
    """Why the file cannot be written, or None when it was."""
    if reason := _wrong(name):
        return reason
    path = folder / name
    mode = 0o755 if file.executable else 0o644
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive: a name that comes twice (on a file system without case) replaces nothing.
        with path.open("xb") as out:
            out.write(file.data)
    except (FileExistsError, NotADirectoryError):
        return "another file is in its place"
    path.chmod(mode)
    return None


def _wrong(name: FileName) -> str | None:
    if not name or len(name) > LONGEST_NAME:
        return "it is empty or too long"
    if "\\" in name or any(ord(c) < 32 or ord(c) == 127 for c in name):
        return "it holds a backslash or a control character"
    if name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        return "it does not stay in its folder"
    return "it is no plain path" if PurePosixPath(name).as_posix() != name else None
