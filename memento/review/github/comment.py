"""The gate's reports as a comment below a pull request.

The job that tests a pull request has no right to comment, and whatever it hands on may have been written
by what it tested. So it hands on reports as JSON; the job that comments reads them as values, and no text
in them stands outside of code.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from memento.changes import GateReport
from memento.errors import UsageError
from memento.review.github.neutral import cell

MARK = "<!-- memento:gate -->"
MOST_BYTES = 5_000_000
MOST_ROWS = 60
_MARKS = {"pass": "✓", "fail": "✗", "indecisive": "?"}


def read_reports(path: Path) -> tuple[GateReport, ...]:
    """The reports of `memento gate --json`. UsageError when the file holds anything else."""
    from pydantic import TypeAdapter, ValidationError

    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES} bytes, which no report is.")
        return TypeAdapter(tuple[GateReport, ...]).validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise UsageError(f"{path} is not what `memento gate --json` prints.") from error


def comment_text(reports: Sequence[GateReport]) -> str:
    """Verdict by skill, and the route diff."""
    return "\n".join([MARK, *_verdicts(reports), "", *_routes(reports), ""])


def _verdicts(reports: Sequence[GateReport]) -> Iterator[str]:
    if not reports:
        yield "**Skill gate**: no skill has changed."
        return
    yield "**Skill gate**\n\n| skill | verdict | evidence | tests | why |\n|---|---|---|---|---|"
    for report in reports[:MOST_ROWS]:
        green = sum(test.passed for test in report.tests)
        word = f"{_MARKS[report.outcome]} {report.outcome.upper()}"
        tests = f"{green} of {len(report.tests)} green"
        yield f"| {cell(report.skill)} | {word} | {report.evidence} | {tests} | {cell(report.reason, 200)} |"
    yield from _more(len(reports))


def _routes(reports: Iterable[GateReport]) -> Iterator[str]:
    changed = {route for report in reports for route in report.routes if route.before != route.after}
    if not changed:
        yield "Route diff: no request changes its way."
        return
    yield "**Route diff**\n\n| request | before | now |\n|---|---|---|"
    for route in sorted(changed, key=lambda route: (route.query, route.owner))[:MOST_ROWS]:
        yield f"| {cell(route.query, 160)} | {cell(route.before or 'none')} | {cell(route.after or 'none')} |"
    yield from _more(len(changed))


def _more(count: int) -> Iterator[str]:
    if count > MOST_ROWS:
        yield f"\n{count - MOST_ROWS} more are in the job's summary."
