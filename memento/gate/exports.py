"""What a sandbox is shown: for each job a small library of its own, in files.

/library/7/skills/<name>/...                the skill, and the skills it names
/library/7/skill_tests/test_<name>.py       its test file
/library/7/routes.json                      what `route` answers
"""

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from memento.errors import SandboxError
from memento.gate.job import Job
from memento.types import Folder, test_path

ROOT = "/library"
WARM = "warm/test_warm.py"
_WARM = """def test_warm(tmp_path, capsys):
    assert tmp_path.is_dir() and capsys is not None
"""
"""Ours: run before the first fork, see `memento.gate.inside`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a job's files are, as the sandbox names them."""

    number: int
    skills: str
    test: str
    routes: str


def export(root: Path, number: int, job: Job) -> Place:
    """Write a job's files below `root`. SandboxError for a name that leads out of the folder."""
    base = root / str(number)
    for name, folder in {**job.beside, job.skill: job.folder}.items():
        export_folder(base / "skills" / name, folder)
    _export_file(base / test_path(job.skill), job.test)
    _export_file(base / "routes.json", json.dumps(dict(job.routes)).encode())
    inside = f"{ROOT}/{number}"
    return Place(
        number=number,
        skills=f"{inside}/skills",
        test=f"{inside}/{test_path(job.skill)}",
        routes=f"{inside}/routes.json",
    )


def export_warm(root: Path) -> None:
    """The file that warms pytest up."""
    _export_file(root / WARM, _WARM.encode())


def fingerprint(root: Path) -> str:
    """Names, modes and bytes of everything below `root`."""
    digest = sha256()
    for top, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(top, name)
            status = path.lstat()
            digest.update(f"{path}\0{status.st_mode}\0{status.st_nlink}\0{status.st_size}\0".encode())
            digest.update(path.read_bytes() if path.is_file() and not path.is_symlink() else b"?")
    return digest.hexdigest()


def export_folder(target: Path, folder: Folder) -> None:
    """Write a skill's files into `target`. SandboxError for a name that leads out of it."""
    target.mkdir(parents=True, exist_ok=True)
    for name, file in folder.items():
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise SandboxError(f"refusing to export a file named {name!r}")
        _export_file(target / name, file.data)
        if file.executable:
            (target / name).chmod(0o755)


def _export_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
