"""What most commands start from: the library they stand in and its settings."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from memento.config import Config
    from memento.journal import Journal
    from memento.library import Library

library_option = click.option(
    "--library",
    "library_dir",
    type=click.Path(path_type=Path),
    help="The library; by default the one around the current folder, then $MEMENTO_LIBRARY.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(["auto", "bubblewrap", "docker", "host"]),
    help="Where untrusted code runs. `host` confines nothing and is only ever used when named here.",
)


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """An open library with its settings and its journal."""

    library: "Library"
    config: "Config"
    journal: "Journal"


def open_workplace(library_dir: Path | None, flags: dict[tuple[str, str], object] | None = None) -> Workplace:
    """Raises LibraryError when there is no library, ConfigError when a setting is wrong."""
    from memento.assemble import Ambience, journal_of
    from memento.config import load
    from memento.library import Library

    ambience = Ambience()
    root = library_dir if library_dir is not None else Library.find(Path.cwd(), os.environ)
    library = Library.open(root, now=ambience.now, ids=ambience.new_id)
    config = load(library.settings(), os.environ, flags)
    return Workplace(library=library, config=config, journal=journal_of(library))


def print_json(kind: Any, value: object) -> None:
    """`value`, of the type `kind`, on stdout: the fields are those of the dataclasses in memento.types."""
    from pydantic import TypeAdapter

    click.echo(TypeAdapter(kind).dump_json(value, indent=2))


def table(*columns: str) -> Any:
    """A plain table; rich decides on colours from the terminal and NO_COLOR."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(*columns, box=SIMPLE_HEAD, pad_edge=False)


def console(*, stderr: bool = False) -> Any:
    """A console; what is not a terminal gets wide lines, for files and pagers."""
    from rich.console import Console

    terminal = os.isatty(2 if stderr else 1)
    return Console(stderr=stderr, highlight=False, width=None if terminal else 140)


Command = Callable[..., Any]
