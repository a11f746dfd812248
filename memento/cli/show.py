"""memento show: one skill and its record."""

from pathlib import Path

import click

from memento.cli.plain import one_line, plain
from memento.cli.workplace import json_option, library_option, open_workplace, print_json, skill_names
from memento.errors import LibraryError
from memento.types import Skill


@click.command()
@click.argument("skill", shell_complete=skill_names)
@click.option("--rev", help="A commit of the library instead of main's tip.")
@library_option
@json_option
def command(skill: str, rev: str | None, library_dir: Path | None, as_json: bool) -> None:
    """Show a skill: its text, its files, its record and the ideas that were tried.

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
    if as_json:
        print_json(Skill, found)
        return
    utility = place.journal.utility(skill, found.tree)
    record = f"{utility.value:.2f} from {utility.n:g} outcomes" if utility.n else "no outcomes yet"
    files = [name for name in sorted(library.folder(skill)) if name != "SKILL.md"]
    lines = [
        f"{found.name} {found.version}",
        one_line(found.description, 2000),
        "",
        f"utility   {record}",
        f"files     {', '.join(files) or 'none'}",
        f"tests     {'yes' if library.test(skill) else 'none'}",
    ]
    ideas = place.journal.ideas(skill)
    lines += [f"tried     {i.disposition}: {one_line(i.idea)} ({one_line(i.reason, 60)})" for i in ideas]
    click.echo(plain("\n".join([*lines, "", found.body.replace("\r\n", "\n")])))
