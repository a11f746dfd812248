"""The command line: one file per command, loaded when it is called, and one error boundary.

0    done; the gate passed, the task succeeded
1    the gate failed, the task failed, or a budget was spent
2    usage or environment (git, sandbox, a full disk): the message says what to change
3    a bug in Memento: the traceback is printed
4    credentials, endpoint or model
5    the gate is indecisive: a human must decide
130  interrupted; nothing that had landed is lost, nothing is half landed
"""

import errno
import os
import sys
import traceback

import click

from memento import __version__
from memento.cli.lazy import LazyGroup
from memento.cli.plain import plain
from memento.errors import MementoError

BUG, INTERRUPTED = 3, 130
MACHINE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}
"""What the operating system refuses is not a bug of ours."""

COMMANDS = {
    "init": "Make a library with the five starter skills.",
    "run": "Solve a task with the library, and learn from it.",
    "chat": "Talk with the library.",
    "learn": "Learn from a file of tasks; it can be interrupted and resumed.",
    "demo": "Watch the whole loop with a simulated model.",
    "trace": "Show everything an agent did in one attempt.",
    "list": "List the skills with their utility.",
    "show": "Show one skill and its record.",
    "route": "Say which skill a task would get, and why.",
    "gate": "Gate skills: the working tree, or a change between two commits.",
    "scan": "Look for what no skill may carry, in any folder.",
    "log": "List what landed, and why.",
    "history": "List a skill's versions and how each one did.",
    "diff": "Show how a skill changed.",
    "blame": "Say which task caused each paragraph of a skill.",
    "bisect": "Find the landing that broke a task, from recorded runs.",
    "review": "List the open proposals, and decide about one.",
    "sync": "Exchange outcomes with another clone's remote.",
    "pr": "Put proposals before people as pull requests on GitHub.",
    "rollback": "Restore a skill's earlier text, keeping its tests.",
    "import": "Bring skills in from elsewhere, through the gate.",
    "export": "Copy or link skills to where other agents look.",
    "lint": "Propose merges and retirements of skills.",
    "validate": "Check skills against the Agent Skills specification.",
    "eval": "Measure a library on a dataset, with controls.",
    "simulate": "Compare acceptance rules in a world whose truth is known.",
    "report": "Write the library as pages for a browser.",
    "serve": "Show the library in a browser, and decide there.",
    "config": "Explain the settings, and say where each one comes from.",
    "doctor": "Check this machine and this library.",
    "completion": "Print the shell completion script.",
}
"""Name and help of each command: `memento --help` shows them without importing one."""


class _Commands(LazyGroup):
    table = COMMANDS


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Try `memento demo` first: it needs no key. Then `memento init my-library`.",
)
@click.version_option(__version__, prog_name="memento")
def cli() -> None:
    """A library of agent skills that lives in git, and an agent that improves it.

    Skills change only by landings that an automatic test gate has passed; people review them as
    they review code, and roll them back the same way.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; the only place that catches everything."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        outcome = cli.main(args=arguments, prog_name="memento", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted: what had landed stays, nothing is half landed", err=True)
        return INTERRUPTED
    except MementoError as error:
        click.echo(f"memento: {plain(str(error))}", err=True)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 (the boundary)
        if isinstance(error, OSError) and error.errno in MACHINE:
            where = f" ({plain(str(error.filename))})" if error.filename else ""
            click.echo(f"memento: {error.strerror}{where}. Mend that and run the command again.", err=True)
            _drop_output()
            return MementoError.exit_code
        click.echo(plain(traceback.format_exc()), err=True, nl=False)
        click.echo("memento: this is a bug; the lines above say where. What had landed stays.", err=True)
        return BUG
    return outcome if isinstance(outcome, int) else 0


def _drop_output() -> None:
    """What a full disk did not take of stdout is not tried again at the end, which would end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
