"""memento rollback: an earlier text of a skill, by a new commit."""

import os
from pathlib import Path

import click

from memento.changes import Disposition, Landing
from memento.cli.say import gate_line, landing
from memento.cli.workplace import (
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    sandbox_option,
    skill_names,
)


@click.command()
@click.argument("skill", shell_complete=skill_names)
@click.option("--to", "rev", help="The commit to go back to; by default the one before the last landing.")
@sandbox_option
@library_option
@json_option
def command(skill: str, rev: str | None, sandbox: str | None, library_dir: Path | None, as_json: bool) -> int:
    """Restore SKILL's earlier text by a new commit, and keep its regression tests.

    Nothing is erased: history, tests and the idea that is taken back stay, and the idea counts as
    rejected. The change goes through the gate like any other; tests that only the newer text could
    pass are expected to be red and are named.

    \b
    Examples:
      memento rollback files
      memento rollback files --to HEAD~4
    """
    from memento.assemble.ambience import Ambience
    from memento.assemble.gates import sandbox_of
    from memento.assemble.reviews import rollback_of

    place = open_workplace(library_dir, {("sandbox", "kind"): sandbox})
    rollback = rollback_of(
        place.library,
        sandbox_of(place.config, os.environ),
        Ambience(),
        config=place.config,
        environ=os.environ,
    )
    outcome = rollback(skill, rev)
    if as_json:
        print_json(Landing, outcome)
    else:
        console(stderr=True).print(f"{gate_line(outcome.report)}\n  {landing(outcome)}", soft_wrap=True)
    return 0 if outcome.disposition is Disposition.LANDED else 1
