"""Tasks of one's own: a JSONL file, one task per line.

{"id": "t1", "text": "Add up the Amount column of a.csv.", "files": ["a.csv"], "answer": "12.50",
 "scorer": "numeric", "tolerance": 0.01, "split": "test", "level": "2", "subject": "ledgers"}

id, text      wanted; an id names one task in the whole file
files         paths relative to the JSONL's folder, and inside it; they lie in the workspace by name
answer        without one a rubric judges
scorer        exact (default) or another of the checkers (reflect/checkers.py), or gaia (scoring/gaia.py)
split         of all tasks or of none: without it `train` and `test` are cut per subject, and
              `all` is every task
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from memento.errors import UsageError
from memento.evals.datasets.items import ByGaia, ByGold, Dataset, Item, cut, made, wrong_split
from memento.evals.datasets.rows import read_rows
from memento.types import Exercise, FileName, Gold, Scorer, Task


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    files: list[str] = []
    answer: str | None = None
    scorer: Scorer | Literal["gaia"] = Scorer.EXACT
    tolerance: float = Field(default=0.0, ge=0)
    level: str = ""
    subject: str = ""
    split: str | None = None


def load(path: Path, split: str) -> Dataset:
    """A split of a JSONL file. UsageError for a wrong row, a wrong split, or a file that is missing."""
    rows = read_rows(path, _Row)
    named = {row.split for row in rows if row.split is not None}
    if named and any(row.split is None for row in rows):
        raise UsageError(f"{path.name}: some tasks name a split and some do not. Name one for each, or none.")
    known = sorted(named) if named else ["train", "test", "all"]
    if split not in known:
        raise wrong_split(path.name, split, known)
    items = [_item(row, path.parent) for row in rows if row.split in (None, split)]
    if not named and split != "all":
        items = list(cut(items, split, lambda item: item.subject))
    return made(path.stem, split, items)


def _item(row: _Row, folder: Path) -> Item:
    task = Task(id=row.id, text=row.text, files=_files(row, folder))
    scorer = row.scorer if isinstance(row.scorer, Scorer) else Scorer.EXACT
    gold = None
    if row.answer is not None:
        gold = Gold(answer=row.answer, scorer=scorer, tolerance=row.tolerance)
    scored = ByGaia() if row.scorer == "gaia" else ByGold()
    exercise = Exercise(task=task, gold=gold)
    return Item(exercise=exercise, scored=scored, level=row.level, subject=row.subject)


def _files(row: _Row, folder: Path) -> dict[FileName, bytes]:
    files: dict[FileName, bytes] = {}
    inside = folder.resolve()
    for name in row.files:
        path = (folder / name).resolve()
        if not path.is_relative_to(inside) or not path.is_file():
            raise UsageError(
                f"the task {row.id!r} needs the file {name!r}, which is not in {folder}. "
                "Put it there, or correct the name."
            )
        if path.name in files:
            raise UsageError(f"the task {row.id!r} has two files called {path.name}. Rename one.")
        files[path.name] = path.read_bytes()
    return files
