"""memento doctor: what this machine and this library are fit for."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from memento.cli import doctor_model
from memento.cli.escape import confined, escape_suite, settings_of
from memento.cli.workplace import (
    Check,
    add_row,
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    table,
)
from memento.errors import MementoError

_ALL = 1_000_000
NAMES = ("python", "git", "sandbox", "library", "model", "local")


@click.command()
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Only this check; may be repeated.")
@click.option("--probe", is_flag=True, help="Ask the endpoint what it can do, and remember it.")
@library_option
@click.option("--escape-suite", "suite", is_flag=True, help="Attack every sandbox of this machine instead.")
@json_option
def command(only: tuple[str, ...], probe: bool, library_dir: Path | None, suite: bool, as_json: bool) -> int:
    """Check git, the sandbox (by trying to break out of it), the library and the model's settings.

    Exit code 0 when every check that ran is ok, else 2. With --probe the configured model is asked a
    few small questions (tools, JSON, streaming ...); what it can do is used from then on.

    \b
    Examples:
      memento doctor
      memento doctor --only sandbox --json
      memento doctor --escape-suite
      memento doctor --only model --probe
    """
    if suite:
        return escape_suite(settings_of(library_dir), as_json=as_json)
    checks = [CHECKS[name](name, library_dir) for name in NAMES if not only or name in only]
    checks += doctor_model.probe(library_dir) if probe else ()
    if as_json:
        print_json(list[Check], checks)
    else:
        shown = table("", "check", "finding", "what to do")
        for found in checks:
            add_row(shown, "✓" if found.ok else "✗", found.name, found.detail, "" if found.ok else found.fix)
        console().print(shown)
    return 0 if all(found.ok for found in checks) else 2


def _python(name: str, _: Path | None) -> Check:
    return Check(name=name, ok=True, detail=sys.version.split()[0])


def _git(name: str, _: Path | None) -> Check:
    from memento.library.git import ensure_git

    try:
        return Check(name=name, ok=True, detail=ensure_git())
    except MementoError as error:
        return Check(name=name, ok=False, detail=str(error), fix="install git 2.38 or newer")


def _sandbox(name: str, library_dir: Path | None) -> Check:
    from memento.assemble.gates import sandbox_of

    try:
        detail = confined(sandbox_of(settings_of(library_dir), os.environ))
    except MementoError as error:
        return Check(name=name, ok=False, detail=str(error), fix="apt install bubblewrap")
    return Check(name=name, ok=True, detail=detail)


def _library(name: str, library_dir: Path | None) -> Check:
    try:
        mended = _mended(library_dir)
        library = open_workplace(library_dir).library
        snapshot = library.at()
        broken = snapshot.unusable()
    except MementoError as error:
        return Check(name=name, ok=False, detail=str(error), fix="memento init DIR")
    detail = f"{len(snapshot.names())} skills at {library.root}"
    detail += f", {len(broken)} unusable: {', '.join(broken)}" if broken else ""
    detail += f"; mended: {' '.join(mended)}" if mended else ""
    return Check(name=name, ok=not broken, detail=detail, fix="memento list says why" if broken else "")


def _mended(library_dir: Path | None) -> tuple[str, ...]:
    """What was wrong with the library and its journal and is mended, in sentences."""
    from memento.library import Library
    from memento.library.reconcile import reconcile

    root = library_dir if library_dir is not None else Library.find(Path.cwd(), os.environ)
    done = Library.rescue(root, now=time.time, booted=_booted())
    place = open_workplace(library_dir)
    return (*done, *reconcile(place.library, place.journal, limit=_ALL))


def _booted() -> float:
    """When this machine started, Unix time; 0 where the system does not say."""
    try:
        lines = Path("/proc/stat").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), 0.0)


CHECKS: dict[str, Callable[[str, Path | None], Check]] = {
    "python": _python,
    "git": _git,
    "sandbox": _sandbox,
    "library": _library,
    "model": doctor_model.model,
    "local": doctor_model.local,
}
