"""The Ray cluster of `memento eval --ray`: what is sent to its nodes, and what a node makes of it.

Imports stand inside the functions, so that a command loads what it uses and nothing more.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from memento.assemble.ambience import Ambience
from memento.assemble.bench import Bench, evaluator_of
from memento.errors import UsageError
from memento.types import Sha

if TYPE_CHECKING:
    from memento.evals.asked import Asked
    from memento.evals.attempts import Conditions
    from memento.evals.cluster import Parcel, Worker
    from memento.evals.evaluation import Evaluation
    from memento.evals.pace import Pacer
    from memento.evals.pool import Pool
    from memento.evals.records import Done


def cluster_of(asked: "Asked", bench: Bench, conditions: "Conditions", what: "Evaluation") -> "Pool | None":
    """The cluster that is asked for, with all that its nodes need in one parcel."""
    from memento import __version__
    from memento.evals.cluster import Cluster, Parcel
    from memento.library.bundle import bundle

    if asked.ray_address is None:
        return None
    model = bench.config.model
    flags: tuple[tuple[tuple[str, str], object], ...] = (
        (("model", "name"), model.name),
        (("model", "base_url"), model.base_url),
        (("model", "seed"), model.seed),
        (("model", "temperature"), model.temperature),
        (("sandbox", "kind"), bench.config.sandbox.kind),
    )
    commits = [Sha(arm.label) for arm in what.arms if arm.is_commit]
    parcel = Parcel(
        id=bench.ambience.new_id(),
        version=__version__,
        bundle=bundle(bench.library, bench.library.tip(), *commits),
        flags=flags,
        conditions=conditions,
    )
    return Cluster(
        address=asked.ray_address,
        parcel=parcel,
        make=worker_of,
        workers=asked.workers,
        interval_s=60 / asked.rate if asked.rate else None,
    )


def worker_of(parcel: "Parcel", pacer: "Pacer | None") -> "Worker":
    """What one process of a node does its orders with; its library is gone when the process ends."""
    from memento import __version__
    from memento.config import load
    from memento.evals.arms import Arm, no_skills, starter
    from memento.evals.attempts import Work
    from memento.evals.cluster import Order
    from memento.library.bundle import from_bundle
    from memento.library.starter import starter_files

    if parcel.version != __version__:
        raise UsageError(f"A node of the cluster has Memento {__version__}; install {parcel.version} on it.")
    ambience, folder = Ambience(), tempfile.mkdtemp(prefix="memento-node-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = from_bundle(parcel.bundle, Path(folder), now=ambience.now, ids=ambience.new_id)
    config = load(library.settings(), os.environ, dict(parcel.flags))
    bench = Bench(library=library, config=config, environ=os.environ, ambience=ambience)
    evaluator = evaluator_of(bench, parcel.conditions, pacer=pacer)
    others = {arm.label: arm for arm in (no_skills(), starter(starter_files()))}

    def work_on(order: Order) -> "Done":
        arm = others.get(order.label)
        if arm is None:
            arm = Arm(name=order.arm, label=order.label, snapshot=library.snapshot(Sha(order.label)))
        return evaluator(Work(item=order.item, arm=arm))

    return work_on
