"""Time and chance, handed to everything that would otherwise look for them."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, kw_only=True)
class Ambience:
    """Time and chance, handed in: a demo that is to be repeated brings its own."""

    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = lambda: secrets.token_hex(5)
    chance: Callable[[], float] = Random().random  # noqa: S311 (which cached verdicts to check)
    """In [0, 1): how often the gate checks what it remembers."""
    state: Path | None = None
    """The user's own state folder; None remembers nothing of endpoints."""


def repeatable(seed: int) -> Ambience:
    """Time and chance of a demo: the same seed gives the same commits, to the last digit."""
    seconds = count(1_767_225_600)  # 2026-01-01, a second a look
    chance = Random(f"ids {seed}")  # noqa: S311 (names of branches, not secrets)
    return Ambience(
        now=lambda: float(next(seconds)), new_id=lambda: f"{chance.getrandbits(40):010x}", chance=lambda: 1.0
    )
