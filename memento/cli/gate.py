"""memento gate: the skill gate, by hand and in CI."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from memento.cli.plain import one_line
from memento.cli.say import MARKS
from memento.cli.workplace import (
    add_row,
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    sandbox_option,
    skill_names,
    table,
)
from memento.errors import UsageError
from memento.protocols import Snapshot
from memento.types import GateOutcome, GateReport

EXIT = {GateOutcome.PASS: 0, GateOutcome.FAIL: 1, GateOutcome.INDECISIVE: 5}


@click.command()
@click.argument("skills", nargs=-1, shell_complete=skill_names)
@click.option("--base", help="Gate the change from this commit ...")
@click.option("--head", help="... to this one; by default the files of the working tree.")
@click.option("--no-cache", is_flag=True, help="Run every test, also where the same content passed before.")
@sandbox_option
@library_option
@json_option
def command(
    skills: tuple[str, ...],
    base: str | None,
    head: str | None,
    no_cache: bool,
    sandbox: str | None,
    library_dir: Path | None,
    as_json: bool,
) -> int:
    """Gate SKILLS: all of the working tree, or what changed between two commits.

    Without --base each skill is gated as it stands: specification, security, its tests in the
    sandbox, and that the same tests fail once the skill is emptied. With --base the change is gated:
    tests that were green stay green, new tests are red before and green after.

    Exit codes: 0 pass, 1 fail, 5 indecisive (a human must decide), 2 no verdict.

    \b
    Examples:
      memento gate
      memento gate files --no-cache
      memento gate --base origin/main --head HEAD
    """
    from memento.assemble import Ambience, gate_of, sandbox_of
    from memento.gate.selection import library_report

    place = open_workplace(library_dir, {("sandbox", "kind"): sandbox})
    after: Snapshot = place.library.at(head) if head else place.library.worktree()
    before: Snapshot = place.library.at(base) if base else after
    names = _chosen(skills, before, after, everything=base is None)
    gate = gate_of(sandbox_of(place.config, os.environ), place.journal, Ambience(), use_cache=not no_cache)
    strange = library_report(before, after)
    reports = [strange] if strange else []
    with _progress(len(names)) as advance:
        for name in names:
            advance(name)
            reports.append(gate(skill=name, base=before, head=after, exam=None))
    if as_json:
        print_json(list[GateReport], reports)
    else:
        _show(reports)
    return verdict(reports)


def verdict(reports: Sequence[GateReport]) -> int:
    """The exit code of many reports: the worst of them."""
    outcomes = {report.outcome for report in reports}
    for outcome in (GateOutcome.FAIL, GateOutcome.INDECISIVE):
        if outcome in outcomes:
            return EXIT[outcome]
    return EXIT[GateOutcome.PASS]


def _chosen(skills: Sequence[str], base: Snapshot, head: Snapshot, *, everything: bool) -> Sequence[str]:
    from memento.gate.selection import changed, folders

    there = folders(head)
    unknown = [name for name in skills if name not in there]
    if unknown:
        raise UsageError(f"there is no skill {unknown[0]!r} here; there are: {', '.join(there) or 'none'}.")
    return skills or (there if everything else changed(base, head))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on stderr that goes away; nothing where stderr is no terminal."""
    from rich.progress import Progress

    err = console(stderr=True)
    if not err.is_terminal:
        yield lambda _name: None
        return
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("gate", total=total)

        def advance(name: str) -> None:
            progress.update(task, description=f"gate {name}", advance=1)

        yield advance


def _show(reports: Sequence[GateReport]) -> None:
    out = console(stderr=True)
    shown = table("skill", "verdict", "evidence", "tests", "steps", "why")
    for report in reports:
        steps = " ".join(f"{step.name} {MARKS[step.outcome]}" for step in report.steps)
        why = "" if report.outcome is GateOutcome.PASS else one_line(report.reason, 200)
        count = str(len(report.tests))
        add_row(shown, report.skill, report.outcome.upper(), report.evidence, count, steps, why)
    out.print(shown if reports else "nothing to gate: no skill has changed")
