"""memento diff: how a skill changed."""

from dataclasses import dataclass
from pathlib import Path

import click

from memento.cli.plain import plain
from memento.cli.workplace import (
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    skill_names,
)
from memento.errors import LibraryError
from memento.types import Sha


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What `--json` prints: the two commits, and the unified diff between them as it is."""

    skill: str
    old: Sha
    new: Sha
    diff: str


@click.command()
@click.argument("skill", shell_complete=skill_names)
@click.argument("old", required=False)
@click.argument("new", required=False)
@library_option
@json_option
def command(skill: str, old: str | None, new: str | None, library_dir: Path | None, as_json: bool) -> None:
    """Show how SKILL and its tests changed from OLD to NEW.

    OLD is a commit, by default the one before the last landing of the skill; NEW is main's tip.
    Characters that a terminal would obey or hide are shown as escapes.

    \b
    Examples:
      memento diff files
      memento diff files HEAD~5 HEAD
      memento diff files --json | jq -r .diff
    """
    from rich.syntax import Syntax

    library = open_workplace(library_dir).library
    if old is None:
        entries = library.log(skill, 2)
        if not entries:
            raise LibraryError(f"no landing has touched {skill!r}; `memento list` shows what there is.")
        if len(entries) == 1 and entries[0].skill is None:
            raise LibraryError(f"{skill} has one version only; `memento show {skill}` prints it.")
        old, new = f"{entries[0].sha}^1", entries[0].sha
    found = library.diff(skill, old, new)
    if as_json:
        ends = {"old": library.at(old).commit, "new": library.at(new).commit}
        print_json(Difference, Difference(skill=skill, diff=found, **ends))
        return
    text = plain(found)
    out = console()
    if not text:
        console(stderr=True).print("no difference")
    elif out.is_terminal:
        out.print(Syntax(text, "diff", background_color="default"))
    else:
        click.echo(text, nl=False)
