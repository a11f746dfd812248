"""memento sync: outcomes travel between clones of a library."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import click

from memento.cli.plain import one_line
from memento.cli.workplace import json_option, library_option, open_workplace, print_json

HANDED_ON = ("HOME", "SSH_AUTH_SOCK", "https_proxy", "HTTPS_PROXY")
"""What ssh and https need of the person: keys, the agent, ~/.netrc, the way out."""


@dataclass(frozen=True, kw_only=True)
class Synced:
    """What `memento sync --json` prints."""

    remote: str
    sent: int
    received: int
    outcomes: int
    """How many this clone knows now."""


@click.command()
@click.argument("remote", default="origin")
@library_option
@json_option
def command(remote: str, library_dir: Path | None, as_json: bool) -> None:
    """Exchange outcomes with REMOTE, a remote of the library or a URL (default: origin).

    Which version of a skill was used, when, and whether it helped goes both ways over the reference
    refs/memento/outcomes, so that every clone's utilities are those of all. Tasks, traces and answers
    stay here. Nothing counts twice; run it as often as you like, in as many clones at once.

    \b
    Examples:
      memento sync
      memento sync git@example.org:team/skills.git
    """
    from memento.journal.outcomes import adopt, line, outcomes, read_line
    from memento.library.exchange import exchange

    place = open_workplace(library_dir)
    environment = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    git = replace(place.library.git, extra={**environment, "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"})
    if "/" in remote and Path(remote).exists():
        remote = str(Path(remote).absolute())
    done = exchange(git, place.library.root, remote, map(line, outcomes(place.journal)), _key)
    found = [outcome for text in done.lines if (outcome := read_line(text)) is not None]
    adopt(place.journal, found)
    synced = Synced(remote=remote, sent=done.sent, received=done.received, outcomes=len(found))
    if as_json:
        print_json(Synced, synced)
    else:
        counts = f"{synced.sent} sent, {synced.received} received, {synced.outcomes} in all"
        click.echo(f"{one_line(remote)}: outcomes {counts}")


def _key(text: str) -> str | None:
    from memento.journal.outcomes import read_line

    outcome = read_line(text)
    return outcome.episode if outcome is not None else None
