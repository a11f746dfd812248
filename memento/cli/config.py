"""memento config: the settings, and where each one comes from."""

import os
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
    sandbox_option,
    table,
)

if TYPE_CHECKING:
    from memento.config.settings import Setting


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Say what each setting means; with `show`, what it is here and where that comes from.

    Settings stand in memento.toml of the library, as it landed on main. An environment variable goes
    before it, and a flag of a command before that. [review] is read from what has landed alone.

    \b
    Examples:
      memento config
      memento config show --origin
    """
    if context.invoked_subcommand is not None:
        return
    from memento.config.settings import settings

    shown = table("setting", "default", "meaning")
    for each in settings("", "", {}, {}):
        add_row(shown, each.name, each.value, each.meaning)
    console().print(shown)


@command.command("show")
@click.option("--origin", is_flag=True, help="Also say where each value comes from.")
@click.option("--model", help="As a command would be given it.")
@click.option("--base-url", help="As a command would be given it.")
@sandbox_option
@library_option
@json_option
def show(
    origin: bool,
    model: str | None,
    base_url: str | None,
    sandbox: str | None,
    library_dir: Path | None,
    as_json: bool,
) -> None:
    """Print every setting with its value. A secret is only said to be set.

    \b
    Examples:
      memento config show
      memento config show --origin --sandbox bubblewrap
      memento config show --json | jq -r '.[] | select(.origin != "default") | .name'
    """
    from memento.config.settings import Setting

    found = _found(
        library_dir,
        {("model", "name"): model, ("model", "base_url"): base_url, ("sandbox", "kind"): sandbox},
    )
    if as_json:
        print_json(tuple[Setting, ...], found)
        return
    shown = table("setting", "value", *(["origin"] if origin else []))
    for each in found:
        add_row(shown, each.name, each.value, *([each.origin] if origin else []))
    console().print(shown)


def _found(library_dir: Path | None, flags: dict[tuple[str, str], object]) -> "tuple[Setting, ...]":
    from memento.config.settings import settings

    library = open_workplace(library_dir, flags).library
    return settings(library.settings(), library.tip()[:10], os.environ, flags)
