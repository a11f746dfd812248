"""Why a skill says what it says: each paragraph with the landing, the episode and the task behind it.

paragraph   lines between blank lines; a fenced block is one, and so is the frontmatter
cause       the newest landing that wrote one of its lines. The lines that every landing writes
            (version, parent) say nothing about the frontmatter and are left out, unless there is no other
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from memento.library import Library, LogEntry
from memento.library.lineage import Origin, main_line, origins
from memento.types import Sha

_FENCE = re.compile(r"\s*(```|~~~)")
_BY_LANDING = re.compile(r"metadata:\s*$|\s+memento-(?:version|parent):")


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """Lines [first_line, last_line] of SKILL.md, counted from 1, and what caused them."""

    first_line: int
    last_line: int
    text: str
    landing: LogEntry
    task: str | None
    """None when no task led to it: a person wrote it, or it came with the library."""
    episode: str | None
    earlier: tuple[Sha, ...]
    """Commits that wrote other lines of it, newest first."""


def causes(library: Library, skill: str) -> tuple[Paragraph, ...]:
    """The paragraphs in order. LibraryError when there is no such skill."""
    tip = library.tip()
    lines = origins(library.git, tip, skill)
    age = {sha: number for number, sha in enumerate(main_line(library.git, tip))}
    landings = {entry.sha: entry for entry in library.log(skill, len(age))}
    return paragraphs(lines, age, landings)


def paragraphs(
    lines: Sequence[Origin], age: Mapping[Sha, int], landings: Mapping[Sha, LogEntry]
) -> tuple[Paragraph, ...]:
    """Those of these lines; `age` is each commit's place in main's line."""
    return tuple(_paragraph(first, part, age, landings) for first, part in _parts(lines))


def _paragraph(
    first: int, part: Sequence[Origin], age: Mapping[Sha, int], landings: Mapping[Sha, LogEntry]
) -> Paragraph:
    telling = [line.commit for line in part if line.text.strip() and not _BY_LANDING.match(line.text)]
    commits = sorted(set(telling or [line.commit for line in part]), key=lambda sha: -age[sha])
    landing = landings[commits[0]]
    return Paragraph(
        first_line=first,
        last_line=first + len(part) - 1,
        text="\n".join(line.text for line in part),
        landing=landing,
        task=landing.trailers.get("Memento-Task"),
        episode=landing.trailers.get("Memento-Episode"),
        earlier=tuple(commits[1:]),
    )


def _parts(lines: Sequence[Origin]) -> Iterator[tuple[int, Sequence[Origin]]]:
    """(number of the first line, lines) of each paragraph."""
    first, fence = 0, ""
    front = _frontmatter(lines)
    if front:
        yield 1, lines[:front]
        first = front
    for number in range(first, len(lines)):
        mark = _FENCE.match(lines[number].text)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1] == fence:
            fence = ""
        if not fence and not lines[number].text.strip():
            if number > first:
                yield first + 1, lines[first:number]
            first = number + 1
    if first < len(lines):
        yield first + 1, lines[first:]


def _frontmatter(lines: Sequence[Origin]) -> int:
    """How many lines the frontmatter takes, 0 without one."""
    if not lines or lines[0].text.lstrip("\ufeff").rstrip() != "---":
        return 0
    ends = (number for number, line in enumerate(lines[1:], 2) if line.text.rstrip() in ("---", "..."))
    return next(ends, 0)
