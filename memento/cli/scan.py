"""memento scan: what no skill may carry, in any folder."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.plain import one_line
from memento.cli.workplace import json_option, print_json
from memento.errors import UsageError

if TYPE_CHECKING:
    from memento.skill.security import Finding
    from memento.types import Folder

MOST_BYTES = 8 * 1024 * 1024


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--sarif", "as_sarif", is_flag=True, help="Print SARIF 2.1.0 on stdout.")
@json_option
def command(path: Path, as_sarif: bool, as_json: bool) -> int:
    """Look for what no skill may carry: in PATH, a skill's folder or any tree of them.

    Hidden characters, orders in comments and to ignore orders, code from the network piped into a
    shell, decode-and-execute, downloads as prerequisites, credentials, writes to the configuration of
    shells and agents, programs and archives, links, headers that grant every tool. Nothing is executed.

    Exit codes: 0 nothing found, 1 something found, 2 there is no such path.

    \b
    Examples:
      memento scan skills/files
      memento scan --sarif ~/Downloads/skill > findings.sarif
    """
    from memento.gate.outputs import sarif_of
    from memento.skill.security import Finding, findings

    found = (*findings(_folder(path)), *_links(path))
    if as_json:
        print_json(tuple[Finding, ...], found)
    elif as_sarif:
        click.echo(sarif_of(("", f) for f in found))
    else:
        for f in found:
            click.echo(f"{one_line(f.file, 400)}:{f.line}: {one_line(f.message, 400)} [{f.rule}]")
        click.echo(f"{len(found)} findings", err=True)
    return 1 if found else 0


def _folder(path: Path) -> "Folder":
    from memento.types import File

    if not path.exists():
        raise UsageError(f"there is no {path}; give the folder of a skill.")
    if path.is_file():
        return {path.name: File(data=path.read_bytes()[:MOST_BYTES])}
    files = {}
    for file in _walk(path):
        if file.is_file() and not file.is_symlink():
            with file.open("rb") as opened:
                files[file.relative_to(path).as_posix()] = File(data=opened.read(MOST_BYTES))
    return files


def _links(path: Path) -> "list[Finding]":
    from memento.skill.security import Finding

    return [
        Finding(file=file.relative_to(path).as_posix(), line=1, rule="link", message="a symbolic link")
        for file in _walk(path)
        if file.is_symlink()
    ]


def _walk(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    found = []
    for top, folders, names in os.walk(path, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in {".git", "__pycache__"})
        found += [Path(top, name) for name in sorted([*names, *folders])]
    return found
