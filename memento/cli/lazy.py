"""A group whose commands live in modules of their own, imported when one is called.

`--help` shows names and sentences from a table, and imports nothing.
"""

import importlib
import keyword
from collections.abc import Mapping

import click


class LazyGroup(click.Group):
    """`table` is name and help of each command; command NAME is `command` in the module `<prefix>NAME`."""

    table: Mapping[str, str] = {}
    prefix = "memento.cli."

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.table:
            return None
        # `memento import`: no module can be called that in an import statement.
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f"{self.prefix}{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))
