"""A proposal's files in the person's own editor, as a copy in a temporary folder.

    <skill>/SKILL.md, ...     the skill's folder: files may be added and removed
    test_<skill>.py           its tests

What editors leave behind (names that end in ~ or begin with a dot) is not read back.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from memento.errors import UsageError
from memento.library.folders import read_folder
from memento.types import Folder, test_path


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """The files as the person left them; `test` is None where there is no test file."""

    folder: Folder
    test: bytes | None


def edited(skill: str, folder: Folder, test: bytes | None, environ: Mapping[str, str]) -> Edited:
    """The files after $VISUAL, $EDITOR or vi was done with them. UsageError when it fails."""
    command = _editor(environ)
    with tempfile.TemporaryDirectory(prefix="memento-edit-") as place:
        root = Path(place)
        test_file = root / Path(test_path(skill)).name
        files = [
            _lay(root / skill / path, file.data, executable=file.executable) for path, file in folder.items()
        ]
        files.sort(key=lambda path: (path.name != "SKILL.md", path))
        files += [_lay(test_file, test)] if test is not None else []
        done = subprocess.run(
            [*command, *(str(path.relative_to(root)) for path in files)], cwd=root, check=False
        )
        if done.returncode:
            raise UsageError(f"{command[0]} ended with status {done.returncode}. Nothing was changed.")
        contents = read_folder(root / skill)
        if contents.strange:
            raise UsageError(f"{contents.strange[0]} is a link or too large. Nothing was changed.")
        kept = {path: file for path, file in contents.files.items() if path in folder or not _left(path)}
        return Edited(folder=kept, test=test_file.read_bytes() if test_file.is_file() else None)


def _editor(environ: Mapping[str, str]) -> list[str]:
    command = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or "vi")
    if not command or shutil.which(command[0], path=environ.get("PATH", os.defpath)) is None:
        raise UsageError(
            f"There is no editor {command[0] if command else ''!r}. Set EDITOR to one, as in EDITOR=nano."
        )
    return command


def _lay(path: Path, data: bytes, *, executable: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o755 if executable else 0o644)
    return path


def _left(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.endswith("~") or name.startswith(".")
