"""A rate limit for one endpoint, shared by all that call it.

Calls are given slots `interval` apart, in the order in which they ask; one that comes after a pause
gets its slot at once, and no pause is saved up for a burst.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from memento.protocols import Model, Reply, Request


class Pacer(Protocol):
    def __call__(self) -> float:
        """Take a slot; how many seconds to wait for it."""


@dataclass(kw_only=True)
class Slots:
    """Implements Pacer within one process."""

    interval_s: float
    clock: Callable[[], float]
    _next: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    def __call__(self) -> float:
        with self._lock:
            now = self.clock()
            slot = max(now, self._next)
            self._next = slot + self.interval_s
            return slot - now


@dataclass(frozen=True, kw_only=True)
class Paced:
    """A model that waits for its slot before each call."""

    model: Model
    pacer: Pacer
    sleep: Callable[[float], None]

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, request: Request) -> Reply:
        """The model's reply, after a wait. Raises what the model raises."""
        wait = self.pacer()
        if wait > 0:
            self.sleep(wait)
        return self.model.complete(request)
