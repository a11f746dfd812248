"""memento diff: how a skill changed."""

from pathlib import Path

import click

from memento.cli.plain import plain
from memento.cli.workplace import console, library_option, open_workplace, skill_names
from memento.errors import LibraryError


@click.command()
@click.argument("skill", shell_complete=skill_names)
@click.argument("old", required=False)
@click.argument("new", required=False)
@library_option
def command(skill: str, old: str | None, new: str | None, library_dir: Path | None) -> None:
    """Show how SKILL and its tests changed from OLD to NEW.

    OLD is a commit, by default the one before the last landing of the skill; NEW is main's tip.
    Characters that a terminal would obey or hide are shown as escapes.

    \b
    Examples:
      memento diff files
      memento diff files HEAD~5 HEAD
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
    text = plain(library.diff(skill, old, new))
    out = console()
    if not text:
        console(stderr=True).print("no difference")
    elif out.is_terminal:
        out.print(Syntax(text, "diff", background_color="default"))
    else:
        click.echo(text, nl=False)
