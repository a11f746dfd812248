"""memento run: one task, with a real model."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.live import Live
from memento.cli.plain import plain
from memento.cli.say import asked, spent
from memento.cli.workplace import (
    Workplace,
    console,
    json_option,
    library_option,
    mcp_option,
    open_workplace,
    print_json,
    sandbox_option,
)
from memento.errors import MementoError, ModelError, SandboxError, ToolError, UsageError
from memento.types import (
    Episode,
    Exercise,
    FileName,
    Gold,
    Result,
    Scorer,
    Stop,
    Task,
)

if TYPE_CHECKING:
    from memento.journal.unfinished import Unfinished, UnfinishedRuns

MOST_FILE_BYTES = 20_000_000
ACCIDENTS = {
    Stop.MODEL_ERROR: ModelError.exit_code,
    Stop.SANDBOX_ERROR: SandboxError.exit_code,
    Stop.TOOL_ERROR: ToolError.exit_code,
}
"""An attempt that ended this way says nothing about the task: the exit code is the accident's."""
ENDS = {Stop.ANSWERED, Stop.STUCK}
"""After these nothing is left to go on with."""


@click.command()
@click.argument("text", metavar="TASK", required=False)
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file to lay into the agent's workspace; may be repeated.",
)
@click.option("--answer", help="The right answer, for the judge only; without it a rubric judges.")
@click.option(
    "--scorer",
    type=click.Choice([s.value for s in Scorer]),
    default="exact",
    show_default=True,
    help="How the answer is compared with the right one.",
)
@click.option("--model", help="The model's name at the endpoint ($MEMENTO_MODEL).")
@click.option("--base-url", help="An OpenAI-compatible endpoint ($OPENAI_BASE_URL).")
@click.option("--judge-model", help="The model that judges without an --answer ($MEMENTO_JUDGE_MODEL).")
@click.option("--rounds", type=click.IntRange(0, 20), help="Retries after a failure.")
@click.option("--no-learn", is_flag=True, help="Answer only: write nothing to the library.")
@click.option(
    "--resume",
    metavar="[ID]",
    is_flag=False,
    flag_value="",
    help="Go on with an interrupted run, the newest without an ID, instead of a new task.",
)
@mcp_option
@sandbox_option
@library_option
@json_option
def command(
    text: str | None,
    files: tuple[Path, ...],
    answer: str | None,
    scorer: str,
    model: str | None,
    base_url: str | None,
    judge_model: str | None,
    rounds: int | None,
    no_learn: bool,
    resume: str | None,
    mcp: tuple[str, ...],
    sandbox: str | None,
    library_dir: Path | None,
    as_json: bool,
) -> int:
    """Solve TASK with the library and a real model, and learn from a failure.

    TASK is the text itself, or @FILE to read it from a file. The answer goes to stdout, everything
    else to stderr. Exit codes: 0 an answer that was not judged a failure, 1 a failure or no answer,
    4 no model, or one that cannot be reached.

    A run that was interrupted, or that its model, sandbox or budget ended, goes on with --resume:
    what the model has said already is not asked again, and what its tools have done is not done again.

    \b
    Examples:
      export OPENAI_API_KEY=...
      memento run "How many TODO comments are in app.py?" --file app.py --model NAME
      memento run @task.txt --base-url http://127.0.0.1:11434/v1 --model NAME --no-learn
      memento run "Who is on call this week?" --mcp calendar --model NAME
      memento run --resume --model NAME
    """
    from memento.config import state_folder
    from memento.journal.unfinished import Unfinished, UnfinishedRuns
    from memento.sandbox import folders

    flags: dict[tuple[str, str], object] = {
        ("model", "name"): model,
        ("model", "base_url"): base_url,
        ("judge", "model"): judge_model,
        ("sandbox", "kind"): sandbox,
        ("mcp", "use"): mcp or None,
        ("loop", "rounds"): rounds,
        ("loop", "learn"): False if no_learn else None,
    }
    place = open_workplace(library_dir, flags)
    runs = UnfinishedRuns(
        folder=place.library.state / "runs",
        workplaces=state_folder(os.environ) / "runs",
        remove=folders.remove,
    )
    if resume is None:
        task = Task(id=f"run-{place.ambience.new_id()}", text=_text(text), files=_read(files))
        run = Unfinished(task=task, judged=answer is not None, scorer=Scorer(scorer))
    else:
        run = _taken_up(runs, resume or None, text, files, answer)
    gold = Gold(answer=answer, scorer=run.scorer) if answer is not None else None
    live = Live(console(stderr=True))
    episodes = _solve(place, runs, run, gold, live=live, as_json=as_json)
    last = episodes[-1]
    if as_json:
        print_json(tuple[Episode, ...], episodes)
    elif last.trajectory.answer is not None and not (
        sys.stdout.isatty() and live.has_shown(last.trajectory.answer)
    ):
        click.echo(plain(last.trajectory.answer.replace("\r\n", "\n")))
    return _ending(last)


def _taken_up(
    runs: "UnfinishedRuns", name: str | None, text: str | None, files: tuple[Path, ...], answer: str | None
) -> "Unfinished":
    """The run that goes on. UsageError when it is not asked for as it began."""
    if text is not None or files:
        raise UsageError(
            "--resume goes on with a task that has its text and files. Leave out TASK and --file."
        )
    run = runs.find(name)
    if run.judged != (answer is not None):
        how = (
            "had a right answer, which is not kept: give --answer again" if run.judged else "had no --answer"
        )
        raise UsageError(f"{run.task.id} {how}.")
    return run


def _solve(
    place: Workplace,
    runs: "UnfinishedRuns",
    run: "Unfinished",
    gold: Gold | None,
    *,
    live: Live,
    as_json: bool,
) -> tuple[Episode, ...]:
    """The attempts at the task."""
    from memento.act.places import KeptPlaces
    from memento.assemble.gates import sandbox_of
    from memento.assemble.loops import loop_of
    from memento.assemble.models import metered_of, model_of
    from memento.llm.replay import Replayed

    hear = live.hear if live.is_live and not as_json else None
    model = model_of(place.config, place.ambience, hear)
    sandbox = sandbox_of(place.config, os.environ)
    live.line(asked(place.config, model.name))
    runs.keep(run)
    told = _told(place.journal.episodes_of(run.task.id))
    places = KeptPlaces(folder=runs.attempts(run), number=len(told))
    replayed = Replayed(model=model, path=runs.replies(run), part=lambda: places.number)
    metered = metered_of(place.config, replayed, place.journal, place.ambience)
    metered.meter.begin(run.task.id)
    begun = place.ambience.clock()
    with _at_it(runs, run, live):
        loop = loop_of(
            config=place.config,
            environ=os.environ,
            library=place.library,
            model=metered,
            sandbox=sandbox,
            ambience=place.ambience,
            tell=live.tell,
            place=places,
        )
        episodes = tuple(loop.solve(Exercise(task=run.task, gold=gold), told))
    live.line(spent(metered.spent, place.ambience.clock() - begun))
    if episodes[-1].trajectory.stop in ENDS:
        runs.done(run)
    else:
        _say_how_to_go_on(live, run)
    return episodes


@contextmanager
def _at_it(runs: "UnfinishedRuns", run: "Unfinished", live: Live) -> Iterator[None]:
    """This process is at the run. An accident leaves it unfinished, and says how to go on."""
    with runs.held(run):
        try:
            yield
        except (KeyboardInterrupt, MementoError):
            _say_how_to_go_on(live, run)
            raise
        finally:
            live.pause()


def _told(episodes: tuple[Episode, ...]) -> tuple[Episode, ...]:
    """The attempts that stand; one that nobody could judge is made again."""
    judged = [e.verdict.result is not Result.UNJUDGED for e in episodes]
    return episodes[: judged.index(False)] if False in judged else episodes


def _say_how_to_go_on(live: Live, run: "Unfinished") -> None:
    answer = " --answer ANSWER" if run.judged else ""
    live.line(f"  to go on: memento run --resume {run.task.id}{answer}")


def _ending(last: Episode) -> int:
    """The exit code; what kept the task from an answer is said on stderr."""
    trajectory = last.trajectory
    if trajectory.stop is not Stop.ANSWERED:
        click.echo(f"memento: no answer ({trajectory.stop}). {plain(trajectory.detail)}".rstrip(), err=True)
    if trajectory.stop in ACCIDENTS:
        return ACCIDENTS[trajectory.stop]
    return 1 if last.verdict.result is Result.FAILED or trajectory.answer is None else 0


def _text(argument: str | None) -> str:
    if argument is None:
        raise UsageError("no task. Give its text, or --resume to go on with an interrupted run.")
    if not argument.startswith("@"):
        text = argument
    else:
        try:
            text = Path(argument[1:]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise UsageError(
                f"cannot read the task from {argument[1:]}: {why}. Name a text file after the @."
            ) from error
    if not text.strip():
        raise UsageError('the task is empty; give its text, as in memento run "How many lines has a.txt?"')
    return text


def _read(paths: tuple[Path, ...]) -> dict[FileName, bytes]:
    files = {}
    for path in paths:
        try:
            if path.stat().st_size > MOST_FILE_BYTES:
                raise UsageError(
                    f"{path} is larger than {MOST_FILE_BYTES // 1_000_000} MB. Give a part of it."
                )
            if path.name in files:
                raise UsageError(
                    f"two files are called {path.name}; the workspace is one folder. Rename one."
                )
            files[path.name] = path.read_bytes()
        except OSError as error:
            raise UsageError(
                f"cannot read {path}: {error.strerror}. Check the name and its rights."
            ) from error
    return files
