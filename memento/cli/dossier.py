"""A dossier on a terminal: what a person reads before they decide. All of it is untrusted text.

what and why     skill, blame, why it waits, owners, cost
change           the diff, in colours where there are any
attempt          the task that failed, and the trace around the first wrong step
exam             each test: red before, green now
gate, routes     each step in words; each request whose way changes
record, remarks  the version it starts from in use; what people said
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from memento.cli.plain import one_line, plain
from memento.cli.say import MARKS
from memento.cli.workplace import add_row, console, table
from memento.types import ChangeKind, Episode, Step

if TYPE_CHECKING:
    from memento.changes import GateReport
    from memento.review.dossier import Dossier

AROUND = 2
"""Steps of the trace that are shown before and after the first wrong one."""
MOST_OUTPUT = 300
MOST_TASK = 600


def age(seconds: float) -> str:
    """A time span in its largest unit: "3 d", "5 h", "12 min"."""
    for unit, length in (("d", 86_400), ("h", 3_600)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds // 60))} min"


def verdict(report: "GateReport | None") -> str:
    """The gate's word in a cell."""
    return f"{report.outcome.upper()} {report.evidence}" if report else "no word yet"


def listing(found: "Sequence[Dossier]", now: float) -> Any:
    """One row for each open proposal."""
    shown = table("id", "skill", "why", "blame", "gate", "taint", "age", "size")
    for each in found:
        proposal, blame = each.proposal, each.trailers.get("Memento-Blame", "-")
        add_row(
            shown,
            proposal.id,
            proposal.skill,
            one_line(each.stale or each.waits, 60),
            one_line(blame, 40),
            verdict(each.report),
            "tainted" if proposal.tainted else "-",
            age(now - each.opened),
            f"{each.size} lines",
        )
    return shown


def show(found: "Dossier", now: float) -> None:
    """Everything, on stdout."""
    out, proposal = console(), found.proposal
    out.print(
        f"{proposal.id}  {proposal.kind} {proposal.skill}: {one_line(proposal.idea, 200)}", style="bold"
    )
    for key, text in _head(found, now):
        click.echo(f"  {key:<8} {one_line(text, 200)}")
    _title(out, "change")
    _diff(out, found.diff)
    if found.episode is not None:
        _title(out, "attempt")
        click.echo("\n".join(_attempt(found.episode)))
    if found.report is not None:
        _report(out, found.report)
    _title(out, "record")
    click.echo(f"  the version it starts from: {_record(found)}")
    for remark in found.remarks:
        click.echo(
            f"  {one_line(remark.who, 60)}, {age(now - remark.when)} ago: {one_line(remark.text, 500)}"
        )


def _head(found: "Dossier", now: float) -> Iterator[tuple[str, str]]:
    trailers = found.trailers
    yield "waits", f"{age(now - found.opened)}: {found.waits}"
    if found.stale is not None:
        yield "stale", f"{found.stale} Edit it on top of main, or reject it."
    if found.proposal.tainted:
        yield "taint", "it was learned from text that came from outside the task: read it as such"
    if found.owners:
        yield "owners", ", ".join(found.owners)
    for key in ("Task", "Blame", "Model", "Cost", "Source", "Edited"):
        if f"Memento-{key}" in trailers:
            yield key.lower(), trailers[f"Memento-{key}"]
    yield "branch", found.proposal.branch


def _diff(out: Any, diff: str) -> None:
    from rich.syntax import Syntax

    if out.is_terminal:
        colours = Syntax(plain(diff), "diff", theme="ansi_dark", background_color="default", word_wrap=True)
        out.print(colours)
    else:
        click.echo(plain(diff), nl=False)


def _attempt(episode: Episode) -> Iterator[str]:
    yield f"  task     {one_line(episode.task.text, MOST_TASK)}"
    yield f"  verdict  {episode.verdict.result.upper()}: {one_line(episode.verdict.rationale, 200)}"
    blame, steps = episode.blame, episode.trajectory.steps
    if blame is not None:
        yield f"  blame    {blame.fault or 'abstained'}: {one_line(blame.explanation, 200)}"
        yield from (f'           "{one_line(quote, 200)}"' for quote in blame.quotes)
    wrong = blame.first_wrong_step if blame else None
    middle = len(steps) - 1 if wrong is None else wrong
    for step in steps:
        if abs(step.index - middle) <= AROUND:
            yield from _step(step, wrong=step.index == wrong)
    yield f"  answer   {one_line(episode.trajectory.answer or '(none)', MOST_OUTPUT)}"


def _step(step: Step, *, wrong: bool) -> Iterator[str]:
    mark = ">" if wrong else " "
    taint = " (tainted)" if step.tainted else ""
    yield f" {mark}step {step.index:<3} {one_line(step.tool, 40)} {one_line(step.arguments, 160)}{taint}"
    yield f"           {one_line(step.output, MOST_OUTPUT)}"


def _report(out: Any, report: "GateReport") -> None:
    _title(out, "exam")
    tests = table("test", "before", "now", "detail")
    for test in report.tests:
        before = "red" if test.id.split("[")[0] in report.new_tests else "-"
        add_row(tests, test.id, before, "green" if test.passed else "red", one_line(test.detail, 120))
    out.print(tests if report.tests else "  no test has run")
    _title(out, f"gate: {verdict(report)}")
    for step in report.steps:
        click.echo(f"  {MARKS[step.outcome]} {step.name:<12} {one_line(step.detail, 200)}")
    changed = [row for row in report.routes if row.before != row.after]
    if changed:
        _title(out, "routes")
        routes = table("request", "before", "now")
        for row in changed:
            add_row(routes, row.query, row.before or "none", row.after or "none")
        out.print(routes)


def _record(found: "Dossier") -> str:
    utility = found.utility
    if found.proposal.kind is ChangeKind.CREATE:
        return "none, the skill is new"
    if not utility.n:
        return "no outcome yet"
    return f"utility {utility.value:.2f} ({utility.successes:g} passed, {utility.failures:g} failed)"


def _title(out: Any, text: str) -> None:
    out.print(f"\n{text}", style="bold")
