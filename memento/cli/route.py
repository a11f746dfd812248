"""memento route: which skill a task would get."""

from pathlib import Path

import click

from memento.cli.workplace import (
    add_row,
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    table,
)
from memento.errors import UsageError


@click.command()
@click.argument("task")
@click.option("--at", "rev", help="Route in the library as it was at this commit.")
@library_option
@json_option
def command(task: str, rev: str | None, library_dir: Path | None, as_json: bool) -> None:
    """Say which skill TASK would get, how sure that is, and what else was near.

    \b
    Examples:
      memento route "find all TODO comments in this folder"
    """
    from memento.assemble import router_of
    from memento.route.router import Explanation

    if not task.strip():
        raise UsageError('the task is empty; give its text, as in memento route "add up a column"')
    place = open_workplace(library_dir)
    explanation = router_of(place.config, place.journal).explain(task, place.library.at(rev))
    if as_json:
        print_json(Explanation, explanation)
        return
    route = explanation.route
    shown = table("skill", "score", "confidence")
    for candidate in explanation.candidates:
        add_row(shown, candidate.skill, f"{candidate.score:.3f}", f"{candidate.confidence:.2f}")
    out = console()
    out.print(shown)
    if route.skill is None:
        out.print(
            f"no skill fits: the best confidence {route.confidence:.2f} is under {explanation.threshold:.2f}"
        )
    else:
        out.print(f"{route.skill} (confidence {route.confidence:.2f})")
