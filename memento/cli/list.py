"""memento list: the skills at a glance."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from memento.library.headers import Header
    from memento.types import Utility


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One skill in the list; `problem` says why it cannot be used."""

    name: str
    version: str
    utility: float | None
    """None before the first outcome."""
    low: float
    high: float
    """Where the true rate lies with 95 % confidence (Wilson)."""
    outcomes: float
    description: str
    problem: str | None = None


@click.command()
@click.option(
    "--sort", type=click.Choice(["name", "utility"]), default="name", show_default=True, help="Order."
)
@library_option
@json_option
def command(sort: str, library_dir: Path | None, as_json: bool) -> None:
    """List the skills with their version and utility.

    Utility is successes / (successes + failures) of the current version, older versions discounted; the
    interval beside it holds the true rate with 95 % confidence (Wilson). --sort utility puts the skills
    with the best utility first, and those that were never used last.

    A skill that cannot be read is listed with the reason, never left out.

    \b
    Examples:
      memento list --sort utility
      memento list --json | jq '.[].name'
    """
    rows = listed(library_dir)
    if sort == "utility":
        rows.sort(key=lambda row: (row.utility is None, -(row.utility or 0.0), row.name))
    if as_json:
        print_json(list[Listed], rows)
        return
    shown = table("skill", "version", "utility", "outcomes", "description")
    for row in rows:
        utility = "-" if row.utility is None else f"{row.utility:.2f} ({row.low:.2f}-{row.high:.2f})"
        text = f"unusable: {row.problem}" if row.problem else row.description
        add_row(shown, row.name, row.version, utility, f"{row.outcomes:g}", text)
    console().print(shown)


def listed(library_dir: Path | None) -> list[Listed]:
    """All skills of the library at main's tip, by name."""
    from memento.types import Utility

    place = open_workplace(library_dir)
    headers = place.library.at().headers()
    known = place.journal.utilities({header.name: header.tree for header in headers})
    return [_row(header, known.get(header.name, Utility())) for header in headers]


def _row(header: "Header", utility: "Utility") -> Listed:
    return Listed(
        name=header.name,
        version=header.version,
        utility=utility.value if utility.n else None,
        low=utility.bounds.low,
        high=utility.bounds.high,
        outcomes=utility.n,
        description=header.description,
        problem=header.problem,
    )
