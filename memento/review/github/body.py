"""A dossier as a pull request: its title, body, labels and reviewers.

labels      skill:NAME, gate:VERDICT, tainted
reviewers   those of CODEOWNERS that GitHub can ask: people and teams; it knows nobody by an address
draft       while the gate is not sure, or has not spoken
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from memento.changes import GateOutcome, TestResult
from memento.review.dossier import Dossier
from memento.review.github.neutral import block, cell, code, title
from memento.types import Episode

if TYPE_CHECKING:
    from jinja2 import Template

MOST_TESTS = 40
MOST_ROUTES = 40
AROUND = 2
"""Steps of the trace that are shown before and after the first wrong one."""
LONGEST_LABEL = 50
"""GitHub refuses a longer one."""
LONGEST_BODY = 65_000
"""GitHub's own limit is 65,536 characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PullText:
    """All that GitHub is told of a proposal."""

    title: str
    body: str
    labels: tuple[str, ...]
    people: tuple[str, ...]
    """Logins, without @."""
    teams: tuple[str, ...]
    """Slugs of teams of the repository's own organisation."""
    draft: bool


def pull_text(found: Dossier) -> PullText:
    """What the dossier becomes on GitHub."""
    proposal, report = found.proposal, found.report
    owners = [owner[1:] for owner in found.owners if owner.startswith("@")]
    return PullText(
        title=title(f"{proposal.skill}: {proposal.idea or proposal.kind}"),
        body=_body(found),
        labels=labels_of(found),
        people=tuple(owner for owner in owners if "/" not in owner),
        teams=tuple(owner.partition("/")[2] for owner in owners if "/" in owner),
        draft=report is None or report.outcome is GateOutcome.INDECISIVE,
    )


def labels_of(found: Dossier) -> tuple[str, ...]:
    """The labels of a proposal; those that `is_ours` and are not among them are old."""
    verdict = found.report.outcome.value if found.report else "none"
    taint = ("tainted",) if found.proposal.tainted else ()
    return (f"skill:{found.proposal.skill}"[:LONGEST_LABEL], f"gate:{verdict}", *taint)


def is_ours(label: str) -> bool:
    """Whether a label is kept by us, and not by the people of the repository."""
    return label == "tainted" or label.startswith(("skill:", "gate:"))


def _body(found: Dossier) -> str:
    report = found.report
    tests = _telling(report.tests, report.new_tests) if report else ()
    routes = [route for route in report.routes if route.before != route.after] if report else []
    text = _template().render(
        found=found,
        tests=tests[:MOST_TESTS],
        routes=routes[:MOST_ROUTES],
        trace=_trace(found.episode) if found.episode else "",
    )
    if len(text) <= LONGEST_BODY:
        return text
    # Cut anywhere, a fence or a table would be left open: say less instead.
    return f"{code(found.proposal.idea)}\n\nThe evidence is too long for GitHub: {code('memento review')}\n"


def _telling(tests: tuple[TestResult, ...], new: tuple[str, ...]) -> list[TestResult]:
    """The new tests and the red ones first."""
    return sorted(tests, key=lambda test: test.passed and test.id.split("[")[0] not in new)


def _trace(episode: Episode) -> str:
    steps, blame = episode.trajectory.steps, episode.blame
    wrong = blame.first_wrong_step if blame else None
    middle = len(steps) - 1 if wrong is None else wrong
    lines = []
    for step in steps:
        if abs(step.index - middle) <= AROUND:
            mark = ">" if step.index == wrong else " "
            lines.append(f"{mark} step {step.index} {step.tool} {step.arguments[:300]}")
            lines.append(f"      {step.output[:600]}")
    lines.append(f"  answer: {(episode.trajectory.answer or '(none)')[:600]}")
    return "\n".join(lines)


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    # Markdown, not HTML: what makes text harmless here is `code`, `cell` and `block`.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    environment.filters |= {"code": code, "cell": cell, "block": block}
    source = resources.files("memento").joinpath("templates", "pull_request.md.j2")
    return environment.from_string(source.read_text("utf-8"))
