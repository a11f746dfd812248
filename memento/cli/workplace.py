"""What most commands start from: the library they stand in and its settings."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from memento.cli.plain import one_line, plain_json
from memento.errors import MementoError

if TYPE_CHECKING:
    from memento.assemble.ambience import Ambience
    from memento.config import Config
    from memento.journal import Journal
    from memento.library import Library

LONGEST_CELL = 2000

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

mcp_option = click.option(
    "--mcp",
    "mcp",
    multiple=True,
    metavar="NAME",
    help="Use the MCP server [mcp.servers.NAME] of memento.toml; may be repeated ($MEMENTO_MCP).",
)
"""A library only says how servers are reached; which of them are used, a person says here."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding of `memento doctor`. `fix` says what to do when it is not ok."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """An open library with its settings and its journal."""

    library: "Library"
    config: "Config"
    journal: "Journal"
    ambience: "Ambience"


def open_workplace(library_dir: Path | None, flags: dict[tuple[str, str], object] | None = None) -> Workplace:
    """Raises LibraryError when there is no library, ConfigError when a setting is wrong."""
    from memento.assemble.ambience import Ambience
    from memento.assemble.gates import journal_of
    from memento.config import load, state_folder
    from memento.library import Library

    ambience = Ambience(state=state_folder(os.environ))
    root = library_dir if library_dir is not None else Library.find(Path.cwd(), os.environ)
    # git runs in a neutral folder, where a relative path would mean another place.
    library = Library.open(root.absolute(), now=ambience.now, ids=ambience.new_id)
    config = load(library.settings(), os.environ, flags)
    return Workplace(library=library, config=config, journal=journal_of(library), ambience=ambience)


def print_json(kind: Any, value: object) -> None:
    """`value`, of the type `kind`, on stdout: the fields are those of its dataclass."""
    from pydantic import TypeAdapter

    click.echo(plain_json(TypeAdapter(kind).dump_json(value, indent=2).decode()))


def table(*columns: str) -> Any:
    """A plain table; rich decides on colours from the terminal and NO_COLOR."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(*columns, box=SIMPLE_HEAD, pad_edge=False)


def add_row(table: Any, *cells: str) -> None:
    """A row of untrusted text."""
    table.add_row(*(one_line(cell, LONGEST_CELL) for cell in cells))


def console(*, stderr: bool = False) -> Any:
    """A console; what is not a terminal gets wide lines, for files and pagers."""
    from rich.console import Console

    terminal = os.isatty(2 if stderr else 1)
    # Markup and emoji codes are off: text that is shown may hold them, ours does not.
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=None if terminal else 140)


def skill_names(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """For the shell's completion: the skills of the library that one stands in."""
    from memento.library import Library

    try:
        root = Library.find(Path.cwd(), os.environ)
    except MementoError:
        return []
    names = sorted(document.parent.name for document in root.glob("skills/*/SKILL.md"))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
