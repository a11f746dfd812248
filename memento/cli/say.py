"""Every sentence about an outcome that a user may read, in one place.

Untrusted text (answers, explanations, ideas) is kept to one line and stripped of what a terminal
would obey.
"""

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from memento.changes import (
    Announced,
    Disposition,
    Exam,
    GateOutcome,
    GateReport,
    Landing,
    Pass,
    Rewrite,
)
from memento.cli.plain import one_line
from memento.types import Blame, Result, Route, Step, Task, Usage, Verdict

if TYPE_CHECKING:
    from memento.config import Config
    from memento.loop import Event

MARKS = {GateOutcome.PASS: "✓", GateOutcome.FAIL: "✗", GateOutcome.INDECISIVE: "?"}


def sentence(event: "Event") -> str:  # noqa: C901 (a table: one line per kind of event)
    """What an onlooker is told of an event, in one line."""
    match event:
        case Task():
            return f"task {event.id}: {one_line(event.text)}"
        case Route(skill=None):
            return f"  route    no skill fits (confidence {event.confidence:.2f})"
        case Route():
            return f"  route    {event.skill} (confidence {event.confidence:.2f})"
        case Step():
            return f"  step {event.index}   {one_line(event.tool)} {_told(event.arguments)}{_came_of(event)}"
        case Verdict():
            return f"  judge    {event.result.upper()}: {one_line(event.rationale)}"
        case Blame(fault=None):
            return f"  blame    abstained: {one_line(event.explanation)}"
        case Blame():
            where = f" in {event.skill}" if event.skill else ""
            return f"  blame    {event.fault}{where}: {one_line(event.explanation)}"
        case Exam():
            return f"  exam     {', '.join(event.new_tests)} (frozen, sha256 {event.digest[:12]})"
        case Rewrite():
            return f"  rewrite  {event.kind} {event.skill}: {one_line(event.idea)}"
        case Pass():
            reason = one_line(event.reason, 140) or "nothing new to offer"
            return f"  {event.stage:<8} {reason}, so there is no proposal"
        case Announced(trouble=""):
            return f"  github   {one_line(event.url)}"
        case Announced():
            again = f"it stays open here; `memento pr {event.proposal.id}` tries again"
            return f"  github   {one_line(event.trouble, 300)} {again}"
        case Landing():
            return f"{gate_line(event.report)}\n  {landing(event)}"


def _told(arguments: str) -> str:
    """A call's arguments for a reader: the value of a single one, else name=value."""
    try:
        values = json.loads(arguments)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return one_line(arguments, 80)
    if len(values) == 1:
        return one_line(str(*values.values()), 80)
    return one_line(", ".join(f"{name}={value}" for name, value in values.items()), 80)


def _came_of(step: Step) -> str:
    """What is worth a word of how a call ended; nothing of one that went well and quickly."""
    code = f"exit {step.exit_code}" if step.exit_code else ""
    time = f"{step.seconds:.1f} s" if step.seconds >= 1 else ""
    said = ", ".join(filter(None, (code, time)))
    return f" ({said})" if said else ""


def gate_line(report: GateReport) -> str:
    """The gate's steps on one line, the deciding one in words."""
    steps = " ".join(f"{step.name} {MARKS[step.outcome]}" for step in report.steps)
    why = "" if report.outcome is GateOutcome.PASS else f"\n           {one_line(report.reason, 140)}"
    return f"  gate     {report.outcome.upper()} {report.evidence} in {report.seconds:.1f} s: {steps}{why}"


def landing(landing: Landing) -> str:
    """What became of a proposal."""
    branch = landing.proposal.branch
    if landing.disposition is Disposition.LANDED and landing.commit is not None:
        return f"landed   {branch} as {landing.commit[:10]}. {landing.note}".rstrip()
    if landing.disposition is Disposition.OPEN:
        return f"open     {branch} waits for a human"
    return f"dropped  {branch} leaves no trace but its reason in the journal"


def colour(event: "Event") -> str | None:
    """The colour of an event, for terminals that have colours."""
    match event:
        case Verdict(result=Result.PASSED) | Landing(disposition=Disposition.LANDED):
            return "green"
        case Verdict(result=Result.FAILED) | Landing(disposition=Disposition.DISCARDED):
            return "red"
        case Landing() | Verdict():
            return "yellow"
        case Task():
            return "bold"
        case _:
            return None


DOING = {
    "act": "thinking",
    "rubric": "deciding what a good answer is",
    "judge": "judging",
    "attribute": "looking for the fault",
    "tip": "drawing a lesson",
    "charter": "deciding on a new skill",
    "exam": "writing the exam",
    "rewrite": "writing a better skill",
    "requests": "writing requests that must find the skill",
    "describe": "describing the skill anew",
}


def doing(purpose: str) -> str:
    """What the model is at, for the one who waits."""
    return f"{DOING.get(purpose, one_line(purpose))} ..."


def calling(tool: str) -> str:
    """What the agent is at while a tool runs."""
    return f"running {one_line(tool, 40)} ..."


def price(usage: Usage) -> str:
    """Dollars, or that nobody knows: unknown is not free."""
    return "price unknown" if usage.usd is None else f"${usage.usd:.4f}"


def spent(usage: Usage, seconds: float) -> str:
    """What a run cost."""
    calls = f"{usage.calls} call{'s' if usage.calls != 1 else ''}"
    return (
        f"  usage    {calls}, {usage.input_tokens} tokens in, {usage.output_tokens} out, "
        f"{price(usage)}, {seconds:.1f} s"
    )


def asked(config: "Config", model: str) -> str:
    """Which model is asked, where, and with whose key; the key itself is never shown."""
    settings = config.model
    # The host alone: a URL may hold a password.
    host = urlsplit(settings.base_url).netloc.rpartition("@")[2] if settings.base_url else "OpenAI"
    key = f"with the key in {settings.key_from}" if settings.key_from else "without a key"
    return f"  model    {one_line(model)} at {one_line(host)}, {key}"
