"""What `memento learn` is made of: a loop whose ids and time belong to the run."""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from memento.assemble.ambience import Ambience
from memento.assemble.gates import journal_of, sandbox_of
from memento.assemble.loops import loop_of
from memento.assemble.models import budget_of, model_of
from memento.errors import UsageError

if TYPE_CHECKING:
    from memento.config import Config
    from memento.evals.learning import Learner, Solved
    from memento.journal.progress import Progress
    from memento.loop import Event
    from memento.protocols import Model
    from memento.types import Exercise


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a run is asked; it goes on only when it is asked the same."""

    stream: str
    """Digest of the tasks."""
    held_out: str
    passes: int
    rounds: int
    seed: int | None
    model: str

    def text(self) -> str:
        return json.dumps([self.held_out, self.passes, self.rounds, self.seed, self.model])


def learner_of(
    *,
    config: "Config",
    environ: Mapping[str, str],
    root: Path,
    wanted: Wanted,
    resume: bool,
    held_out: "Sequence[Exercise]",
    tell: "Callable[[Event], None]",
    done: "Callable[[Solved], None]",
    model: "Model | None" = None,
) -> "Learner":
    """A new run over the library at `root`, or with `resume` the newest of the same tasks. UsageError when
    there is none, or when it was asked something else."""
    from memento.evals.learning import Insisting, Learner
    from memento.evals.turns import Turns
    from memento.journal.progress import Progress
    from memento.library import Library
    from memento.llm.budget import Metered, exceeded

    outside = Ambience()
    probe = Library.open(root, now=outside.now, ids=outside.new_id)
    progress = Progress(path=probe.state / "learning.db")
    run = _run(progress, wanted, resume=resume)
    turns = Turns(run, seed=wanted.seed, now=outside.now, new_id=outside.new_id)
    turns.begin(0)
    chance = outside.chance if wanted.seed is None else lambda: 1.0
    ambience = Ambience(now=turns.now, new_id=turns.new_id, chance=chance)
    library = Library.open(root, now=turns.now, ids=turns.new_id)
    budget, begun = budget_of(config), time.monotonic()
    metered = Metered(
        model or model_of(config, outside),
        budget,
        clock=time.monotonic,
        now=outside.now,
        record=journal_of(library).calls.record,
    )
    metered.meter.begin(f"learn {run}")
    loop = loop_of(
        config=config,
        environ=environ,
        library=library,
        model=metered,
        sandbox=sandbox_of(config, environ),
        ambience=ambience,
        tell=tell,
    )

    def spent() -> str | None:
        return exceeded(budget, metered.spent, time.monotonic() - begun)

    return Learner(
        loop=replace(loop, executor=Insisting(executor=loop.executor, spent=spent), entering=turns.entering),
        progress=progress,
        turns=turns,
        run=run,
        held_out=held_out,
        passes=wanted.passes,
        done=done,
    )


def _run(progress: "Progress", wanted: Wanted, *, resume: bool) -> str:
    if resume:
        run = progress.newest(wanted.stream)
        if run is None:
            raise UsageError("No run of these tasks was begun here. Leave --resume out to begin one.")
        if progress.asked(run) != wanted.text():
            raise UsageError(
                "The run of these tasks was begun with other held-out tasks, passes, rounds, seed or model. "
                "Give the same ones, or leave --resume out to begin another run."
            )
        return run
    named = hashlib.sha256(f"{wanted.stream} {wanted.text()}".encode()).hexdigest()[:10]
    run = secrets.token_hex(5) if wanted.seed is None else named
    if progress.asked(run) is not None:
        raise UsageError("This run was begun before. Go on with --resume, or give another --seed.")
    progress.begin(run, stream=wanted.stream, asked=wanted.text())
    return run
