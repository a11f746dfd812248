"""GAIA (arXiv 2311.12983), as Hugging Face's gaia-benchmark/GAIA lays it out (`2023_all`).

    2023/validation/metadata.jsonl      or metadata.parquet, or metadata.level1..3.parquet
    2023/validation/<file_name>         attachments, beside the table
    2023/test/...                       tasks whose answers are not public

    validation    every answered task (165)
    train, test   these, cut per level
    hidden        the tasks without answers: nothing can be scored, so nothing is reported

The answer's form is asked for in words of ours; the scorer is the official one.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from memento.errors import UsageError
from memento.evals.datasets.items import ByGaia, Dataset, Item, cut, made, with_text, wrong_split
from memento.evals.datasets.rows import read_rows
from memento.types import Exercise, Gold, Task

NAME = "gaia"
SPLITS = ("train", "test", "validation", "hidden")
TABLES = ("metadata.jsonl", "metadata.parquet")
BY_LEVEL = tuple(f"metadata.level{level}.parquet" for level in (1, 2, 3))
NO_ANSWER = "?"
"""What stands for the answers that are not public."""
FORM = (
    "Answer with a number, with as few words as will do, or with a list of these separated by commas. "
    "Write no unit and no thousands separator unless they are asked for, and no article or abbreviation "
    "in words."
)

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]


class _Row(BaseModel):
    task_id: str
    question: str = Field(alias="Question")
    level: Text = Field(alias="Level")
    answer: Text = Field(alias="Final answer", default="")
    file_name: Text = ""


def load(root: Path, split: str) -> Dataset:
    """GAIA from a local copy. UsageError for a wrong split, no table, or an attachment that is missing."""
    if split not in SPLITS:
        raise wrong_split(NAME, split, SPLITS)
    folder = _folder(root, "test" if split == "hidden" else "validation")
    items = [_item(row, folder, hidden=split == "hidden") for row in _table(folder)]
    if split in ("train", "test"):
        items = list(cut(items, split, lambda item: item.level))
    return made(NAME, split, items)


def _folder(root: Path, split: str) -> Path:
    for folder in (root / "2023" / split, root / split, root):
        if any((folder / name).is_file() for name in (*TABLES, *BY_LEVEL)):
            return folder
    raise UsageError(
        f"{root} holds no GAIA table: 2023/{split}/metadata.jsonl or metadata.parquet is wanted. "
        "Give the folder of a download of gaia-benchmark/GAIA as --data."
    )


def _table(folder: Path) -> tuple[_Row, ...]:
    for name in TABLES:
        if (folder / name).is_file():
            return read_rows(folder / name, _Row)
    tables = [folder / name for name in BY_LEVEL if (folder / name).is_file()]
    return tuple(row for table in tables for row in read_rows(table, _Row))


def _item(row: _Row, folder: Path, *, hidden: bool) -> Item:
    if not hidden and row.answer in ("", NO_ANSWER):
        raise UsageError(f"GAIA's task {row.task_id} has no answer, so it cannot be scored.")
    files = {row.file_name: _attachment(folder, row)} if row.file_name else {}
    task = Task(id=row.task_id, text=row.question, files=files)
    gold = None if hidden else Gold(answer=row.answer)
    item = Item(exercise=Exercise(task=task, gold=gold), scored=ByGaia(), level=f"level {row.level}")
    return with_text(item, FORM)


def _attachment(folder: Path, row: _Row) -> bytes:
    """The bytes of a task's file, which lies beside the table and nowhere else."""
    path = folder / row.file_name
    if "/" in row.file_name or row.file_name in (".", "..") or not path.is_file():
        raise UsageError(
            f"GAIA's task {row.task_id} needs the file {row.file_name!r}, which is not in {folder}. "
            "Download the attachments too: they lie beside the table."
        )
    return path.read_bytes()
