"""Ids and time of a learning run, which make it one that can be taken up again.

    episode    <run>-<position>-<attempt>: whoever goes on finds the attempts that were recorded
    proposal   from the seed, the position, the attempt and the stage; without a seed, at random
    time       with a seed, a minute per attempt from 2026-01-01 on; without one, the clock

With a seed a stage that is done again takes the same ids at the same time, so it writes the same
commits. Time stands still within a stage: how often somebody looks at it changes nothing.
"""

from collections.abc import Callable
from random import Random

EPOCH = 1_767_225_600
_ATTEMPT_S, _TASK_S = 60, 3_600


class Turns:
    """Where a run is. Not to be shared between threads."""

    def __init__(
        self, run: str, *, seed: int | None, now: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        self._run, self._seed = run, seed
        self._now, self._new_id = now, new_id
        self._position, self._attempt, self._stage = 0, 0, ""
        self._ids = Random()

    def begin(self, position: int) -> None:
        """From here on the run is at this task."""
        self._position = position
        self.entering(0, "act")

    def entering(self, attempt: int, stage: str) -> None:
        """From here on it is at this stage: `act` or `learn`."""
        self._attempt, self._stage = attempt, stage
        self._ids = Random(f"{self._seed} {self._position} {attempt} {stage}")

    def episode(self, attempt: int) -> str:
        """The id of an attempt at the present task."""
        return f"{self._run}-{self._position}-{attempt}"

    def now(self) -> float:
        """Unix time."""
        if self._seed is None:
            return self._now()
        learning = _ATTEMPT_S // 2 if self._stage == "learn" else 0
        return float(EPOCH + self._position * _TASK_S + self._attempt * _ATTEMPT_S + learning)

    def new_id(self) -> str:
        """The episode's id while it is acted, else a fresh one for a proposal."""
        if self._stage == "act":
            return self.episode(self._attempt)
        if self._seed is None:
            return self._new_id()
        return f"{self._ids.getrandbits(40):010x}"
