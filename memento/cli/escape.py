"""The escape suite as `memento doctor --escape-suite` shows it: a column per sandbox, a row per attempt."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.act.clean import clean
from memento.cli.workplace import add_row, console, open_workplace, print_json, table
from memento.errors import LibraryError, SandboxError

if TYPE_CHECKING:
    from memento.config import Config
    from memento.protocols import Sandbox
    from memento.sandbox.escape import Outcome

BACKENDS = ("bubblewrap", "docker")
FAILED = 2


@dataclass(frozen=True, kw_only=True)
class Suite:
    """What one sandbox contained. `missing` says why it could not be tried, and then nothing was."""

    attempts: int
    contained: int
    escaped: Mapping[str, str]
    """Attempts that got out, each with what happened."""
    missing: str = ""
    seconds: float = 0.0


def escape_suite(config: "Config", *, as_json: bool, only: Sequence[str] | None = None) -> int:
    """Attack every sandbox of this machine and show what came of it; 2 when one leaks or none is there.

    `only` names the attacks to try; None is all of them.
    """
    outcomes = {backend: _outcomes(backend, config, only) for backend in BACKENDS}
    suites = {backend: _suite(found) for backend, found in outcomes.items()}
    if as_json:
        print_json(dict[str, Suite], suites)
    else:
        _show(outcomes, suites)
    tried = [suite for suite in suites.values() if not suite.missing]
    return 0 if tried and all(suite.attempts == suite.contained for suite in tried) else FAILED


def settings_of(library_dir: Path | None) -> "Config":
    """The library's settings where there is one, else those of the environment."""
    from memento.config import load

    try:
        return open_workplace(library_dir).config
    except LibraryError:
        return load("", os.environ)


def confined(sandbox: "Sandbox") -> str:
    """A few attacks on a sandbox that was chosen: how many it contained. SandboxError when one got out."""
    from memento.sandbox.attacks import FEW
    from memento.sandbox.escape import examine

    outcomes = list(examine(sandbox, shown=clean, only=FEW))
    if escaped := [outcome for outcome in outcomes if not outcome.contained]:
        raise SandboxError(f"the {sandbox.name} sandbox leaks: {escaped[0].attempt}: {escaped[0].detail}.")
    return f"{sandbox.name}: {len(outcomes)} attempts to break out, all contained"


def _outcomes(backend: str, config: "Config", only: Sequence[str] | None) -> "tuple[Outcome, ...] | str":
    from memento.sandbox.attacks import ATTACKS
    from memento.sandbox.escape import examine
    from memento.sandbox.select import choose

    try:
        sandbox = choose(backend, os.environ, image=config.sandbox.image)
        done = []
        for outcome in examine(sandbox, shown=clean, only=only):
            done.append(outcome)
            if sys.stderr.isatty():
                click.echo(f"\r{backend}: {len(done)} of {len(only or ATTACKS)}", err=True, nl=False)
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)
    except SandboxError as error:
        return str(error)
    return tuple(done)


def _suite(found: "tuple[Outcome, ...] | str") -> Suite:
    if isinstance(found, str):
        return Suite(attempts=0, contained=0, escaped={}, missing=found)
    return Suite(
        attempts=len(found),
        contained=sum(outcome.contained for outcome in found),
        escaped={outcome.attempt: outcome.detail for outcome in found if not outcome.contained},
        seconds=round(sum(outcome.seconds for outcome in found), 1),
    )


def _show(outcomes: "Mapping[str, tuple[Outcome, ...] | str]", suites: Mapping[str, Suite]) -> None:
    there = {backend: found for backend, found in outcomes.items() if not isinstance(found, str)}
    if there:
        shown = table("untrusted code ...", *there)
        for row in zip(*there.values(), strict=True):
            add_row(shown, row[0].attempt, *(_cell(outcome) for outcome in row))
        console().print(shown)
    for backend, suite in suites.items():
        said = f"{suite.contained} of {suite.attempts} contained in {suite.seconds:.0f} s"
        click.echo(f"{backend}: {suite.missing or said}")


def _cell(outcome: "Outcome") -> str:
    return "contained" if outcome.contained else f"✗ {outcome.detail}"
