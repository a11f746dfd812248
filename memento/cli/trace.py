"""memento trace: everything an agent did in one attempt, step by step."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memento.cli.plain import one_line, plain
from memento.cli.workplace import console, json_option, library_option, open_workplace, print_json
from memento.errors import UsageError
from memento.types import Episode, Fault, Result, Step, Usage

if TYPE_CHECKING:
    from memento.journal import Journal

LINES = 20
"""Of one output; --full shows all that was kept."""
COLOURS = {Result.PASSED: "green", Result.FAILED: "red", Result.UNJUDGED: "yellow"}


@click.command()
@click.argument("episode", required=False)
@click.option("--full", is_flag=True, help="Do not shorten outputs.")
@click.option("--html", "as_html", is_flag=True, help="Print one self-contained HTML page on stdout.")
@library_option
@json_option
def command(episode: str | None, full: bool, as_html: bool, library_dir: Path | None, as_json: bool) -> None:
    """Show the steps of EPISODE: its id, or the start of it; by default the newest attempt.

    For each step: the tool, its arguments, what came back, the exit code, the seconds of the tool and of
    the model, the tokens, and the hash of the prompt that led to it. What came from outside is marked.

    \b
    Examples:
      memento trace
      memento trace 3f2a --full
      memento trace 3f2a --html > attempt.html
    """
    place = open_workplace(library_dir)
    found = _found(place.journal, episode)
    if as_json:
        print_json(Episode, found)
    elif as_html:
        click.echo(page(found, library=place.library.root.name, now=time.time()), nl=False)
    else:
        _show(found, most=None if full else LINES)


def _found(journal: "Journal", wanted: str | None) -> Episode:
    if wanted is None:
        newest = journal.episodes(limit=1)
        if not newest:
            raise UsageError("no attempt was made here yet. `memento run TASK` makes one.")
        return newest[0]
    exact = journal.episode(wanted)
    if exact is not None:
        return exact
    near = [episode for episode in journal.episodes() if episode.id.startswith(wanted)]
    if len(near) == 1:
        return near[0]
    what = f"{len(near)} attempts start" if near else "no attempt starts"
    raise UsageError(f"{what} with {one_line(wanted)!r}. `memento trace` shows the newest one and its id.")


def _show(episode: Episode, *, most: int | None) -> None:
    out = console()
    trajectory = episode.trajectory
    _line(out, f"attempt {episode.id}", "bold")
    for name, value in _facts(episode):
        _line(out, f"  {name:<9} {value}", hang=12)
    for step in trajectory.steps:
        _line(out, "")
        _line(out, heading(step), "yellow" if step.tainted else "cyan")
        for name, text in (("thought", step.thought), ("called", step.arguments), ("gave", step.output)):
            if text.strip():
                _block(out, name, text, most)
    _line(out, "")
    _line(out, f"answer: {plain(trajectory.answer or f'none ({trajectory.stop})')}", "bold")
    judged = f"{episode.verdict.result} by {episode.verdict.by}: {one_line(episode.verdict.rationale, 500)}"
    _line(out, judged, COLOURS[episode.verdict.result])
    if episode.blame is not None:
        fault = episode.blame.fault or "abstained"
        to = "past" if fault is Fault.ROUTING else "in"
        where = f" {to} {episode.blame.skill}" if episode.blame.skill else ""
        _line(out, f"blame: {fault}{where}: {one_line(episode.blame.explanation, 500)}")


def _facts(episode: Episode) -> list[tuple[str, str]]:
    trajectory = episode.trajectory
    skill = episode.route.skill or "none"
    facts = [
        ("task", one_line(episode.task.text, 500)),
        ("model", one_line(episode.model)),
        ("skill", f"{skill} (confidence {episode.route.confidence:.2f})"),
        ("cost", _cost(trajectory.usage)),
        ("time", f"{episode.seconds:.1f} s"),
    ]
    if trajectory.tainted:
        facts.append(("tainted", "some of it came from outside the task"))
    if trajectory.detail:
        facts.append(("stopped", f"{trajectory.stop}: {one_line(trajectory.detail, 500)}"))
    return facts


def heading(step: Step) -> str:
    """A step in one line."""
    parts = [f"{step.index:>3} {one_line(step.tool)}"]
    if step.exit_code is not None:
        parts.append(f"exit {step.exit_code}")
    parts.append(f"{step.seconds:.2f} s")
    if step.usage.calls:
        tokens = f"{step.usage.input_tokens}+{step.usage.output_tokens} tokens"
        parts.append(f"model {step.model_seconds:.2f} s, {tokens}, prompt {step.prompt[:12]}")
    if step.tainted:
        parts.append("from outside")
    return " · ".join(parts)


def _cost(usage: Usage) -> str:
    price = "price unknown" if usage.usd is None else f"${usage.usd:.4f}"
    return f"{usage.calls} calls, {usage.input_tokens}+{usage.output_tokens} tokens, {price}"


def _block(out: Any, name: str, text: str, most: int | None) -> None:
    lines = plain(text.rstrip()).split("\n")
    left = len(lines) - most if most is not None else 0
    for number, line in enumerate(lines[:most]):
        _line(out, f"    {name if number == 0 else '':<8}{line}", hang=12)
    if left > 0:
        _line(out, f"    {'':<8}[{left} more lines; --full shows them]")


def _line(out: Any, text: str, style: str = "", *, hang: int = 0) -> None:
    """A line; on a terminal that is too narrow its rest stands `hang` columns from the left."""
    from rich.text import Text

    if not hang or not out.is_terminal:
        out.print(Text(text, style=style), soft_wrap=True)
        return
    head = text[:hang]
    for part in Text(text[hang:]).wrap(out, max(20, out.width - hang)) or [Text()]:
        out.print(Text(head + part.plain, style=style), soft_wrap=True)
        head = " " * hang


def page(episode: Episode, *, library: str, now: float) -> str:
    """The attempt as one HTML page: all text escaped, and nothing is loaded from anywhere."""
    from memento.review.pages.render import Frame, Renderer

    simulated = episode.model.startswith("SIMULATED")
    frame = Frame(library=library, tip=episode.library, when=now, simulated=simulated, waiting=0)
    return Renderer(live=False)("trace", frame, path="trace.html", section="", episode=episode)
