"""Task folders of SkillsBench and Harbor, read as tasks with their tests as the checker.

    <task>/instruction.md     what the agent is told
    <task>/task.toml          [metadata] difficulty and category, [verifier] timeout_sec
    <task>/environment/       what lies beside the Dockerfile lies in the workspace
    <task>/tests/             test_*.py or test.sh; the agent never sees them
    <task>/solution/          not read

Images are not built: the workspace holds the files of environment/, the tools are those of the
sandbox, and there is no network. What a Dockerfile would have installed is not there, so such tasks
fail here and say nothing of the agent. Skills that come with a task (environment/skills/) are left
out: the library is what is measured.

The set brings one split, `all`; `train` and `test` are cut from it per category.
"""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from memento.errors import UsageError
from memento.evals.datasets.items import ByTests, Dataset, Item, cut, made, with_text, wrong_split
from memento.types import Exercise, File, FileName, Folder, Task

SPLITS = ("train", "test", "all")
SKIPPED = ("Dockerfile", "docker-compose.yaml", "docker-compose.yml", ".dockerignore")
FORM = (
    "You are in the task's folder: where the task says /app or /root, work in the current folder. What you "
    "leave in it is what counts. When you are done, answer with one sentence about what you did."
)
MOST_BYTES = 50_000_000


class _Metadata(BaseModel):
    difficulty: str = ""
    category: str = ""


class _Verifier(BaseModel):
    timeout_sec: float = Field(default=120.0, gt=0, le=3600)


class _TaskToml(BaseModel):
    metadata: _Metadata = _Metadata()
    verifier: _Verifier = _Verifier()


def is_one(place: Path) -> bool:
    """Whether `place` is a task folder, or a folder of them."""
    return bool(_folders(place))


def load(place: Path, split: str) -> Dataset:
    """The tasks of a folder. UsageError for a wrong split or a task that is not whole."""
    if split not in SPLITS:
        raise wrong_split(place.name, split, SPLITS)
    items = [_item(folder) for folder in _folders(place)]
    if split != "all":
        items = list(cut(items, split, lambda item: item.subject))
    return made(place.name, split, items)


def _folders(place: Path) -> list[Path]:
    folders = [place] if (place / "task.toml").is_file() else sorted(place.glob("*/"))
    return [folder for folder in folders if (folder / "task.toml").is_file()]


def _item(folder: Path) -> Item:
    settings = _settings(folder)
    instruction = folder / "instruction.md"
    tests = _files(folder / "tests")
    if not instruction.is_file():
        raise UsageError(f"The task {folder.name} has no instruction.md.")
    if not any(_is_test(name) for name in tests):
        raise UsageError(f"The task {folder.name} has no tests/test_*.py and no tests/test.sh.")
    files = {name: file.data for name, file in _files(folder / "environment").items() if _is_given(name)}
    task = Task(id=folder.name, text=instruction.read_text("utf-8"), files=files)
    item = Item(
        exercise=Exercise(task=task),
        scored=ByTests(tests=tests, timeout_s=settings.verifier.timeout_sec),
        level=settings.metadata.difficulty,
        subject=settings.metadata.category,
    )
    return with_text(item, FORM)


def _settings(folder: Path) -> _TaskToml:
    try:
        values: dict[str, Any] = tomllib.loads((folder / "task.toml").read_text("utf-8"))
        return _TaskToml.model_validate(values)
    except (tomllib.TOMLDecodeError, ValidationError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"{folder.name}/task.toml cannot be read: {first}. Correct it.") from None


def _is_test(name: FileName) -> bool:
    return name == "test.sh" or ("/" not in name and name.startswith("test_") and name.endswith(".py"))


def _is_given(name: FileName) -> bool:
    return name not in SKIPPED and name.split("/")[0] != "skills"


def _files(folder: Path) -> Folder:
    """Regular files below `folder`; links are not followed out of it, because they are not read at all."""
    files: dict[FileName, File] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or "__pycache__" in path.parts:
            continue
        size += path.stat().st_size
        if size > MOST_BYTES:
            raise UsageError(f"{folder} holds more than {MOST_BYTES // 1_000_000} MB. Give a smaller task.")
        executable = bool(path.stat().st_mode & 0o100)
        files[path.relative_to(folder).as_posix()] = File(data=path.read_bytes(), executable=executable)
    return files
