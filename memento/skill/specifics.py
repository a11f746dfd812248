"""What is special to one task: a text that holds it will not serve the next one.

files      the names of the task's files, and file names in its text
numbers    of three digits or more, or with a fraction, that the task's text states
strings    what the task's text puts between quotes
names      capitalised words within its sentences ("Acme", not "CSV")
data       lines of its files that hold a digit and at least sixteen characters
wording    RUN words of its text in a row, where a text must not repeat the task itself
"""

import re
from collections.abc import Iterator

from memento.types import Task

_FILE = re.compile(r"(?<![\w./-])[\w-]+\.[A-Za-z][A-Za-z0-9]{1,4}\b")
_NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*\.\d+|(?<![\w.,])\d[\d,]{2,}(?![\w])")
_QUOTED = re.compile(r"[\"“«]([^\"”»\n]{3,80})[\"”»]|(?<!\w)'([^'\n]{3,80})'(?!\w)")
_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][a-z]{2,}\w*")
RUN = 6
"""Shorter runs are the language's ("add up the amounts in"), longer ones are the task's."""
_LINE_CHARACTERS = 16
_MOST_LINES = 5_000


def specific_to(text: str, task: Task, *, allowed: str = "", names: bool = True) -> str | None:
    """The first thing special to `task` that `text` holds and `allowed` does not; None when there is none.

    Without `names`, a capitalised word may pass: it may as well be a column that the procedure is about.
    """
    pieces = _pieces(task, (_FILE, _NUMBER, _NAME) if names else (_FILE, _NUMBER))
    return next((piece for piece in pieces if _holds(text, piece) and not _holds(allowed, piece)), None)


def repeated_from(text: str, task: Task, *, allowed: str = "") -> str | None:
    """The first RUN words in a row that `text` has from the task's and `allowed` has not; of a task of fewer
    words, all of them. None when there is no such run."""
    words = _words(task.text)
    runs = (" ".join(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1)))
    said, known = (f" {' '.join(_words(one))} " for one in (text, allowed))
    return next((run for run in runs if run and f" {run} " in said and f" {run} " not in known), None)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _pieces(task: Task, patterns: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    yield from task.files
    for pattern in patterns:
        yield from (match.group() for match in pattern.finditer(task.text))
    for match in _QUOTED.finditer(task.text):
        yield match[1] or match[2]
    for data in task.files.values():
        lines = data.decode("utf-8", "ignore").splitlines()[:_MOST_LINES]
        for line in (line.strip() for line in lines):
            if len(line) >= _LINE_CHARACTERS and re.search(r"\d", line):
                yield line


def _holds(text: str, piece: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text) is not None
