"""Humanity's Last Exam (arXiv 2501.14249), as Hugging Face's cais/hle lays it out.

One table (Parquet, JSON or JSONL) with id, question, image (a data URI, or empty), answer,
answer_type (exactMatch or multipleChoice) and category. Questions with an image are left out unless
they are asked for; then the image lies in the workspace.

The set brings one split: `all`. `train` and `test` are cut from it per category.
"""

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator

from memento.errors import UsageError
from memento.evals.datasets.items import ByHle, Dataset, Item, cut, made, with_text, wrong_split
from memento.evals.datasets.rows import SUFFIXES, read_rows
from memento.types import Exercise, FileName, Gold, Task

NAME = "hle"
SPLITS = ("train", "test", "all")
FORM = (
    "Answer in two lines: `Answer:` with {what}; then `Confidence:` with how sure you are that it is right, "
    "from 0% to 100%."
)
WHAT = {
    "exactMatch": "the exact answer, short and final",
    "multipleChoice": "the letter of the right choice",
}
_DATA_URI = re.compile(r"data:image/(?P<kind>[a-z]+);base64,(?P<data>.+)", re.DOTALL)

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]


class _Row(BaseModel):
    id: str
    question: str
    answer: Text
    answer_type: Literal["exactMatch", "multipleChoice"]
    image: Text = ""
    category: Text = ""


def load(place: Path, split: str, *, images: bool = False) -> Dataset:
    """HLE from a local copy: the table, or a folder with it. UsageError for a wrong split or no table."""
    if split not in SPLITS:
        raise wrong_split(NAME, split, SPLITS)
    rows = [row for table in _tables(place) for row in read_rows(table, _Row)]
    items = [_item(row) for row in rows if images or not row.image]
    if split != "all":
        items = list(cut(items, split, lambda item: item.subject))
    return made(NAME, split, items)


def _tables(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    for folder in (place / "data", place):
        if tables := sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES):
            return tables
    raise UsageError(f"{place} holds no HLE table. Give a download of cais/hle as --data: Parquet or JSONL.")


def _item(row: _Row) -> Item:
    task = Task(id=row.id, text=row.question, files=_image(row))
    exercise = Exercise(task=task, gold=Gold(answer=row.answer))
    item = Item(exercise=exercise, scored=ByHle(), level=row.answer_type, subject=row.category)
    return with_text(item, FORM.format(what=WHAT[row.answer_type]))


def _image(row: _Row) -> dict[FileName, bytes]:
    if not row.image:
        return {}
    found = _DATA_URI.fullmatch(row.image)
    try:
        data = base64.b64decode(found["data"], validate=True) if found else None
    except binascii.Error:
        data = None
    if found is None or data is None:
        raise UsageError(f"HLE's question {row.id} has an image that is no data URI. Download the set again.")
    return {f"image.{found['kind']}": data}
