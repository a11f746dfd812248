"""memento doctor: what this machine and this library are fit for."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from memento.cli.workplace import (
    add_row,
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    table,
)
from memento.errors import LibraryError, MementoError


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding. `fix` says what to do when it is not ok."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


if TYPE_CHECKING:
    from memento.config import ModelSettings

_ALL = 1_000_000
NAMES = ("python", "git", "sandbox", "library", "model")


@click.command()
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Only this check; may be repeated.")
@library_option
@json_option
def command(only: tuple[str, ...], library_dir: Path | None, as_json: bool) -> int:
    """Check git, the sandbox (by trying to break out of it), the library and the model's settings.

    Exit code 0 when every check that ran is ok, else 2.

    \b
    Examples:
      memento doctor
      memento doctor --only sandbox --json
    """
    checks = [CHECKS[name](name, library_dir) for name in NAMES if not only or name in only]
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
    from memento.sandbox.select import choose

    del library_dir
    try:
        sandbox = choose("auto", os.environ)
    except MementoError as error:
        return Check(name=name, ok=False, detail=str(error), fix="apt install bubblewrap")
    return Check(name=name, ok=True, detail=f"{sandbox.name}: tried to break out, and could not")


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


def _model(name: str, library_dir: Path | None) -> Check:
    try:
        settings = _model_settings(library_dir)
    except MementoError as error:
        return Check(name=name, ok=False, detail=str(error), fix="correct the setting that is named")
    if not settings.name or not (settings.base_url or settings.api_key):
        return Check(
            name=name,
            ok=False,
            detail="no model is set; `memento run` needs one, `memento demo` does not",
            fix="export OPENAI_API_KEY or OPENAI_BASE_URL, and MEMENTO_MODEL",
        )
    key = "with the key in OPENAI_API_KEY" if settings.api_key else "without a key"
    # The host alone: a URL may hold a password.
    place = urlsplit(settings.base_url).netloc.rpartition("@")[2] if settings.base_url else "OpenAI"
    return Check(name=name, ok=True, detail=f"{settings.name} at {place}, {key}")


def _model_settings(library_dir: Path | None) -> "ModelSettings":
    """The library's settings where there is one, else those of the environment."""
    from memento.config import load

    try:
        return open_workplace(library_dir).config.model
    except LibraryError:
        return load("", os.environ).model


CHECKS: dict[str, Callable[[str, Path | None], Check]] = {
    "python": _python,
    "git": _git,
    "sandbox": _sandbox,
    "library": _library,
    "model": _model,
}
