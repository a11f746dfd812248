"""Shares with their uncertainty, and arms compared on the same tasks.

interval    Wilson's score interval, 95 % (types.Utility.bounds)
pairs       McNemar's exact test (Psychometrika 12, 1947): of the tasks that only one arm solves, how
            likely is a split at least as uneven when either is as likely to be that one
families    Holm's step-down correction (Scand. J. Statist. 6, 1979) over the comparisons of one report
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from memento.types import Bounds, Utility


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """`solved` of `n`; shares are in [0, 1]."""

    solved: int
    n: int

    @property
    def value(self) -> float | None:
        """None when there was nothing to solve."""
        return self.solved / self.n if self.n else None

    @property
    def bounds(self) -> Bounds:
        """Where the true share lies with 95 % confidence."""
        return Utility(successes=self.solved, failures=self.n - self.solved).bounds


def mcnemar(only_one: int, only_other: int) -> float:
    """The two-sided exact p-value of a split of discordant pairs; 1.0 when there is none."""
    n, fewer = only_one + only_other, min(only_one, only_other)
    if n == 0:
        return 1.0
    tail: int = sum(comb(n, k) for k in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**n))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Each p-value corrected for being one of several, in the order given."""
    corrected = [0.0] * len(p_values)
    worst = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = worst
    return tuple(corrected)
