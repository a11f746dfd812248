"""A library as a solver of inspect_ai, which then scores, limits and logs.

    pip install 'memento-skills[inspect]'
    inspect eval task.py --solver memento/library -S path=my-library --model openai/NAME

The sample's text goes through observe, read and act with the library's commit of that moment, in
Memento's own sandbox; the answer becomes the sample's completion. Nothing is judged, learned or written.
"""

import os
from dataclasses import replace
from pathlib import Path

from inspect_ai.model import ChatMessageAssistant, ModelOutput, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from memento.assemble.ambience import Ambience
from memento.assemble.bench import Bench, frozen_router_of, stages_of
from memento.config import load
from memento.evals.arms import Arm, library_arm
from memento.evals.attempts import Work
from memento.evals.datasets.items import Item
from memento.evals.inspect_bridge import BridgedModel
from memento.evals.stages import Models
from memento.library import Library
from memento.reflect.rubric import unjudged
from memento.types import Episode, Exercise, Gold, Task, Trajectory, Verdict


@solver(name="library")  # type: ignore[untyped-decorator]  # mypy does not follow inspect_ai, see pyproject
def library(path: str, sandbox: str | None = None) -> Solver:
    """Solve samples with the library at `path`; `sandbox` is bubblewrap, docker or host."""
    bench = _bench(Path(path), sandbox)
    snapshot = bench.library.at()
    arm, router = library_arm(snapshot), frozen_router_of(bench.config, snapshot)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        del generate
        import anyio.to_thread

        model = BridgedModel(theirs=get_model())
        stages = stages_of(
            bench, models=lambda _task: Models(agent=model, grader=model), router=lambda _: router
        )
        task = Task(id=f"{state.sample_id}-{state.epoch}", text=state.input_text)
        work = Work(item=Item(exercise=Exercise(task=task)), arm=arm)
        loop = replace(stages(work).loop, judge=_no_judge)
        episode = await anyio.to_thread.run_sync(lambda: loop.attempt(work.item.exercise, at=arm.snapshot))
        return _told(state, episode, arm)

    return solve


def _bench(root: Path, sandbox: str | None) -> Bench:
    ambience = Ambience()
    opened = Library.open(root.absolute(), now=ambience.now, ids=ambience.new_id)
    config = load(opened.settings(), os.environ, {("sandbox", "kind"): sandbox})
    return Bench(library=opened, config=config, environ=os.environ, ambience=ambience)


def _no_judge(task: Task, trajectory: Trajectory, gold: Gold | None) -> Verdict:
    del task, trajectory, gold
    return unjudged("Another harness scores this.")


def _told(state: TaskState, episode: Episode, arm: Arm) -> TaskState:
    """The answer as the sample's completion, and what led to it beside it."""
    answer = episode.trajectory.answer or ""
    state.output = ModelOutput.from_content(model=episode.model, content=answer)
    state.messages.append(ChatMessageAssistant(content=answer))
    state.metadata["memento"] = {
        "library": arm.label,
        "skill": episode.route.skill,
        "stop": str(episode.trajectory.stop),
        "steps": len(episode.trajectory.steps),
        "detail": episode.trajectory.detail,
    }
    return state
