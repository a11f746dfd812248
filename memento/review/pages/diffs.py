"""A unified diff as two columns: what stood on the left, what stands on the right.

context    both sides
changed    a run of removed lines beside the run of added ones that follows it, line by line; where two
           lines resemble each other, the parts that differ are marked
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, zip_longest

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_FILE = re.compile(r"diff --git a/.* b/(.*)")
MOST_ROWS = 3_000
WIDEST = 1_000
"""A longer line is cut."""
MOST_COMPARED = 200
"""Characters of a line, and pairs of lines of one run, that are looked at for what differs."""
_ALIKE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of a line; `changed` where the other side says something else."""

    text: str
    changed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A line on one side."""

    number: int
    parts: tuple[Part, ...]
    changed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Two lines beside each other; None where one side has none. Both None: lines were left out."""

    old: Side | None
    new: Side | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileDiff:
    """One file of a change. `remark` says what has no lines: a binary file, a mode, a cut."""

    path: str
    rows: tuple[Row, ...]
    remark: str


def side_by_side(diff: str) -> tuple[FileDiff, ...]:
    """The files of a unified diff as git writes it."""
    # Not splitlines(): it also splits at characters that are no line ends to git.
    starts = re.split(r"^(?=diff --git )", diff, flags=re.MULTILINE)
    return tuple(_file(part.split("\n")) for part in starts if part.startswith("diff --git "))


def _file(lines: Sequence[str]) -> FileDiff:
    found = _FILE.match(lines[0])
    start = next((n for n, line in enumerate(lines) if line.startswith("@@ ")), len(lines))
    said = [
        x
        for x in lines[1:start]
        if x.startswith(("new file", "deleted file", "old mode", "new mode", "Binary"))
    ]
    rows = list(islice(_rows(lines[start:]), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        said.append(f"only the first {MOST_ROWS} rows are shown")
    path = found[1] if found else lines[0]
    return FileDiff(path=path, rows=tuple(rows[:MOST_ROWS]), remark="; ".join(said))


def _rows(lines: Sequence[str]) -> Iterator[Row]:
    old = new = 0
    gone: list[str] = []
    come: list[str] = []
    for line in lines:
        mark, text = line[:1], line[1:]
        if mark in "-+" and mark:
            (gone if mark == "-" else come).append(text)
            continue
        yield from _beside(gone, come, old, new)
        old, new = old + len(gone), new + len(come)
        gone, come = [], []
        if hunk := _HUNK.match(line):
            if old + new:
                yield Row(old=None, new=None)
            old, new = int(hunk[1]), int(hunk[2])
        elif mark == " ":
            yield Row(old=_side(old, text), new=_side(new, text))
            old, new = old + 1, new + 1
    yield from _beside(gone, come, old, new)


def _beside(gone: Sequence[str], come: Sequence[str], old: int, new: int) -> Iterator[Row]:
    for one, other in _paired(gone, come):
        left, right = _marked(
            gone[one] if one is not None else None, come[other] if other is not None else None
        )
        yield Row(
            old=Side(number=old + one, parts=left, changed=True) if one is not None else None,
            new=Side(number=new + other, parts=right, changed=True) if other is not None else None,
        )


def _paired(gone: Sequence[str], come: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Which removed line stands beside which added one, by number: lines that resemble each other do."""
    if not (gone and come) or len(gone) * len(come) > MOST_COMPARED:
        return list(zip_longest(range(len(gone)), range(len(come))))
    alike = [[_likeness(one, other) for other in come] for one in gone]
    # best[i][j]: what the pairs among the first i and j lines are worth together
    best = [[0.0] * (len(come) + 1) for _ in range(len(gone) + 1)]
    for i, row in enumerate(alike, 1):
        for j, worth in enumerate(row, 1):
            best[i][j] = max(best[i - 1][j], best[i][j - 1], best[i - 1][j - 1] + worth)
    return _filled(_pairs(alike, best), len(gone), len(come))


def _pairs(alike: Sequence[Sequence[float]], best: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    i, j = len(alike), len(alike[0])
    found = []
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append((i, j))
    return found[::-1]


def _filled(pairs: Sequence[tuple[int, int]], gone: int, come: int) -> list[tuple[int | None, int | None]]:
    """The pairs, and between them the other lines beside each other as they come."""
    found: list[tuple[int | None, int | None]] = []
    i = j = 0
    for one, other in (*pairs, (gone, come)):
        found += zip_longest(range(i, one), range(j, other))
        if (one, other) != (gone, come):
            found.append((one, other))
        i, j = one + 1, other + 1
    return found


def _likeness(one: str, other: str) -> float:
    """In [0, 1]; 0 where marking what differs would help nobody."""
    if not (one and other) or max(len(one), len(other)) > MOST_COMPARED:
        return 0.0
    matcher = SequenceMatcher(None, _words(one), _words(other), autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _ALIKE else 0.0


def _words(line: str) -> list[str]:
    return re.findall(r"\w+|\s+|.", line)


def _side(number: int, text: str) -> Side:
    return Side(number=number, parts=(Part(text=_cut(text)),), changed=False)


def _marked(one: str | None, other: str | None) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The pieces of two lines; marked only where most of them agrees."""
    left, right = _cut(one or ""), _cut(other or "")
    if one is None or other is None:
        return (Part(text=left),), (Part(text=right),)
    if not _likeness(left, right):
        return (Part(text=left),), (Part(text=right),)
    before, after = _words(left), _words(right)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    codes = matcher.get_opcodes()
    return (
        tuple(Part(text="".join(before[a:b]), changed=tag != "equal") for tag, a, b, _, _ in codes if b > a),
        tuple(Part(text="".join(after[c:d]), changed=tag != "equal") for tag, _, _, c, d in codes if d > c),
    )


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[:WIDEST]} … {len(text) - WIDEST} more"
