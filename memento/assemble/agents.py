"""What acts and what judges."""

from typing import TYPE_CHECKING

from memento.assemble.ambience import Ambience
from memento.assemble.routers import embedder_of

if TYPE_CHECKING:
    from memento.act.executor import ReactExecutor
    from memento.config import Config
    from memento.protocols import Model, Sandbox
    from memento.reflect.judge import Judging


def executor_of(config: "Config", model: "Model", sandbox: "Sandbox", ambience: Ambience) -> "ReactExecutor":
    from memento.act.conversation import Settings
    from memento.act.executor import ReactExecutor
    from memento.assemble.tools import connect_of, rank_of, tools_of

    return ReactExecutor(
        model=model,
        sandbox=sandbox,
        tools=tools_of(config, ambience.clock),
        connect=connect_of(config),
        rank=rank_of(lambda: embedder_of(config)),
        clock=ambience.clock,
        settings=Settings(most_steps=config.budget.steps, most_tools=config.mcp.offered),
    )


def judging_of(model: "Model", sandbox: "Sandbox") -> "Judging":
    from memento.reflect.judge import Judging
    from memento.reflect.program import Programs

    return Judging(model=model, run=Programs(sandbox=sandbox))
