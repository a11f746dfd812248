"""Rows of a table as values: JSONL, JSON (a list, or an object with `rows`) and Parquet.

pyarrow reads Parquet and is an extra: nothing else needs it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from memento.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")

SUFFIXES = (".jsonl", ".json", ".parquet")
PARQUET = "Reading Parquet needs pyarrow: pip install 'memento-skills[parquet]'."


def read_rows(path: Path, kind: type[T]) -> tuple[T, ...]:
    """Every row of the table at `path` as a `kind`. UsageError names the row that is none."""
    from pydantic import ValidationError

    rows = []
    for number, raw in _raw(path):
        try:
            rows.append(kind.model_validate(raw))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the row"
            raise UsageError(f"{path.name}, row {number}: {where}: {first['msg'].lower()}.") from None
    return tuple(rows)


def _raw(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        if path.suffix == ".parquet":
            yield from enumerate(_parquet(path), 1)
        elif path.suffix == ".jsonl":
            yield from _lines(path)
        else:
            value = json.loads(path.read_text("utf-8-sig"))
            yield from enumerate(value["rows"] if isinstance(value, dict) and "rows" in value else value, 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}. Check the name and its rights.") from error
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text. Give JSONL, JSON or Parquet.") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{path.name}: not JSON ({error}). Correct the file.") from None


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    # Not splitlines(): a task may hold a line separator that only Unicode knows.
    for number, line in enumerate(path.read_text("utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise UsageError(f"{path.name}, row {number}: not JSON ({error}). Correct the line.") from None


def _parquet(path: Path) -> list[Any]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise UsageError(f"{path.name} is a Parquet file. {PARQUET}") from None
    try:
        rows: list[Any] = parquet.read_table(path).to_pylist()
    except ArrowException as error:
        raise UsageError(f"{path} cannot be read as Parquet: {error}. Download it again.") from None
    return rows
