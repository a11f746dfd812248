"""memento eval attribution: who is blamed for known faults."""

import os
import time

import click

from memento.cli.workplace import add_row, console, json_option, print_json, sandbox_option, table


@click.command(name="attribution")
@click.option("--seed", type=int, default=0, show_default=True, help="Of tasks and simulated model.")
@click.option("--model", help="A model at an endpoint that is to attribute; by default the SIMULATED one.")
@click.option("--base-url", help="An OpenAI-compatible endpoint ($OPENAI_BASE_URL).")
@sandbox_option
@json_option
def command(seed: int, model: str | None, base_url: str | None, sandbox: str | None, as_json: bool) -> None:
    """Measure attribution on runs into which known faults were put, of every class.

    The runs are real (agent loop, tools, sandbox), the agent in them is simulated. With --model a real
    model attributes them; without one the simulated model does, and the figures say nothing about a
    real one. The rules alone are shown beside it.

    \b
    Examples:
      memento eval attribution
      memento eval attribution --model NAME --json
    """
    from memento.assemble.ambience import Ambience
    from memento.assemble.gates import sandbox_of
    from memento.assemble.models import model_of
    from memento.config import load
    from memento.evals.attribution.faults import cases
    from memento.evals.attribution.measure import Measured, labelled, measured
    from memento.llm.simulated.model import SimulatedModel
    from memento.protocols import Model
    from memento.reflect.attribution import LLMAttributor

    flags: dict[tuple[str, str], object] = {
        ("model", "name"): model, ("model", "base_url"): base_url, ("sandbox", "kind"): sandbox,
    }  # fmt: skip
    config = load("", os.environ, flags)
    asked: Model = model_of(config, Ambience()) if model else SimulatedModel(seed=seed)
    runs = list(labelled(cases(seed), sandbox_of(config, os.environ), time.monotonic))
    found = measured(runs, LLMAttributor(model=asked), model=asked.name, seed=seed)
    if as_json:
        print_json(Measured, found)
    else:
        _print(found)


def _print(found: object) -> None:
    from memento.evals.attribution.measure import ABSTAINED, Measured
    from memento.types import Fault

    assert isinstance(found, Measured)
    out, names = console(), [*map(str, Fault), ABSTAINED]
    rules = found.rules_alone
    out.print(f"{found.n} runs with a known fault, seed {found.seed}, attributed by {found.model}")
    out.print(f"  accuracy {found.accuracy:.1%}, macro F1 {found.macro_f1:.3f}", highlight=False)
    out.print(f"  rules alone: accuracy {rules.accuracy:.1%}, macro F1 {rules.macro_f1:.3f}", highlight=False)
    out.print(f"  the right skill blamed {found.right_skill:.1%}", highlight=False)
    out.print(f"  a skill blamed that had no part in it {found.wrongly_blamed:.1%}", highlight=False)
    out.print(f"  the overlooked skill named {found.overlooked_named:.1%}", highlight=False)
    shown = table("fault", *names)
    for truth, row in found.confusion.items():
        add_row(shown, truth, *(str(row[name]) if row[name] else "" for name in names))
    out.print(shown)
