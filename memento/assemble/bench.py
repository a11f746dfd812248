"""The bench of an evaluation: a library under a configuration, and the parts that tasks are attempted with.

Imports stand inside the functions, so that a command loads what it uses and nothing more.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING

from memento.assemble.agents import executor_of, judging_of
from memento.assemble.ambience import Ambience
from memento.assemble.gates import sandbox_of
from memento.assemble.loops import loop_of
from memento.assemble.models import budget_of, judge_model_of, model_of
from memento.assemble.routers import embedder_of

if TYPE_CHECKING:
    from memento.config import Config
    from memento.evals.arms import Arm
    from memento.evals.attempts import Conditions, Evaluator
    from memento.evals.pace import Pacer
    from memento.evals.stages import Models, Stages
    from memento.library import Library
    from memento.library.snapshot import CommitSnapshot
    from memento.protocols import Router
    from memento.route.router import TantivyRouter


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One library under one configuration, on which evaluations are made."""

    library: "Library"
    config: "Config"
    environ: Mapping[str, str]
    ambience: Ambience = field(default_factory=Ambience)

    @property
    def folder(self) -> Path:
        """Where runs and downloads are kept: beside the library, never in git."""
        return self.library.state / "evals"


def stages_of(
    bench: Bench, *, models: "Callable[[str], Models]", router: "Callable[[Arm], Router]"
) -> "Stages":
    """The parts that every task is attempted with."""
    from memento.evals.stages import Stages

    config, ambience = bench.config, bench.ambience
    sandbox = sandbox_of(config, bench.environ)
    learner = loop_of(
        config=config,
        environ=bench.environ,
        library=bench.library,
        model=models("").agent,
        sandbox=sandbox,
        ambience=ambience,
        tell=lambda _event: None,
    )
    return Stages(
        learner=learner,
        sandbox=sandbox,
        budget=budget_of(config),
        clock=ambience.clock,
        models=models,
        router=router,
        executor=lambda model, on_end: replace(executor_of(config, model, sandbox, ambience), on_end=on_end),
        judging=lambda model: judging_of(model, sandbox),
    )


def evaluator_of(
    bench: Bench,
    conditions: "Conditions",
    *,
    pacer: "Pacer | None" = None,
    routers: "Mapping[str, Router]" = MappingProxyType({}),
) -> "Evaluator":
    """What does one task: each gets a model, a judge and budgets of its own. `routers` are by arm, of those
    that do not go by the commit alone."""
    from memento.evals.attempts import Evaluator

    usual = frozen_router_of(bench.config, bench.library.at())
    models = models_of(bench, conditions, pacer)
    return Evaluator(
        stage=stages_of(bench, models=models, router=lambda arm: routers.get(arm.name, usual)),
        model=conditions.model,
        seed=conditions.seed,
        rounds=conditions.rounds,
        now=bench.ambience.now,
    )


def models_of(bench: Bench, conditions: "Conditions", pacer: "Pacer | None") -> "Callable[[str], Models]":
    """Who answers and who grades each task; a simulated model depends on the task alone."""
    from memento.evals.pace import Paced
    from memento.evals.stages import Models
    from memento.llm.simulated.model import SimulatedModel

    if conditions.simulated:

        def simulated(task: str) -> Models:
            model = SimulatedModel(seed=Random(f"{conditions.seed} {task}").getrandbits(32))  # noqa: S311
            return Models(agent=model, grader=model)

        return simulated
    agent = model_of(bench.config, bench.ambience)
    grader = judge_model_of(bench.config, agent, bench.ambience)
    if pacer is not None:
        agent, grader = (Paced(model=m, pacer=pacer, sleep=time.sleep) for m in (agent, grader))
    models = Models(agent=agent, grader=grader)
    return lambda _task: models


def frozen_router_of(config: "Config", snapshot: "CommitSnapshot") -> "TantivyRouter":
    """The router as a commit alone decides it: no journal, and the trained weights that are committed."""
    from memento.route import weights
    from memento.route.confidence import FUSED_THRESHOLD
    from memento.route.router import THRESHOLD, TantivyRouter

    embedder = embedder_of(config)
    trained = snapshot.files([weights.FILE]).get(weights.FILE)
    chosen = weights.load(trained.decode("utf-8")) if trained else weights.DEFAULT
    if embedder is None or chosen.embedder not in (None, embedder.name):
        chosen = weights.DEFAULT
    usual = FUSED_THRESHOLD if embedder else THRESHOLD
    return TantivyRouter(
        threshold=usual if config.route.threshold is None else config.route.threshold,
        embedder=embedder,
        weights=chosen,
    )


def bare_router_of(config: "Config") -> "TantivyRouter":
    """The router without a library: no past, no trained weights, no threshold."""
    from memento.route.router import TantivyRouter

    return TantivyRouter(threshold=0.0, embedder=embedder_of(config))
