"""How often a skill helped, and how sure that is."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Utility:
    """U(c) = successes / (successes + failures) of one skill version, prior 0.5 when nothing is known."""

    successes: float = 0.0
    failures: float = 0.0

    @property
    def n(self) -> float:
        return self.successes + self.failures

    @property
    def value(self) -> float:
        return self.successes / self.n if self.n else 0.5

    @property
    def bounds(self) -> "Bounds":
        """Where the true rate lies with 95 % confidence: Wilson's score interval (JASA 22, 1927)."""
        flipped = Utility(successes=self.failures, failures=self.successes)
        return Bounds(low=self.lower(NORMAL_95), high=1.0 - flipped.lower(NORMAL_95))

    def lower(self, z: float) -> float:
        """The lower end of Wilson's interval, `z` standard deviations wide to either side."""
        if not self.n:
            return 0.0
        centre = (self.successes + z**2 / 2) / (self.n + z**2)
        spread = math.sqrt(self.n * self.value * (1 - self.value) + z**2 / 4) * z / (self.n + z**2)
        return max(0.0, centre - spread)


NORMAL_95 = 1.959964
"""The two-sided 95 % quantile of the standard normal distribution."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """An interval within [0, 1]."""

    low: float
    high: float
