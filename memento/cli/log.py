"""memento log: what landed, and why."""

from datetime import UTC, datetime
from pathlib import Path

import click

from memento.cli.plain import one_line
from memento.cli.workplace import json_option, library_option, open_workplace, print_json, skill_names
from memento.errors import LibraryError

SHOWN = ("Memento-Task", "Memento-Blame", "Memento-Gate", "Memento-Tests", "Memento-Model", "Memento-Agreed")


@click.command()
@click.argument("skill", required=False, shell_complete=skill_names)
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most this many."
)
@library_option
@json_option
def command(skill: str | None, limit: int, library_dir: Path | None, as_json: bool) -> None:
    """List what landed, newest first, with the task and the fault that caused it and the gate's word.

    Everything shown stands in the commits' trailers: `git log` shows it too.

    \b
    Examples:
      memento log
      memento log files -n 5
    """
    from memento.library import LogEntry

    entries = open_workplace(library_dir).library.log(skill, limit)
    if skill is not None and not entries:
        raise LibraryError(f"no commit has touched a skill {skill!r}; `memento list` shows what there is.")
    if as_json:
        print_json(tuple[LogEntry, ...], entries)
        return
    lines = []
    for entry in entries:
        day = datetime.fromtimestamp(entry.when, tz=UTC).date().isoformat()
        lines.append(f"{entry.sha[:10]}  {day}  {one_line(entry.subject)}")
        lines += [
            f"            {key.removeprefix('Memento-').lower():6} {one_line(entry.trailers[key], 110)}"
            for key in SHOWN
            if key in entry.trailers
        ]
    click.echo("\n".join(lines))
