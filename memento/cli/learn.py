"""memento learn: many tasks, one library, as far as it comes, and on from there."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memento.cli.workplace import (
    console,
    json_option,
    library_option,
    mcp_option,
    open_workplace,
    print_json,
    sandbox_option,
)

if TYPE_CHECKING:
    from memento.evals.learning import Learned, Solved


@click.command()
@click.argument("tasks", type=click.Path(path_type=Path))
@click.option("--rounds", type=click.IntRange(0, 20), help="Retries of a task after a failure.")
@click.option(
    "--passes", type=click.IntRange(1), default=1, show_default=True, help="Times through the tasks."
)
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    help="Tasks that nothing is learned from, measured before the first pass and after each.",
)
@click.option("--resume", is_flag=True, help="Go on with the run of these tasks that was interrupted.")
@click.option("--seed", type=int, help="Ids and time from a seed: the same replies give the same commits.")
@click.option("--budget-tokens", type=click.IntRange(1), help="Tokens of this command, in and out.")
@click.option("--budget-usd", type=click.FloatRange(0, min_open=True), help="Dollars of this command.")
@click.option("--budget-seconds", type=click.FloatRange(0, min_open=True), help="Seconds of this command.")
@click.option("--model", help="The model's name at the endpoint ($MEMENTO_MODEL).")
@click.option("--base-url", help="An OpenAI-compatible endpoint ($OPENAI_BASE_URL).")
@click.option("--judge-model", help="The model that judges tasks without an answer ($MEMENTO_JUDGE_MODEL).")
@mcp_option
@sandbox_option
@library_option
@json_option
def command(
    tasks: Path, held_out: Path | None, passes: int, resume: bool, library_dir: Path | None, as_json: bool,
    **asked: Any,
) -> int:  # fmt: skip
    """Learn from TASKS, a JSONL file with one task per line, and say how much it helped.

    A line is {"id": ..., "text": ..., "answer": ..., "scorer": ..., "files": [...]}; files are paths beside
    TASKS. First attempts are counted apart from what retries made of them, and --held-out measures what
    the library gained on tasks that it did not learn from.

    Interrupting (^C) or killing it loses nothing that has landed. --resume goes on with the same tasks:
    finished ones are not made again. Exit codes: 0 all tasks were finished, 1 the budget was spent, 4 no
    model, or one that cannot be reached, 130 interrupted.

    \b
    Examples:
      memento learn tasks.jsonl --model NAME --held-out held-out.jsonl
      memento learn tasks.jsonl --model NAME --budget-usd 5 --mcp tickets
      memento learn tasks.jsonl --model NAME --held-out held-out.jsonl --resume
    """
    from memento.assemble.learning import Wanted, learner_of
    from memento.evals.datasets.own import load
    from memento.evals.learning import Learned

    stream = load(tasks, "all")
    aside = load(held_out, "all") if held_out else None
    place = open_workplace(library_dir, _flags(asked))
    wanted = Wanted(
        stream=stream.digest,
        held_out=aside.digest if aside else "",
        passes=passes,
        rounds=place.config.loop.rounds,
        seed=asked["seed"],
        model=place.config.model.name or "",
    )
    with _Bar(passes * len(stream.items)) as done:
        learner = learner_of(
            config=_with_budget(place.config, asked),
            environ=os.environ,
            root=place.library.root,
            wanted=wanted,
            resume=resume,
            held_out=[item.exercise for item in aside.items] if aside else [],
            tell=lambda _event: None,
            done=done,
        )
        learned = learner([item.exercise for item in stream.items])
    if as_json:
        print_json(Learned, learned)
    else:
        _print(learned)
    return 0


def _flags(asked: dict[str, Any]) -> dict[tuple[str, str], object]:
    return {
        ("model", "name"): asked["model"],
        ("model", "base_url"): asked["base_url"],
        ("judge", "model"): asked["judge_model"],
        ("sandbox", "kind"): asked["sandbox"],
        ("mcp", "use"): asked["mcp"] or None,
        ("loop", "rounds"): asked["rounds"],
    }


def _with_budget(config: Any, asked: dict[str, Any]) -> Any:
    """The settings with this command's limits; those of a single run do not bind a whole stream."""
    limits = {name: asked[f"budget_{name}"] for name in ("tokens", "usd", "seconds")}
    return config.model_copy(update={"budget": config.budget.model_copy(update=limits)})


class _Bar:
    """A progress bar on a terminal, a line per task elsewhere; both say how the first attempts do."""

    def __init__(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._out = console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=self._out, transient=True, disable=not self._out.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("learning", total=total)
        self._first = self._count = 0

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, solved: "Solved") -> None:
        from memento.cli.plain import one_line

        self._count += 1
        self._first += solved.results[0] == "passed"
        said = f"first attempts {self._first} of {self._count}"
        self._bar.update(self._task, advance=1, description=said)
        if not self._out.is_terminal:
            results = ", ".join(solved.results)
            self._out.print(f"{one_line(solved.task, 60)}: {results} ({said})", soft_wrap=True)


def _print(learned: "Learned") -> None:
    out = console()
    out.print(f"run {learned.run}, model {learned.model}: {learned.tasks} tasks, {learned.judged} judged")
    for name, share in (("first attempt", learned.first_attempt), ("after retries", learned.after_retries)):
        out.print(f"  {name:<16} {'-' if share is None else f'{share:.0%}'}")
    out.print(f"  {'changes':<16} {learned.landed} landed, {learned.discarded} refused, {learned.open} wait")
    for measured in learned.held_out:
        out.print(
            f"  {'held out':<16} {measured.passed} of {measured.judged} at first attempt, "
            f"after {measured.after} tasks"
        )
