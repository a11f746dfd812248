"""memento simulate: designs of the learning loop, ranked where the truth is known."""

from dataclasses import dataclass

import click

from memento.cli.workplace import add_row, console, json_option, print_json, table
from memento.evals.simulation.study import Result


@dataclass(frozen=True, kw_only=True)
class Study:
    """What `memento simulate --json` prints."""

    simulated: bool
    seeds: int
    tasks: int
    judge: str
    world: str
    arms: dict[str, Result]


@click.command()
@click.option("--seeds", type=click.IntRange(1, 1000), default=10, show_default=True, help="Worlds per arm.")
@click.option("--tasks", type=click.IntRange(1), default=3000, show_default=True, help="Tasks per seed.")
@click.option(
    "--judge",
    type=click.Choice(["imperfect", "perfect"]),
    default="imperfect",
    show_default=True,
    help="Imperfect: sensitivity 0.90, specificity 0.85.",
)
@click.option(
    "--world",
    type=click.Choice(["reference", "rough"]),
    default="reference",
    show_default=True,
    help="Rough: with outages of tools, drift, and rewrites that paste the answer.",
)
@json_option
def command(seeds: int, tasks: int, judge: str, world: str, as_json: bool) -> None:
    """Compare acceptance rules in a simulated world whose hidden quality is known in closed form.

    Everything printed is SIMULATED: it ranks designs under stated assumptions and says nothing about
    any language model. With --judge perfect the controls are also set beside the table that the
    reference world came with.

    \b
    Examples:
      memento simulate
      memento simulate --seeds 3 --judge perfect --json
      memento simulate --world rough
    """
    from rich.progress import track

    from memento.evals.simulation.study import ARMS, study
    from memento.evals.simulation.world import CALM, IMPERFECT, PERFECT, ROUGH

    quality = PERFECT if judge == "perfect" else IMPERFECT
    err = console(stderr=True)
    results = dict(
        track(
            study(
                ARMS, range(seeds), judge=quality, tasks=tasks, weather=ROUGH if world == "rough" else CALM
            ),
            description="SIMULATED arms",
            total=len(ARMS),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
    )
    if as_json:
        outcome = Study(simulated=True, seeds=seeds, tasks=tasks, judge=judge, world=world, arms=results)
        print_json(Study, outcome)
        return
    shown = table(
        "arm",
        "true success",
        "area",
        "harmful",
        "false accepts",
        "false rejects",
        "landed",
        "executions",
        "blame right",
    )
    for name, r in results.items():
        add_row(
            shown,
            name,
            f"{r.final_success:.3f} ± {r.sd:.3f}",
            f"{r.area:.3f}",
            f"{r.harmful_share:.1%}",
            f"{r.false_accept:.1%}",
            f"{r.false_reject:.1%}",
            f"{r.landed:.0f}",
            f"{r.executions:.0f}",
            f"{r.attribution_accuracy:.0%}",
        )
    out = console()
    out.print(
        f"SIMULATED: {seeds} seeds, {tasks} tasks each, {judge} judge, {world} world, empty skills at first"
    )
    out.print(shown)
    ours = results["memento"]
    out.print(
        f"The judge saw {ours.judge_sensitivity:.1%} of the failures and {ours.judge_specificity:.1%} of the "
        f"successes; memento landed {ours.regressions:.1f} regressions a seed.",
        highlight=False,
    )
    if judge == "perfect" and world == "reference":
        _beside_the_table(results)


def _beside_the_table(results: dict[str, Result]) -> None:
    from memento.evals.simulation.reference import compared

    shown = table("arm", "figure", "here", "reference", "")
    for found in compared(results):
        ours = f"{found.ours:.0f}" if found.figure == "executions" else f"{found.ours:.2f}"
        add_row(shown, found.arm, found.figure, ours, found.table, "" if not found.off else "off")
    out = console()
    out.print("The controls beside the reference world's own table (10 seeds of 3,000 tasks, this judge):")
    out.print(shown)
