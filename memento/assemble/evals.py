"""Asked -> evaluation: what `memento eval` runs.

Imports stand inside the functions, so that a command loads what it uses and nothing more.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from memento.assemble.bench import Bench, evaluator_of, models_of, stages_of
from memento.assemble.cluster import cluster_of
from memento.assemble.gates import journal_of, mended_journal_of
from memento.assemble.models import model_of
from memento.assemble.routers import router_of
from memento.errors import UsageError
from memento.evals.arms import LIBRARY, NO_SKILLS, READ_WRITE, STARTER, Arm

if TYPE_CHECKING:
    from memento.evals.asked import Asked
    from memento.evals.attempts import Conditions
    from memento.evals.datasets.hub import Hub
    from memento.evals.datasets.items import Dataset, Item
    from memento.evals.evaluation import Evaluated, Evaluation
    from memento.evals.pace import Pacer
    from memento.evals.pool import Pool
    from memento.evals.records import Done, Identity
    from memento.protocols import Router

PROMPTS = ("act", "act_task", "act_tool", "rubric", "judge", "hle_judge")
"""Those that can play a part in a frozen library's result."""


def evaluate(
    asked: "Asked",
    bench: Bench,
    *,
    tell: "Callable[[Done], None]",
    preparing: "Callable[[Item], None]" = lambda _item: None,
) -> "Evaluated":
    """Do what is asked, as far as it is not done yet, and report. `preparing` hears of training tasks.

    Raises UsageError, LibraryError, ModelError (no model is set) and SandboxError.
    """
    from memento.evals import log
    from memento.evals.evaluation import evaluate

    conditions = conditions_of(asked, bench)
    dataset = dataset_of(asked, bench)
    identity = identity_of(asked, bench, dataset, conditions)
    with log.writing(bench.folder, identity) as records:
        pacer = _pacer(asked, bench)
        bench.library.at(asked.at)  # a commit that is not there is said before anything is trained
        control = _read_write(asked, bench, conditions, records.path.parent, pacer, preparing)
        what = _evaluation(asked, bench, dataset, identity, conditions, control)
        pool = cluster_of(asked, bench, conditions, what) or _threads(
            asked, bench, conditions, pacer, control
        )
        return evaluate(what, pool=pool, log=records, tell=tell)


def conditions_of(asked: "Asked", bench: Bench) -> "Conditions":
    """Under which records are made. ModelError when no model is set."""
    from memento.evals.attempts import Conditions
    from memento.llm.simulated.model import SimulatedModel

    if asked.simulated:
        name = SimulatedModel(seed=asked.seed).name
    else:
        name = model_of(bench.config, bench.ambience).name
    return Conditions(model=name, simulated=asked.simulated, seed=asked.seed, rounds=asked.rounds)


def dataset_of(asked: "Asked", bench: Bench, split: str | None = None) -> "Dataset":
    """The dataset that is asked for, or another split of it."""
    from memento.evals.datasets.load import Wanted, load

    wanted = Wanted(
        name=asked.dataset,
        split=split or asked.split,
        data=asked.data,
        seed=asked.seed,
        size=asked.size,
        families=tuple(asked.families.split(",")) if asked.families else (),
        images=asked.images,
        limit=asked.limit,
    )
    return load(wanted, hub_of(bench.environ), bench.folder / "downloads")


def hub_of(environ: Mapping[str, str]) -> "Hub":
    """Hugging Face, or the mirror that $HF_ENDPOINT names, with the user's own token."""
    from memento.evals.datasets.hub import ENDPOINT, Hub

    return Hub(token=environ.get("HF_TOKEN") or None, endpoint=environ.get("HF_ENDPOINT") or ENDPOINT)


def identity_of(asked: "Asked", bench: Bench, dataset: "Dataset", conditions: "Conditions") -> "Identity":
    """What the run is of: all that decides a result, apart from task and library."""
    from memento import prompts
    from memento.evals.records import Identity

    config, limits = bench.config, bench.config.budget
    tools = (config.web.search_url, *config.mcp.use)
    settings = (config.route, config.sandbox.kind, config.model.temperature, *tools)
    return Identity(
        dataset=dataset.name,
        split=dataset.split,
        digest=dataset.digest,
        tasks=len(dataset.items),
        model=conditions.model,
        grader=conditions.model if conditions.simulated else config.judge.model or conditions.model,
        simulated=conditions.simulated,
        seed=asked.seed,
        rounds=asked.rounds,
        steps=limits.steps,
        tokens=limits.tokens,
        seconds=limits.seconds,
        prompts={name: prompts.digest(name) for name in PROMPTS},
        settings=hashlib.sha256(repr(settings).encode()).hexdigest(),
    )


@dataclass(frozen=True, kw_only=True)
class _Control:
    """Read-Write without rewriting: its arm and its router, or why there is none."""

    arm: Arm | None = None
    router: "Router | None" = None
    why_not: str = ""


def _evaluation(
    asked: "Asked",
    bench: Bench,
    dataset: "Dataset",
    identity: "Identity",
    conditions: "Conditions",
    control: _Control,
) -> "Evaluation":
    """The arms that are asked for, each with its library."""
    from memento.evals import arms, guard
    from memento.evals.evaluation import Evaluation
    from memento.evals.past import curve
    from memento.evals.records import key_of
    from memento.library.starter import starter_files

    files, library = starter_files(), bench.library
    chosen: list[Arm] = []
    if asked.wants(LIBRARY):
        chosen.append(arms.library_arm(library.at(asked.at)))
        chosen += [arms.library_arm(snapshot, name) for name, snapshot in curve(library, asked.curve or 0)]
    chosen += [arms.no_skills()] if asked.wants(NO_SKILLS) else []
    chosen += [arms.starter(files)] if asked.wants(STARTER) else []
    chosen += [control.arm] if control.arm is not None else []
    return Evaluation(
        identity=identity,
        dataset=dataset,
        arms=tuple(chosen),
        library=library,
        journal=journal_of(library),
        key=lambda work: key_of(work.item.id, work.arm.label, conditions.model, conditions.seed),
        left_out={READ_WRITE: control.why_not} if control.why_not else {},
        known=guard.text_of(files),
    )


def _read_write(
    asked: "Asked",
    bench: Bench,
    conditions: "Conditions",
    folder: Path,
    pacer: "Pacer | None",
    preparing: "Callable[[Item], None]",
) -> _Control:
    """The control, trained on the split `train` where there is one."""
    from memento.evals.attempts import without_rewriting
    from memento.evals.read_write import trained
    from memento.library import Library

    if not asked.wants(READ_WRITE):
        return _Control()
    if asked.ray_address is not None:
        return _Control(why_not="its journal is on this machine, so it does not run on a cluster.")
    if asked.split != "test":
        return _Control(why_not=f"it is trained on `train` for an examination on `test`, not {asked.split}.")
    try:
        items = dataset_of(asked, bench, "train").items
    except UsageError as error:
        return _Control(why_not=f"there is nothing to train it on ({error})")
    root, ambience = folder / "read-write", bench.ambience
    found = root.is_dir() and any(root.iterdir())
    make = Library.open if found else Library.init
    own = replace(bench, library=make(root, now=ambience.now, ids=ambience.new_id))
    journal = mended_journal_of(own.library)
    router = router_of(own.config, journal, root)
    stages = stages_of(own, models=models_of(own, conditions, pacer), router=lambda _arm: router)
    arm = trained(
        own.library,
        journal,
        items,
        stage=replace(stages, learner=without_rewriting(stages.learner)),
        rounds=stages.learner.settings.rounds,
        tell=preparing,
    )
    return _Control(arm=arm, router=router)


def _pacer(asked: "Asked", bench: Bench) -> "Pacer | None":
    from memento.evals.pace import Slots

    if asked.rate is None:
        return None
    return Slots(interval_s=60 / asked.rate, clock=bench.ambience.clock)


def _threads(
    asked: "Asked", bench: Bench, conditions: "Conditions", pacer: "Pacer | None", control: _Control
) -> "Pool":
    from memento.evals.pool import in_threads

    routers = {READ_WRITE: control.router} if control.router is not None else {}
    evaluator = evaluator_of(bench, conditions, pacer=pacer, routers=routers)
    return lambda work: in_threads(work, evaluator, asked.workers)
