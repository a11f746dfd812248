"""memento init: a new library."""

from pathlib import Path

import click

from memento.cli.workplace import console


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def command(folder: Path) -> None:
    """Make a library with the five starter skills in DIR.

    DIR may be new, empty, or a git repository without skills; what is there stays as it is. The
    skills arrive as one commit on the main branch.

    \b
    Examples:
      memento init my-library
      memento init .
    """
    from memento.assemble import Ambience
    from memento.library import Library

    ambience = Ambience()
    library = Library.init(folder.absolute(), now=ambience.now, ids=ambience.new_id)
    names = library.at().names()
    console(stderr=True).print(
        f"A library with {len(names)} skills ({', '.join(names)}) is in {folder}.\n"
        f"Next: cd {folder}, `memento list`, `memento gate`, "
        "and `memento run TASK --model NAME` once a model is set.",
        soft_wrap=True,
    )
