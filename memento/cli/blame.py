"""memento blame: why a skill says what it says."""

from datetime import UTC, datetime
from pathlib import Path

import click

from memento.cli.plain import one_line, plain
from memento.cli.workplace import json_option, library_option, open_workplace, print_json, skill_names


@click.command()
@click.argument("skill", shell_complete=skill_names)
@library_option
@json_option
def command(skill: str, library_dir: Path | None, as_json: bool) -> None:
    """Show each paragraph of SKILL with the landing, the episode and the task that caused it.

    All of it stands in git: the commits of main and their trailers. `memento show` prints the skill,
    `memento history` its versions.

    \b
    Examples:
      memento blame files
      memento blame files --json | jq '.[].task'
    """
    from memento.review.causes import Paragraph, causes

    found = causes(open_workplace(library_dir).library, skill)
    if as_json:
        print_json(tuple[Paragraph, ...], found)
        return
    for each in found:
        landing = each.landing
        day = datetime.fromtimestamp(landing.when, tz=UTC).date().isoformat()
        who = f"task {each.task}, episode {each.episode}" if each.task else "no task"
        click.echo(f"{landing.sha[:10]}  {day}  {one_line(who)}  {one_line(landing.subject)}")
        click.echo("".join(f"    {line}\n" for line in plain(each.text).split("\n")))
