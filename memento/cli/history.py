"""memento history: the versions of a skill and how each one did."""

from datetime import UTC, datetime
from pathlib import Path

import click

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
@library_option
@json_option
def command(skill: str, library_dir: Path | None, as_json: bool) -> None:
    """List the versions of SKILL, newest first, each with its record and what it came from.

    Utility here is that of one version alone; `memento list` discounts older versions instead.

    \b
    Examples:
      memento history files
      memento history files --json
    """
    from memento.review.versions import Version, versions

    place = open_workplace(library_dir)
    found = versions(place.library, place.journal, skill)
    if as_json:
        print_json(tuple[Version, ...], found)
        return
    shown = table("version", "landed", "commit", "utility", "passed", "failed", "gate", "task", "what")
    for each in found:
        day = datetime.fromtimestamp(each.landing.when, tz=UTC).date().isoformat()
        utility = "-" if each.utility is None else f"{each.utility:.2f}"
        version = each.version if each.tree else "(removed)"
        counts = (f"{each.successes:g}", f"{each.failures:g}")
        words = (each.evidence or "-", each.task or "-", each.landing.subject)
        add_row(shown, version, day, each.landing.sha[:10], utility, *counts, *words)
    console().print(shown)
