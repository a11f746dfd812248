"""memento export: skills to where other agents look for them."""

from pathlib import Path

import click

from memento.cli.plain import one_line
from memento.cli.workplace import (
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    skill_names,
)
from memento.errors import LibraryError


@click.command()
@click.argument("skills", nargs=-1, shell_complete=skill_names)
@click.option(
    "--to",
    required=True,
    metavar="claude|agents|DIR",
    help="claude: .claude/skills here; agents: .agents/skills here; or a folder.",
)
@click.option(
    "--link", is_flag=True, help="Link to the library's checkout instead of copying what has landed."
)
@library_option
@json_option
def command(skills: tuple[str, ...], to: str, link: bool, library_dir: Path | None, as_json: bool) -> int:
    """Copy or link SKILLS, by default all, to where other agents look.

    Copies are of what has landed on main; links show the files of the checkout, also unfinished ones.
    A folder that was not written by this command, or was changed since, is left alone.

    Exit codes: 0 all skills are there, 1 something was left alone.

    \b
    Examples:
      memento export --to claude
      memento export files terminal --to ~/my-agent/skills --link
    """
    from memento.review.exporting import PLACES, Did, Exported, Exporter

    library = open_workplace(library_dir).library
    snapshot = library.at()
    names = skills or tuple(snapshot.names())
    for name in names:
        if snapshot.skill(name) is None:
            raise LibraryError(f"there is no usable skill {name!r}; `memento list` shows what there is.")
    target = (Path.cwd() / PLACES.get(to, Path(to).expanduser())).absolute()
    done = Exporter(library=snapshot, checkout=library.root.resolve(), target=target)(names, link=link)
    if as_json:
        print_json(tuple[Exported, ...], done)
    else:
        for each in done:
            why = f" ({each.reason})" if each.reason else ""
            console(stderr=True).print(one_line(f"{each.did:10} {each.path}{why}", 300))
    return 1 if any(each.did is Did.LEFT_ALONE for each in done) else 0
