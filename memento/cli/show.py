"""memento show: one skill and its record."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.plain import one_line, plain
from memento.cli.workplace import json_option, library_option, open_workplace, print_json, skill_names
from memento.errors import LibraryError
from memento.types import Bounds, Utility

if TYPE_CHECKING:
    from memento.review.versions import Version

MOST_VERSIONS = 10
"""Of the history, in text; `memento history` shows all of it."""


@click.command()
@click.argument("skill", shell_complete=skill_names)
@click.option("--rev", help="A commit of the library instead of main's tip.")
@library_option
@json_option
def command(skill: str, rev: str | None, library_dir: Path | None, as_json: bool) -> None:
    """Show a skill: its text, its files, its record by version, and the ideas that were tried.

    \b
    Examples:
      memento show files
      memento show files --rev HEAD~3
    """
    from memento.review.record import Shown, shown

    place = open_workplace(library_dir)
    library = place.library.at(rev)
    found = library.skill(skill)
    if found is None:
        raise LibraryError(f"there is no usable skill {skill!r} there; `memento list` shows what there is.")
    record = shown(place.library, place.journal, found)
    if as_json:
        print_json(Shown, record)
        return
    files = [name for name in sorted(library.folder(skill)) if name != "SKILL.md"]
    lines = [
        f"{found.name} {found.version}",
        one_line(found.description, 2000),
        "",
        f"utility   {_record(record.utility, record.bounds, record.outcomes)}",
        *_history(record.versions),
        f"files     {', '.join(files) or 'none'}",
        f"tests     {'yes' if library.test(skill) else 'none'}",
    ]
    lines += [
        f"tried     {i.disposition}: {one_line(i.idea)} ({one_line(i.reason, 60)})" for i in record.ideas
    ]
    click.echo(plain("\n".join([*lines, "", found.body.replace("\r\n", "\n")])))


def _record(utility: float | None, bounds: Bounds, outcomes: float) -> str:
    if utility is None:
        return "no outcomes yet"
    many = "" if outcomes == 1 else "s"
    return f"{utility:.2f} ({bounds.low:.2f}-{bounds.high:.2f}) from {outcomes:g} outcome{many}"


def _history(found: "tuple[Version, ...]") -> Iterator[str]:
    for version in found[:MOST_VERSIONS]:
        own = Utility(successes=version.successes, failures=version.failures)
        record = _record(version.utility, own.bounds, own.n)
        yield f"version   {version.version or '(removed)'}: {record}; {one_line(version.landing.subject, 60)}"
    if len(found) > MOST_VERSIONS:
        yield f"          and {len(found) - MOST_VERSIONS} before that: memento history"
