"""memento import: skills from elsewhere, through the gate."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.plain import one_line, plain
from memento.cli.say import gate_line, landing
from memento.cli.workplace import (
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    sandbox_option,
)

if TYPE_CHECKING:
    from memento.review.importing import Imported, Importer, Incoming


@click.command("import")
@click.argument("source")
@click.option("--skill", "only", multiple=True, help="Take this skill only; may be given more than once.")
@click.option("--rev", help="The branch, tag or commit of a repository, instead of its HEAD.")
@click.option("--yes", is_flag=True, help="Land what the gate leaves to a person, without asking.")
@sandbox_option
@library_option
@json_option
def command(
    source: str,
    only: tuple[str, ...],
    rev: str | None,
    yes: bool,
    sandbox: str | None,
    library_dir: Path | None,
    as_json: bool,
) -> int:
    """Bring skills into the library from SOURCE: a folder, a git repository (path or URL), another library.

    Only SKILL.md, scripts/, references/, assets/ and LICENSE are taken; never tests, hooks, dot-files,
    links or binaries. Each skill is shown as a diff and goes through the gate. What the gate cannot
    decide lands when you agree, else its branch waits. A skill that repeats one of the library is
    refused. Source, commit, licence and digests are kept in memento.lock.

    Exit codes: 0 all is in the library, 1 something was refused, 5 something waits for a human.

    \b
    Examples:
      memento import ../other-library --skill files
      memento import https://github.com/someone/skills --rev main --yes
    """
    from memento.assemble.ambience import Ambience
    from memento.assemble.gates import sandbox_of
    from memento.assemble.reviews import importer_of
    from memento.library.sources import read_source
    from memento.review.importing import Imported, incoming
    from memento.skill.taking import left_out

    place = open_workplace(library_dir, {("sandbox", "kind"): sandbox})
    found = read_source(source, rev, lambda path: left_out(path) is None, place.library.now)
    importer = importer_of(
        place.library,
        sandbox_of(place.config, os.environ),
        Ambience(),
        config=place.config,
        environ=os.environ,
    )
    done = []
    for skill in incoming(found, only):
        done.append(_one(importer, skill, yes=yes, quiet=as_json))
        if not as_json:
            _tell(done[-1])
    if as_json:
        print_json(list[Imported], done)
    return _exit_code(done)


def _one(importer: "Importer", skill: "Incoming", *, yes: bool, quiet: bool) -> "Imported":
    from memento.review.importing import changes

    library = importer.library.at()
    standing = importer.standing(skill, library)
    if standing is not None:
        return standing
    if not quiet:
        click.echo(plain(changes(library.folder(skill.skill), skill.folder)), nl=False)
    ask = not yes and not quiet and sys.stdin.isatty()
    agreed = yes or (ask and click.confirm(f"land {skill.skill} if nothing fails?", err=True))
    return importer(skill, agreed=agreed)


def _tell(done: "Imported") -> None:
    err = console(stderr=True)
    if done.landing is not None:
        for path, why in done.left_out:
            err.print(one_line(f"  left out {path}: {why}", 200))
        err.print(f"{done.skill}\n{gate_line(done.landing.report)}\n  {landing(done.landing)}")
    else:
        err.print(one_line(f"{done.skill}: {done.became}, {done.reason}", 300))


def _exit_code(done: "list[Imported]") -> int:
    from memento.review.importing import Became

    became = {each.became for each in done}
    if became & {Became.DISCARDED, Became.DUPLICATE, Became.UNUSABLE}:
        return 1
    return 5 if Became.OPEN in became else 0
