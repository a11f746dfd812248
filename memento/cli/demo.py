"""memento demo: the whole loop, live, without a key."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from memento.cli.plain import plain
from memento.cli.workplace import add_row, console, json_option, print_json, sandbox_option, table


@click.command()
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same table.")
@click.option("--tasks", type=click.IntRange(1), help="Only the first N tasks of the stream.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help="Where to make the library; by default a new temporary folder, which stays.",
)
@click.option("--quiet", is_flag=True, help="Only the result.")
@sandbox_option
@json_option
def command(
    seed: int, tasks: int | None, folder: Path | None, quiet: bool, sandbox: str | None, as_json: bool
) -> None:
    """Watch the whole loop with a simulated model: route, run, fail, blame, propose, gate, land.

    The git repository, the sandbox, the test runs and the gate are real; the model is SIMULATED, so
    the numbers say nothing about any real one.

    \b
    Examples:
      memento demo
      memento demo --seed 7 --json
    """
    from memento.assemble.demo import demo

    err = console(stderr=True)
    root = (
        folder.absolute()
        if folder is not None
        else Path(tempfile.mkdtemp(prefix="memento-demo-")) / "library"
    )
    begun = time.monotonic()
    if not as_json:
        err.print(f"SIMULATED model, seed {seed}: what it does says nothing about a real one.", style="bold")
    tell = _silent if quiet or as_json else _teller(err)
    outcome = demo(
        seed=seed, tasks=tasks, root=root, sandbox_kind=sandbox or "auto", environ=os.environ, tell=tell
    )
    if as_json:
        print_json(type(outcome.summary), outcome.summary)
        return
    _print(outcome, time.monotonic() - begun)


def _silent(_: Any) -> None:
    pass


def _teller(err: Any) -> Any:
    from rich.text import Text

    from memento.cli.say import colour, sentence

    def tell(event: Any) -> None:
        err.print(Text(sentence(event), style=colour(event) or ""), soft_wrap=True)

    return tell


def _print(outcome: Any, seconds: float) -> None:
    out = console()
    summary = outcome.summary
    out.print(f"\nThe library's history (git log --graph in {summary.library})\n", soft_wrap=True)
    out.print(plain(outcome.graph), soft_wrap=True)
    rows = table("task", "try", "skill", "verdict", "blame", "outcome")
    for row in summary.rows:
        add_row(rows, row.task, str(row.attempt), row.skill or "-", row.verdict, row.blame or "", row.outcome)
    out.print(rows)
    out.print(
        f"SIMULATED model, seed {summary.seed}, {seconds:.0f} s\n"
        f"  changes            {summary.landed} landed ({summary.harmful_landed} harmful), "
        f"{summary.discarded} refused ({summary.harmful_refused} harmful)\n"
        f"  held-out tasks     {summary.heldout_before:.0%} solved at first attempt before, "
        f"{summary.heldout_after:.0%} after\n",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    skill = next((row.skill for row in reversed(summary.rows) if row.skill), "files")
    memento = "memento" if shutil.which("memento") else sys.argv[0]
    further = table("Look further", "")
    further.add_row(f"cd {summary.library}", "")
    further.add_row(f"{memento} log", "what landed, and why")
    further.add_row(f"{memento} diff {skill}", "how a skill changed")
    further.add_row(f"{memento} rollback {skill}", "bring its earlier text back")
    out.print(further)
