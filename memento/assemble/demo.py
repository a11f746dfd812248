"""The demo: a new library, a simulated model, repeatable time and chance."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from memento.assemble.ambience import repeatable
from memento.assemble.gates import sandbox_of
from memento.assemble.loops import loop_of

if TYPE_CHECKING:
    from memento.evals.demo import Demo
    from memento.loop import Event


DEMO_SETTINGS = """\
# The demo shows changes that land by themselves. A library of your own asks you first where people
# wrote the skill: that is the default, people = "review".

[review]
people = "auto"
"""


def demo(
    *,
    seed: int,
    tasks: int | None = None,
    root: Path,
    sandbox_kind: str,
    environ: Mapping[str, str],
    tell: "Callable[[Event], None]",
) -> "Demo":
    """The demo in a new library at `root`, with the simulated model. Raises SandboxError, LibraryError."""
    from memento.config import load
    from memento.evals.demo import Observer, run
    from memento.library import Library
    from memento.llm.simulated.model import SimulatedModel

    flags: dict[tuple[str, str], object] = {
        ("sandbox", "kind"): sandbox_kind,
        ("budget", "tokens"): 10**9,
        ("route", "embedder"): "words",
        ("route", "explore"): False,
    }
    config = load("", {}, flags)
    ambience = repeatable(seed)
    sandbox = sandbox_of(config, environ)
    library = Library.init(root, now=ambience.now, ids=ambience.new_id, durable=False, settings=DEMO_SETTINGS)
    observer = Observer(tell=tell, sandbox=sandbox, seed=seed, before=lambda name: library.at().folder(name))
    loop = loop_of(
        config=config,
        environ=environ,
        library=library,
        model=SimulatedModel(seed=seed),
        sandbox=sandbox,
        ambience=ambience,
        tell=observer,
    )
    return run(loop, observer, seed=seed, tasks=tasks, clock=ambience.clock)
