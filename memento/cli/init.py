"""memento init: a new library."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.plain import one_line
from memento.cli.workplace import console
from memento.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memento.library import Library


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--github", is_flag=True, help="Also workflows that gate pull requests, CODEOWNERS, advice on protection."
)
@click.option(
    "--install",
    metavar="REQUIREMENT",
    help="What the workflows of --github install, as pip takes it; by default what runs here.",
)
def command(folder: Path, github: bool, install: str | None) -> None:
    """Make a library with the five starter skills in DIR.

    DIR may be new, empty, or a git repository without skills; what is there stays as it is. The
    skills arrive as one commit on the main branch. With --github, DIR may also be a library already:
    then only the files for GitHub are added, each where there is none of its name. Which Memento the
    workflows install stands in .github/memento.txt: what runs here, or what --install says.

    \b
    Examples:
      memento init my-library
      memento init my-library --github
      memento init . --github --install 'memento-skills @ git+https://github.com/OWNER/NAME@COMMIT'
      memento init .
    """
    from memento.assemble.ambience import Ambience
    from memento.library import Library
    from memento.review.github.setting_up import github_files

    if install is not None and not github:
        raise UsageError("--install goes with --github.")
    requirement = _requirement(install) if github else None
    files = github_files(requirement)
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
        _add_github(library, files, requirement)


def _requirement(install: str | None) -> str | None:
    """What the workflows are to install; None when nothing that GitHub can get is known."""
    from importlib.metadata import distribution

    from memento import __version__
    from memento.review.github.setting_up import PROJECT, requirement_of

    if install is not None:
        return install
    return requirement_of(__version__, distribution(PROJECT).read_text("direct_url.json"))


def _add_github(library: "Library", files: "Mapping[str, bytes]", requirement: str | None) -> None:
    from memento.review.github.setting_up import INSTALLS, add_github

    added, out = add_github(library, files), console(stderr=True)
    if not added:
        out.print("The files for GitHub are all there already.")
        return
    advice = "Push main there, then read .github/branch-protection.md."
    out.print(f"Added for GitHub: {', '.join(added)}.\n{advice}", soft_wrap=True)
    if INSTALLS in added:
        out.print(
            f"The workflows install {one_line(requirement, 200)}, as {INSTALLS} says."
            if requirement
            else f"Say in {INSTALLS} which Memento the workflows install: the one here came from a folder of "
            "this machine. Until then they fail and say so.",
            soft_wrap=True,
        )
