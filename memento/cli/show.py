"""memento show: one skill and its record."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import click

from memento.cli.plain import one_line, plain
from memento.cli.workplace import json_option, library_option, open_workplace, print_json, skill_names
from memento.errors import LibraryError
from memento.journal import Idea
from memento.review.versions import Version, versions
from memento.types import Bounds, Skill, Utility

MOST_VERSIONS = 10
"""Of the history, in text; `memento history` shows all of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown(Skill):
    """What `memento show --json` prints: the skill with its record."""

    utility: float | None
    """Older versions discounted; None before the first outcome."""
    bounds: Bounds
    """Where the true rate lies with 95 % confidence (Wilson)."""
    outcomes: float
    versions: tuple[Version, ...]
    ideas: tuple[Idea, ...]


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
    place = open_workplace(library_dir)
    library = place.library.at(rev)
    found = library.skill(skill)
    if found is None:
        raise LibraryError(f"there is no usable skill {skill!r} there; `memento list` shows what there is.")
    utility, ideas = place.journal.utility(skill, found.tree), place.journal.ideas(skill)
    history = versions(place.library, place.journal, skill)
    if as_json:
        own = {field.name: getattr(found, field.name) for field in fields(Skill)}
        shown = Shown(
            **own,
            utility=utility.value if utility.n else None,
            bounds=utility.bounds,
            outcomes=utility.n,
            versions=history,
            ideas=ideas,
        )
        print_json(Shown, shown)
        return
    files = [name for name in sorted(library.folder(skill)) if name != "SKILL.md"]
    lines = [
        f"{found.name} {found.version}",
        one_line(found.description, 2000),
        "",
        f"utility   {_record(utility)}",
        *_history(history),
        f"files     {', '.join(files) or 'none'}",
        f"tests     {'yes' if library.test(skill) else 'none'}",
    ]
    lines += [f"tried     {i.disposition}: {one_line(i.idea)} ({one_line(i.reason, 60)})" for i in ideas]
    click.echo(plain("\n".join([*lines, "", found.body.replace("\r\n", "\n")])))


def _record(utility: Utility) -> str:
    if not utility.n:
        return "no outcomes yet"
    low, high = utility.bounds.low, utility.bounds.high
    return f"{utility.value:.2f} ({low:.2f}-{high:.2f}) from {utility.n:g} outcomes"


def _history(found: tuple[Version, ...]) -> Iterator[str]:
    for version in found[:MOST_VERSIONS]:
        own = Utility(successes=version.successes, failures=version.failures)
        what = one_line(version.landing.subject, 60)
        yield f"version   {version.version or '(removed)'}: {_record(own)}; {what}"
    if len(found) > MOST_VERSIONS:
        yield f"          and {len(found) - MOST_VERSIONS} before that: memento history"
