"""A library with a learner over it. The model is simulated and flawless unless a test says otherwise; git,
sandbox, pytest runs and the journal are real.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from memento.assemble.ambience import Ambience
from memento.assemble.loops import loop_of
from memento.changes import Disposition, Landing
from memento.config import load
from memento.evals.exercises import ledger
from memento.library import Library
from memento.llm.simulated.kinds import FLAWLESS, Temper
from memento.llm.simulated.model import SimulatedModel
from memento.loop import Event, Loop
from memento.protocols import Reply, Request
from memento.sandbox.bubblewrap import Bubblewrap
from memento.types import Episode, Exercise


class Recorder:
    """The simulated model, with all requests kept and an interception of some."""

    def __init__(self, temper: Temper) -> None:
        self._model = SimulatedModel(seed=0, temper=temper)
        self.requests: list[Request] = []
        self.before: Callable[[Request], Reply | None] = lambda _request: None

    @property
    def name(self) -> str:
        return self._model.name

    def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.before(request) or self._model.complete(request)

    def purposes(self) -> list[str]:
        return [request.purpose for request in self.requests]


class World:
    """A learner over the library at `root`, and everything it told."""

    def __init__(self, root: Path, ambience: Ambience, temper: Temper = FLAWLESS, **flags: object) -> None:
        settings = {("loop", key): value for key, value in flags.items()}
        # By words alone, as in the demo: what an embedder takes for near is no matter of the loop.
        settings["route", "embedder"] = "words"
        self.model = Recorder(temper)
        self.told: list[Event] = []
        self.library = Library.open(root, now=ambience.now, ids=ambience.new_id, durable=False)
        self.loop: Loop = loop_of(
            config=load("", {}, settings),
            environ=os.environ,
            library=self.library,
            model=self.model,
            sandbox=Bubblewrap(),
            ambience=ambience,
            tell=self.told.append,
        )

    def solve(self, exercise: Exercise) -> list[Episode]:
        return list(self.loop.solve(exercise))

    def heard(self, kind: type) -> list:
        return [event for event in self.told if isinstance(event, kind)]

    def refs(self) -> dict[str, str]:
        lines = self.library.git("for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def skills(self) -> dict[str, str]:
        """Everything below skills/ and skill_tests/: tips may be committed beside it."""
        entries = self.library.at().entries()
        return {path: entry for path, entry in entries.items() if path.startswith("skill")}

    def landings(self) -> list[Disposition]:
        return [landing.disposition for landing in self.heard(Landing)]


def exercise(*traps: str, number: int = 1) -> Exercise:
    return ledger(Random(number), f"ledger-{number:02}", traps)


def reply(**fields: object) -> Reply:
    return Reply(text=json.dumps(fields))
