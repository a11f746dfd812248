"""memento run: one task, with a real model."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.plain import plain
from memento.cli.say import colour, sentence
from memento.cli.workplace import (
    console,
    json_option,
    library_option,
    open_workplace,
    print_json,
    sandbox_option,
)
from memento.errors import ModelError, SandboxError, ToolError, UsageError
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
    from memento.loop import Event

MOST_FILE_BYTES = 20_000_000
ACCIDENTS = {
    Stop.MODEL_ERROR: ModelError.exit_code,
    Stop.SANDBOX_ERROR: SandboxError.exit_code,
    Stop.TOOL_ERROR: ToolError.exit_code,
}
"""An attempt that ended this way says nothing about the task: the exit code is the accident's."""


@click.command()
@click.argument("text", metavar="TASK")
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
@click.option("--rounds", type=click.IntRange(0, 20), help="Retries after a failure.")
@click.option("--no-learn", is_flag=True, help="Answer only: write nothing to the library.")
@sandbox_option
@library_option
@json_option
def command(
    text: str,
    files: tuple[Path, ...],
    answer: str | None,
    scorer: str,
    model: str | None,
    base_url: str | None,
    rounds: int | None,
    no_learn: bool,
    sandbox: str | None,
    library_dir: Path | None,
    as_json: bool,
) -> int:
    """Solve TASK with the library and a real model, and learn from a failure.

    TASK is the text itself, or @FILE to read it from a file. The answer goes to stdout, everything
    else to stderr. Exit codes: 0 an answer that was not judged a failure, 1 a failure or no answer,
    4 no model, or one that cannot be reached.

    \b
    Examples:
      export OPENAI_API_KEY=...
      memento run "How many TODO comments are in app.py?" --file app.py --model NAME
      memento run @task.txt --base-url http://127.0.0.1:11434/v1 --model NAME --no-learn
    """
    from memento.assemble import Ambience, loop_of, model_of, sandbox_of

    flags: dict[tuple[str, str], object] = {
        ("model", "name"): model,
        ("model", "base_url"): base_url,
        ("sandbox", "kind"): sandbox,
        ("loop", "rounds"): rounds,
        ("loop", "learn"): False if no_learn else None,
    }
    place = open_workplace(library_dir, flags)
    ambience = Ambience()
    task = Task(id=f"run-{ambience.new_id()}", text=_text(text), files=_read(files))
    gold = Gold(answer=answer, scorer=Scorer(scorer)) if answer is not None else None
    loop = loop_of(
        config=place.config,
        environ=os.environ,
        library=place.library,
        model=model_of(place.config, ambience),
        sandbox=sandbox_of(place.config, os.environ),
        ambience=ambience,
        tell=_tell,
    )
    episodes = tuple(loop.solve(Exercise(task=task, gold=gold)))
    last = episodes[-1]
    if as_json:
        print_json(tuple[Episode, ...], episodes)
    elif last.trajectory.answer is not None:
        click.echo(plain(last.trajectory.answer.replace("\r\n", "\n")))
    return _ending(last)


def _ending(last: Episode) -> int:
    """The exit code; what kept the task from an answer is said on stderr."""
    trajectory = last.trajectory
    if trajectory.stop is not Stop.ANSWERED:
        click.echo(f"memento: no answer ({trajectory.stop}). {plain(trajectory.detail)}".rstrip(), err=True)
    if trajectory.stop in ACCIDENTS:
        return ACCIDENTS[trajectory.stop]
    return 1 if last.verdict.result is Result.FAILED or trajectory.answer is None else 0


def _tell(event: "Event") -> None:
    from rich.text import Text

    console(stderr=True).print(Text(sentence(event), style=colour(event) or ""), soft_wrap=True)


def _text(argument: str) -> str:
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
