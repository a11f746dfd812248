"""memento eval DATASET: a dataset against a frozen library."""

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memento.cli.plain import one_line
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
    from memento.evals.datasets.items import Item
    from memento.evals.evaluation import Evaluated
    from memento.evals.records import Done

ARMS = ("library", "no-skills", "starter", "read-write")


@click.command(name="DATASET")
@click.argument("dataset")
@click.option("--split", default="test", show_default=True, help="Which part of the dataset.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="A local copy of GAIA or HLE; else $HF_TOKEN fetches it."
)
@click.option("--families", help="The gym's families, separated by commas; `all` for all of them.")
@click.option("--size", type=click.IntRange(1), help="Tasks per family of the gym.")
@click.option("--images", is_flag=True, help="HLE's questions with an image, too.")
@click.option("--limit", type=click.IntRange(1), help="At most so many tasks, the same ones each time.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the gym, the demo and the model's sampling."
)
@click.option(
    "--rounds",
    type=click.IntRange(0, 20),
    default=0,
    show_default=True,
    help="Retries after a failed first attempt; they are reported apart.",
)
@click.option(
    "--arm",
    "arms",
    multiple=True,
    type=click.Choice(ARMS),
    help="Only these libraries; by default this one and every control there can be.",
)
@click.option("--curve", type=click.IntRange(2), help="Also the library at N of its commits, from its first.")
@click.option("--at", help="The commit to evaluate; by default main's tip.")
@click.option("--workers", type=click.IntRange(1, 1024), default=1, show_default=True, help="Tasks at once.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Model calls per minute, at most.")
@click.option("--ray", "ray_address", help="Do the tasks on the Ray cluster at this address.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A folder for report.md, report.json, junit.xml, ctrf.json and the figures.",
)
@click.option("--model", help="The model's name at the endpoint ($MEMENTO_MODEL); `simulated` for none.")
@click.option("--base-url", help="An OpenAI-compatible endpoint ($OPENAI_BASE_URL).")
@mcp_option
@sandbox_option
@library_option
@json_option
def command(
    as_json: bool,
    library_dir: Path | None,
    sandbox: str | None,
    mcp: tuple[str, ...],
    base_url: str | None,
    model: str | None,
    out: Path | None,
    **asked: Any,
) -> int:
    """Run DATASET against a frozen library and say how many tasks the first attempt solves.

    DATASET is gaia, hle, gym (reasoning-gym), demo, a JSONL file of your own, or a folder of SkillsBench or
    Harbor tasks. The same tasks go to the controls: no skills, the starter skills, and Read-Write without
    rewriting, which is trained on the split `train` first. Arms are compared on the same tasks (McNemar).

    What is done is kept: the same command goes on where it stopped. Nothing in the library changes.
    Exit codes: 0 every task has a result, 4 the model could not be asked for some of them.

    \b
    Examples:
      memento eval gym --model NAME --workers 8
      memento eval gaia --data GAIA --split test --model NAME --curve 5 --out report
      memento eval tasks.jsonl --model NAME --arm library --arm no-skills --json
      memento eval tasks.jsonl --model NAME --mcp tickets
      memento eval demo --model simulated
    """
    from memento.assemble.bench import Bench
    from memento.assemble.evals import evaluate
    from memento.evals.asked import Asked

    simulated = model == "simulated"
    flags: dict[tuple[str, str], object] = {
        ("model", "name"): model,
        ("model", "base_url"): base_url,
        ("model", "seed"): asked["seed"] or None,
        ("sandbox", "kind"): sandbox,
        ("mcp", "use"): mcp or None,
    }
    if out is not None:
        from memento.evals.plots_style import require

        require()  # before hours of work, not after them
    place = open_workplace(library_dir, flags)
    bench = Bench(library=place.library, config=place.config, environ=os.environ)
    tell = _Teller(quiet=as_json)
    # Ray tells of dead nodes on stdout, which is for the report.
    with redirect_stdout(sys.stderr):
        evaluated = evaluate(Asked(simulated=simulated, **asked), bench, tell=tell.done, preparing=tell.item)
    if out is not None:
        from memento.evals.files import write_files

        for path in write_files(out, evaluated):
            click.echo(f"wrote {path}", err=True)
    _print(evaluated, as_json)
    if evaluated.complaint is not None:
        raise evaluated.complaint
    return 0


def _print(evaluated: "Evaluated", as_json: bool) -> None:
    if as_json:
        print_json(type(evaluated.report), evaluated.report)
        return
    from memento.cli.plain import plain
    from memento.evals.words import markdown

    click.echo(plain(markdown(evaluated.report)), nl=False)


class _Teller:
    """A line on stderr for each task that is done."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet, self.out = quiet, console(stderr=True)

    def item(self, item: "Item") -> None:
        self.say(f"training the control read-write on {item.id}")

    def done(self, done: "Done") -> None:
        from memento.evals.records import Record

        if isinstance(done, Record):
            word = f"{done.first.result} in {done.seconds:.1f} s"
        else:
            word = f"no result ({done.kind}): {done.detail}"
        self.say(f"{done.task} with {done.library[:12]}: {word}")

    def say(self, text: str) -> None:
        if not self.quiet:
            self.out.print(one_line(text, 200), soft_wrap=True)
