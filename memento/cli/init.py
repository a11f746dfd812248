"""memento init: a new library."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.workplace import console

if TYPE_CHECKING:
    from memento.library import Library


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--github", is_flag=True, help="Also workflows that gate pull requests, CODEOWNERS, advice on protection."
)
def command(folder: Path, github: bool) -> None:
    """Make a library with the five starter skills in DIR.

    DIR may be new, empty, or a git repository without skills; what is there stays as it is. The
    skills arrive as one commit on the main branch. With --github, DIR may also be a library already:
    then only the files for GitHub are added, each where there is none of its name.

    \b
    Examples:
      memento init my-library
      memento init my-library --github
      memento init .
    """
    from memento.assemble.ambience import Ambience
    from memento.library import Library

    ambience, root = Ambience(), folder.absolute()
    there = github and all((root / name).is_dir() for name in (".git", "skills", "skill_tests"))
    make = Library.open if there else Library.init
    library = make(root, now=ambience.now, ids=ambience.new_id)
    if not there:
        names = library.at().names()
        console(stderr=True).print(
            f"A library with {len(names)} skills ({', '.join(names)}) is in {folder}.\n"
            f"Next: cd {folder}, `memento list`, `memento gate`, "
            "and `memento run TASK --model NAME` once a model is set.",
            soft_wrap=True,
        )
    if github:
        _add_github(library)


def _add_github(library: "Library") -> None:
    from memento import __version__
    from memento.review.github.setting_up import add_github

    added = add_github(library, __version__)
    text = (
        f"Added for GitHub: {', '.join(added)}.\nPush main there, then read .github/branch-protection.md."
        if added
        else "The files for GitHub are all there already."
    )
    console(stderr=True).print(text, soft_wrap=True)
