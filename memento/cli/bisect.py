"""memento bisect: which landing broke a task."""

from pathlib import Path

import click

from memento.cli.plain import one_line
from memento.cli.workplace import (
    add_row,
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    skill_names,
    table,
)


@click.command()
@click.argument("skill", shell_complete=skill_names)
@click.option("--task", required=True, help="The id of the task that used to pass.")
@library_option
@json_option
def command(skill: str, task: str, library_dir: Path | None, as_json: bool) -> int:
    """Find the landing of SKILL that broke a task, from the runs that the journal has.

    Nothing is run again. Where the records do not decide, the landings that may have done it are
    named, or what is missing.

    Exit codes: 0 one landing is found, 5 the records do not decide.

    \b
    Examples:
      memento bisect files --task count-rows
    """
    from memento.review.bisect import Bisection, Found, bisect

    place = open_workplace(library_dir)
    answer = bisect(place.library, place.journal, skill, task)
    if as_json:
        print_json(Bisection, answer)
    else:
        shown = table("commit", "passed", "failed", "", "what")
        for each in answer.versions:
            suspect = "<- broke it?" if each.landing in answer.suspects else ""
            cells = (each.landing.sha[:10], f"{each.passed}", f"{each.failed}", suspect)
            add_row(shown, *cells, each.landing.subject)
        console().print(shown)
        console(stderr=True).print(one_line(f"{answer.found.upper()}: {answer.reason}", 200))
    return 0 if answer.found is Found.LANDING else 5
