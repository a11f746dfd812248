"""A/A: the same skill against itself, many times. A gate that changes its mind must not land by itself."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from memento.changes import GateOutcome
from memento.journal import Journal

MOST_FLIPS = 0.01
"""Share of runs above which automatic landing is refused and a human is asked."""

_KEY = "self-check"


@dataclass(frozen=True, kw_only=True, slots=True)
class SelfCheck:
    """What `memento gate --self-check --json` prints."""

    runs: int
    flips: int
    """Runs whose outcome is not the most frequent one of their skill."""
    flip_rate: float

    @property
    def steady(self) -> bool:
        return self.flip_rate <= MOST_FLIPS


def count(outcomes: Mapping[str, Sequence[GateOutcome]]) -> SelfCheck:
    """The flips among repeated outcomes, by skill."""
    runs = sum(len(seen) for seen in outcomes.values())
    flips = sum(len(seen) - max(Counter(seen).values()) for seen in outcomes.values() if seen)
    return SelfCheck(runs=runs, flips=flips, flip_rate=flips / runs if runs else 0.0)


def keep(journal: Journal, found: SelfCheck) -> None:
    """Remember the last self-check: the gate reads it before anything lands by itself."""
    journal.cache.remember({_KEY: json.dumps(asdict(found))})


def trusted(journal: Journal) -> bool:
    """Whether the last self-check, if there was one, found the gate steady."""
    known = journal.cache.recall([_KEY]).get(_KEY)
    return known is None or SelfCheck(**json.loads(known)).steady
