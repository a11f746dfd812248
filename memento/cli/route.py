"""memento route: which skill a task would get, how healthy the routing is, and learning from the past."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.plain import one_line
from memento.cli.workplace import (
    Workplace,
    add_row,
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    table,
)
from memento.errors import UsageError

if TYPE_CHECKING:
    from memento.route.router import Explanation, TantivyRouter

SHOWN = 20
"""Lines of each part of the doctor's report."""
EMPTY = "no skill fits: the library has none"
NOTHING = "no skill fits: none has anything in common with it"


@click.command()
@click.argument("task")
@click.option("--at", "rev", help="Route in the library as it was at this commit.")
@click.option("--explain", "why", is_flag=True, help="Show what each feature added to each score.")
@library_option
@json_option
def command(task: str, rev: str | None, why: bool, library_dir: Path | None, as_json: bool) -> None:
    """Say which skill TASK would get, how sure that is, and what else was near.

    The single word `doctor` instead of a task reports skills that shadow each other or are never
    reached; `train` learns from past runs how much each feature counts, and writes route.json when
    that routes better.

    \b
    Examples:
      memento route "find all TODO comments in this folder" --explain
      memento route "merge two PDF files" --at HEAD~3
      memento route doctor --json
      memento route train
    """
    from memento.assemble.routers import router_of

    if not task.strip():
        raise UsageError('the task is empty; give its text, as in memento route "add up a column"')
    place = open_workplace(library_dir)
    at = place.library.at(rev)
    router = router_of(place.config, place.journal, place.library.root, at=at if rev else None)
    if task == "doctor":
        _doctor(router, place, rev, as_json)
    elif task == "train":
        _train(router, place, as_json)
    else:
        _route(router, place, task, rev, why, as_json)


def _route(
    router: "TantivyRouter", place: Workplace, task: str, rev: str | None, why: bool, as_json: bool
) -> None:
    from memento.route.router import Explanation
    from memento.route.words import MAX_QUERY_CHARS

    with console(stderr=True).status("reading the library, the first time also its meaning"):
        explanation = router.explain(task, place.library.at(rev))
    if as_json:
        print_json(Explanation, explanation)
        return
    route, out = explanation.route, console()
    if explanation.candidates:
        out.print(_ranking(explanation, why))
    if len(task) > MAX_QUERY_CHARS:
        half = MAX_QUERY_CHARS // 2
        console(stderr=True).print(f"long: only its first and last {half} characters were read")
    if route.degraded:
        console(stderr=True).print(one_line(f"degraded: {route.degraded}", 500))
    if not explanation.candidates:
        out.print(
            "no skill fits: none has anything in common with it" if place.library.at(rev).names() else EMPTY
        )
    elif route.skill is None:
        out.print(
            f"no skill fits: the best confidence {route.confidence:.2f} is under {explanation.threshold:.2f}"
        )
    else:
        out.print(f"{route.skill} (confidence {route.confidence:.2f})")
    if route.near:
        out.print(one_line(f"about as fit: {', '.join(route.near)}", 300))


def _ranking(explanation: "Explanation", why: bool) -> object:
    shown = table("skill", "score", "confidence", *(("because",) if why else ()))
    for candidate in explanation.candidates:
        cells = [candidate.skill, f"{candidate.score:.3f}", f"{candidate.confidence:.2f}"]
        if why:
            parts = [f"{name} {value:+.3f}" for name, value in candidate.parts if abs(value) >= 0.0005]
            cells.append(
                "  ".join([*parts, *([f"({' '.join(candidate.matched)})"] if candidate.matched else [])])
            )
        add_row(shown, *cells)
    return shown


def _doctor(router: "TantivyRouter", place: Workplace, rev: str | None, as_json: bool) -> None:
    from rich.progress import Progress

    from memento.route.doctor import Health, examine

    snapshot = place.library.at(rev)
    with Progress(console=console(stderr=True), transient=True) as progress:
        # Without a total it only shows that something happens: the library is read, the first time embedded.
        bar, total = progress.add_task("routing every skill's description", total=None), len(snapshot.names())
        health = examine(router, snapshot, lambda done: progress.update(bar, total=total, advance=done))
    if as_json:
        print_json(Health, health)
        return
    out = console()
    out.print(
        f"{health.skills} skills: {len(health.unreachable)} unreachable, {len(health.shadowed)} shadowed, "
        f"{len(health.overlaps)} pairs overlap"
    )
    for title, found in (("unreachable", health.unreachable), ("shadowed", health.shadowed)):
        for shadow in found[:SHOWN]:
            place_ = f"place {shadow.rank}" if shadow.rank else "not among the first ten"
            out.print(one_line(f"{title}: {shadow.skill} ({place_}; first is {shadow.by or 'nothing'})", 200))
        _print_left_out(title, found)
    for pair in health.overlaps[:SHOWN]:
        out.print(one_line(f"overlap {pair.cosine:.2f}: {pair.first} and {pair.second}", 200))
    _print_left_out("overlap", health.overlaps)
    if health.degraded:
        console(stderr=True).print(one_line(f"degraded: {health.degraded}", 500))


def _print_left_out(title: str, found: Sequence[object]) -> None:
    if len(found) > SHOWN:
        console().print(f"{title}: {len(found) - SHOWN} more, with --json")


def _train(router: "TantivyRouter", place: Workplace, as_json: bool) -> None:
    from memento.route.train import Trained, train
    from memento.route.weights import FILE, dump

    name = router.embedder.name if router.embedder else ""
    trained = train(router.lessons(place.library.at()), router.weights, embedder=name)
    if not trained.kept_old:
        (place.library.root / FILE).write_text(dump(trained.weights), "utf-8")
    if as_json:
        print_json(Trained, trained)
        return
    out = console()
    out.print(
        f"{trained.requests} past requests, each held against weights learned without it: first choice right "
        f"{trained.before_warm:.1%} -> {trained.after_warm:.1%}, and as if all skills were new "
        f"{trained.before_cold:.1%} -> {trained.after_cold:.1%}"
    )
    out.print("the old weights stay" if trained.kept_old else f"written: {FILE}; commit it to keep it")
