"""memento eval: a dataset against a library, and other measurements; one file each, eval_<name>.py."""

import click

from memento.cli.lazy import LazyGroup

COMMANDS = {
    "run": "Run a dataset against a frozen library (what `memento eval DATASET` means).",
    "attribution": "Who is blamed for known faults: accuracy, macro F1, confusion.",
    "routing": "Measure the router on a corpus with known answers.",
}
"""Name and help of each measurement."""


class _EvalGroup(LazyGroup):
    table = COMMANDS
    prefix = "memento.cli.eval_"

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A first word that names no measurement is a dataset."""
        return super().resolve_command(ctx, args if args[0] in self.table else ["run", *args])


@click.group(cls=_EvalGroup)
def command() -> None:
    """Measure a library: first attempts at held-out tasks, with controls and confidence intervals.

    \b
    Examples:
      memento eval gym --model NAME
      memento eval tasks.jsonl --split test --json
      memento eval routing my-corpus
    """
