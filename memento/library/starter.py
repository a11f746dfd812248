"""The starter library: package data of the wheel, or the folders of a checkout."""

from pathlib import Path

from memento.library.worktree import read_file
from memento.types import File, Folder

_TOPS = ("skills", "skill_tests")


def starter_files() -> Folder:
    """Every file of the starter library by its path in a library, `skills/...` and `skill_tests/...`."""
    root = _root()
    files: dict[str, File] = {}
    for top in _TOPS:
        for path in sorted((root / top).rglob("*")):
            relative = path.relative_to(root)
            if "__pycache__" in relative.parts or path.name.startswith("."):
                continue
            file = read_file(path)
            if file is not None:
                files[relative.as_posix()] = file
    return files


def _root() -> Path:
    package = Path(__file__).parent.parent
    packaged = package / "starters"
    return packaged if (packaged / "skills").is_dir() else package.parent
