"""memento gate: the skill gate, by hand and in CI."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.changes import GateOutcome, GateReport
from memento.cli.plain import one_line, plain
from memento.cli.say import MARKS
from memento.cli.workplace import (
    Workplace,
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

if TYPE_CHECKING:
    from memento.gate.gate import TestGate
    from memento.protocols import Snapshot

EXIT = {GateOutcome.PASS: 0, GateOutcome.FAIL: 1, GateOutcome.INDECISIVE: 5}

SELF_CHECK_RUNS = 20
MOST_ROWS = 40
"""More reports than that, and those from the cache share one line."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Where the reports go, besides the table."""

    as_json: bool
    junit: Path | None
    sarif: Path | None
    github: bool


@click.command()
@click.argument("skills", nargs=-1, shell_complete=skill_names)
@click.option("--base", help="Gate the change from this commit ...")
@click.option("--head", help="... to this one; by default the files of the working tree.")
@click.option("--all", "everything", is_flag=True, help="With --base: skills that did not change, too.")
@click.option("--no-cache", is_flag=True, help="Run every test, also where the same content passed before.")
@click.option("-n", "workers", type=click.IntRange(1, 64), default=2, help="Test files at a time.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML to this file.")
@click.option("--sarif", type=click.Path(path_type=Path), help="Write SARIF 2.1.0 to this file.")
@click.option("--github", is_flag=True, help="Annotations on stdout, a summary to $GITHUB_STEP_SUMMARY.")
@click.option("--model", help="Ask this model whether an agent does worse with a changed skill.")
@click.option("--base-url", help="Of the model's OpenAI-compatible endpoint.")
@click.option("--self-check", is_flag=True, help="Gate skills against themselves; report the flip rate.")
@click.option("--runs", type=click.IntRange(2, 1000), default=SELF_CHECK_RUNS, help="Of the self-check.")
@sandbox_option
@library_option
@json_option
def command(
    skills: tuple[str, ...],
    base: str | None,
    head: str | None,
    everything: bool,
    no_cache: bool,
    workers: int,
    junit: Path | None,
    sarif: Path | None,
    github: bool,
    model: str | None,
    base_url: str | None,
    self_check: bool,
    runs: int,
    sandbox: str | None,
    library_dir: Path | None,
    as_json: bool,
) -> int:
    """Gate SKILLS: all of the working tree, or what changed between two commits.

    Without --base each skill is gated as it stands: specification, security, routing, its tests in the
    sandbox, twice, and that the same tests fail once the skill is emptied. With --base the change is
    gated: tests that were green stay green, new tests are red before and green after, no neighbour
    loses a request. What did not change since it passed is answered from the cache, and says so.
    With --model, an agent tries a changed skill's behaviour cases beside those of its parent: the
    tasks leave this machine for the model's endpoint, and 20 cases are 120 attempts.

    Exit codes: 0 pass, 1 fail, 5 indecisive (a human must decide), 2 no verdict.

    \b
    Examples:
      memento gate
      memento gate files --no-cache
      memento gate --base origin/main --head HEAD --junit gate.xml
      memento gate --base main --model qwen3:8b --base-url http://127.0.0.1:11434/v1
      memento gate --self-check
    """
    from memento.assemble.ambience import Ambience
    from memento.assemble.gates import gate_of, lazy_sandbox_of

    flags: dict[tuple[str, str], object] = {
        ("sandbox", "kind"): sandbox,
        ("model", "name"): model,
        ("model", "base_url"): base_url,
        ("gate", "behaviour"): True if model else None,
    }
    place = open_workplace(library_dir, flags)
    gate = gate_of(
        lazy_sandbox_of(place.config, os.environ),
        place.journal,
        Ambience(),
        use_cache=not (no_cache or self_check),
        workers=workers,
        config=place.config,
        environ=os.environ,
    )
    after: Snapshot = place.library.at(head) if head else place.library.worktree()
    before: Snapshot = place.library.at(base) if base else after
    if self_check:
        return _self_check(place, gate, after, skills, runs, as_json=as_json)
    reports = _gate(gate, before, after, skills, everything=everything)
    _hand_out(reports, Wanted(as_json=as_json, junit=junit, sarif=sarif, github=github))
    return verdict(reports)


def _gate(
    gate: "TestGate",
    before: "Snapshot",
    after: "Snapshot",
    skills: Sequence[str],
    *,
    everything: bool,
) -> Sequence[GateReport]:
    from memento.gate.many import LibraryGate

    library_gate = LibraryGate(gate=gate)
    names = library_gate.chosen(before, after, everything=everything)
    there = (*library_gate.there(after), *names)
    unknown = [name for name in skills if name not in there]
    if unknown:
        raise UsageError(f"there is no skill {unknown[0]!r} here; there are: {', '.join(there) or 'none'}.")
    chosen = skills or names
    with _progress(len(chosen)) as advance:
        return library_gate(before, after, chosen, told=advance)


def verdict(reports: Sequence[GateReport]) -> int:
    """The exit code of many reports: the worst of them."""
    outcomes = {report.outcome for report in reports}
    for outcome in (GateOutcome.FAIL, GateOutcome.INDECISIVE):
        if outcome in outcomes:
            return EXIT[outcome]
    return EXIT[GateOutcome.PASS]


def _self_check(
    place: Workplace, gate: "TestGate", head: "Snapshot", skills: Sequence[str], runs: int, *, as_json: bool
) -> int:
    """A/A: each skill against a byte-identical copy of itself, round by round."""
    from memento.gate.many import LibraryGate
    from memento.gate.selfcheck import SelfCheck, count, keep

    library_gate = LibraryGate(gate=gate)
    names = list(skills or library_gate.there(head))
    seen: dict[str, list[GateOutcome]] = {name: [] for name in names}
    with _progress(runs) as advance:
        for number in range(runs):
            name = names[number % len(names)]
            report = gate(skill=name, base=head, head=head, exam=None)
            seen[name].append(report.outcome)
            advance(name)
    found = count(seen)
    keep(place.journal, found)
    if as_json:
        print_json(SelfCheck, found)
    else:
        click.echo(f"{found.runs} runs, {found.flips} flips, flip rate {found.flip_rate:.2%}", err=True)
        if not found.steady:
            click.echo("nothing lands by itself until a self-check finds the gate steady", err=True)
    return 0 if found.steady else EXIT[GateOutcome.INDECISIVE]


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on stderr that goes away; nothing where stderr is no terminal."""
    if not os.isatty(2):
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("gate", total=total)

        def advance(name: str) -> None:
            progress.update(task, description=f"gate {name}", advance=1)

        yield advance


def _hand_out(reports: Sequence[GateReport], wanted: Wanted) -> None:
    if wanted.junit or wanted.sarif or wanted.github:
        _write(reports, wanted)
    if wanted.as_json:
        print_json(list[GateReport], list(reports))
    else:
        _show(reports)


def _write(reports: Sequence[GateReport], wanted: Wanted) -> None:
    from memento.gate import outputs

    try:
        if wanted.junit:
            wanted.junit.write_text(outputs.junit(reports), "utf-8")
        if wanted.sarif:
            wanted.sarif.write_text(outputs.sarif(reports), "utf-8")
        if wanted.github:
            for line in outputs.annotations(reports):
                click.echo(plain(line))
            summary = os.environ.get("GITHUB_STEP_SUMMARY")
            if summary:
                with Path(summary).open("a", encoding="utf-8") as file:
                    file.write(outputs.summary(reports))
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}.") from error


def _is_cached(report: GateReport) -> bool:
    return bool(report.steps) and all(step.cached for step in report.steps)


def _show(reports: Sequence[GateReport]) -> None:
    known = [report for report in reports if _is_cached(report)] if len(reports) > MOST_ROWS else []
    if known:
        # A table of hundreds of known rows takes longer to draw than the gate took.
        click.echo(f"{len(known)} skills PASS (cached): nothing that they depend on has changed", err=True)
        reports = [report for report in reports if not _is_cached(report)]
        if not reports:
            return
    shown = table("skill", "verdict", "evidence", "tests", "steps", "why")
    for report in reports:
        steps = " ".join(f"{step.name} {MARKS[step.outcome]}" for step in report.steps)
        why = "" if report.outcome is GateOutcome.PASS else one_line(report.reason, 200)
        word = f"{report.outcome.upper()}{' (cached)' if _is_cached(report) else ''}"
        more = f" +{len(report.needs_model)} need a model" if report.needs_model else ""
        add_row(shown, report.skill, word, report.evidence, f"{len(report.tests)}{more}", steps, why)
    console(stderr=True).print(shown if reports else "nothing to gate: no skill has changed")
