"""The learner, and what it writes with."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from memento.assemble.agents import executor_of, judging_of
from memento.assemble.ambience import Ambience
from memento.assemble.gates import gate_of, mended_journal_of
from memento.assemble.models import budget_of, judge_model_of
from memento.assemble.reviews import announcing, policy_of
from memento.assemble.routers import router_of

if TYPE_CHECKING:
    from memento.act.places import Places
    from memento.config import Config
    from memento.gate.gate import TestGate
    from memento.journal import Journal
    from memento.library import Library
    from memento.loop import Event, Loop
    from memento.protocols import Model, Sandbox
    from memento.repair import Repair, Settings
    from memento.review.probation import WaldProbation


def loop_of(
    *,
    config: "Config",
    environ: Mapping[str, str],
    library: "Library",
    model: "Model",
    sandbox: "Sandbox",
    ambience: Ambience,
    tell: "Callable[[Event], None]",
    place: "Places | None" = None,
) -> "Loop":
    """One learner over one library. A model that is on a meter already stays on it; `place` is where its
    attempts work, a temporary folder each for None."""
    from memento.llm.budget import Metered
    from memento.loop import Loop
    from memento.reflect.attribution import LLMAttributor
    from memento.reflect.memory import LearnedTips
    from memento.reflect.tips import LLMTipWriter
    from memento.repair import Settings

    journal = mended_journal_of(library)
    if config.review.where == "github":
        tell = announcing(tell, library, environ, ambience)
    metered = model if isinstance(model, Metered) else Metered(model, budget_of(config), clock=ambience.clock)
    judge = judge_model_of(config, model, ambience)
    judging = metered if judge is model else metered.also(judge)
    gate = gate_of(sandbox, journal, ambience, config=config, environ=environ)
    settings = Settings(**config.loop.model_dump())
    executor = executor_of(config, metered, sandbox, ambience)
    return Loop(
        library=library,
        journal=journal,
        router=router_of(config, journal, library.root, model=metered, chance=ambience.chance),
        executor=replace(executor, on_step=tell, place=place or executor.place),
        judge=judging_of(judging, sandbox),
        attributor=LLMAttributor(model=metered),
        tips=LearnedTips(library=library, writer=LLMTipWriter(model=metered), model=metered),
        repair=repair_of(library, journal, metered, gate, settings, ambience, tell),
        probation=probation_of(library, journal, gate),
        model=model.name,
        settings=settings,
        now=ambience.now,
        new_id=ambience.new_id,
        tell=tell,
    )


def answering(loop: "Loop") -> "Loop":
    """The same loop, that answers and changes nothing but the journal: nobody judges."""
    from memento.types import Gold, Result, Task, Trajectory, Verdict

    def nobody(task: Task, trajectory: Trajectory, gold: Gold | None) -> Verdict:
        del task, trajectory, gold
        return Verdict(result=Result.UNJUDGED, rationale="Nobody was asked to judge.", by="nobody")

    return replace(loop, judge=nobody, settings=replace(loop.settings, learn=False, rounds=0))


def repair_of(
    library: "Library",
    journal: "Journal",
    model: "Model",
    gate: "TestGate",
    settings: "Settings",
    ambience: Ambience,
    tell: "Callable[[Event], None]",
) -> "Repair":
    from memento.repair import Repair
    from memento.write.charter import LLMCharterer
    from memento.write.overlooked import exam_author, rewriter

    return Repair(
        library=library,
        journal=journal,
        charterer=LLMCharterer(model=model),
        exam_author=exam_author(model),
        rewriter=rewriter(model, most_hunks=settings.most_hunks),
        gate=gate,
        policy=policy_of(library, ambience),
        model=model.name,
        settings=settings,
        tell=tell,
    )


def probation_of(library: "Library", journal: "Journal", gate: "TestGate") -> "WaldProbation":
    from memento.changes import Landing
    from memento.repair import evidence_of
    from memento.review.probation import WaldProbation
    from memento.review.rollback import Rollback

    def take_back(skill: str, by: str, episode: str) -> Landing:
        rollback = Rollback(
            library=library,
            journal=journal,
            harness=gate.harness,
            gate=gate,
            evidence=evidence_of,
            by=by,
            episode=episode,
        )
        return rollback(skill)

    return WaldProbation(library=library, journal=journal, take_back=take_back)
