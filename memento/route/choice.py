"""Among near ties: who gets the request.

near tie   a candidate whose score is within four hundredths of the first one's
model      where one is asked, it is shown the near ties and names one of them, or none
chance     where chance is handed in, one success rate is drawn for each near tie from what its record
           leaves open (Thompson, 1933), and the highest wins: a skill that was never tried gets its
           turns, one that keeps failing gets ever fewer
neither    the first stays; the same request gets the same skill
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

from memento.route.ranking import PRIOR_WEIGHT, Scored
from memento.types import Skill, Utility

TIED = 0.04
"""Share of the first one's score."""
MOST_TIED = 4

Chance = Callable[[], float]
"""In [0, 1)."""


class Reranker(Protocol):
    """Chooses among skills that score alike."""

    def __call__(self, text: str, skills: Sequence[Skill]) -> str | None:
        """The name of one of `skills`, or None when none fits. Raises ModelError."""


def near_ties(ranked: Sequence[Scored]) -> tuple[str, ...]:
    """The first and those that score alike, best first; () when the first stands alone."""
    if not ranked or ranked[0].score <= 0:
        return ()
    least = ranked[0].score * (1 - TIED)
    near = tuple(s.skill for s in ranked[:MOST_TIED] if s.score >= least)
    return near if len(near) > 1 else ()


def drawn(ranked: Sequence[Scored], near: Sequence[str], chance: Chance) -> str:
    """One of the near ties, by a draw from each one's success rates."""
    draw = Random(chance())  # noqa: S311 (repeatable on purpose)
    rates = {s.skill: _rate(s.utility, draw) for s in ranked if s.skill in near}
    return max(rates, key=lambda name: rates[name])


def _rate(utility: Utility, draw: Random) -> float:
    half = PRIOR_WEIGHT / 2
    return draw.betavariate(utility.successes + half, utility.failures + half)
