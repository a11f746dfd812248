"""Probation: a version that does worse in use than the one before is taken back by itself.

A landing has passed tests, not life. After each failure that was the newest version's own, its
outcomes are held against its parent's by Wald's sequential probability ratio test (Annals of
Mathematical Statistics 16, 1945):

    H0   it succeeds as often as the parent is sure to: p0, the lower end of Wilson's interval around
         the parent's rate, one standard deviation wide, so that a short record accuses nobody
    H1   it succeeds half as often: p1 = p0 / 2
    sum  over its outcomes, in order, of log(p1/p0) for a success and log((1-p1)/(1-p0)) for a failure
    at or above log((1-BETA)/ALPHA)   it is rolled back, through the gate like every change
    at or below log(BETA/(1-ALPHA))   its probation is over, for good

Not on probation: a version without a parent, a rollback itself, and one whose parent has fewer than
FEWEST outcomes. The tests that came with the version stay; its idea counts as refused.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from memento.changes import Landing
from memento.journal import Journal
from memento.library import Library
from memento.review.versions import Version, versions
from memento.types import ChangeKind, Episode, Utility

ALPHA, BETA = 0.05, 0.2
"""Chances to take back a version that is no worse, and to keep one that succeeds half as often."""
FEWEST = 3
_WIDTH = 1.0
_ON_PROBATION = {ChangeKind.OPTIMISE, ChangeKind.DISCOVER, ChangeKind.EDIT}

TakeBack = Callable[[str, str, str], Landing]
"""A skill, who asks and why, and the episode that showed it: the rollback."""


class Word(StrEnum):
    """What the test says of a version."""

    WORSE = "worse"
    PROVEN = "proven"
    OPEN = "open"


def word(parent: Utility, outcomes: Sequence[bool]) -> Word:
    """The test's word on a version's outcomes, in order, beside its parent's record."""
    if parent.n < FEWEST:
        return Word.OPEN
    p0 = min(max(parent.lower(_WIDTH), 0.01), 0.99)
    p1 = p0 / 2
    won, lost = math.log(p1 / p0), math.log((1 - p1) / (1 - p0))
    above, below = math.log((1 - BETA) / ALPHA), math.log(BETA / (1 - ALPHA))
    total = 0.0
    for success in outcomes:
        total += won if success else lost
        if total >= above:
            return Word.WORSE
        if total <= below:
            return Word.PROVEN
    return Word.OPEN


@dataclass(frozen=True, kw_only=True)
class WaldProbation:
    """Implements Probation over a library and its journal."""

    library: Library
    journal: Journal
    take_back: TakeBack

    def __call__(self, skill: str, episode: Episode) -> Landing | None:
        """The rollback, landed or not; None when the version stays, or was not the newest any more."""
        if episode.skill_tree is None or self.journal.ideas.knows_lesson(episode.id):
            return None
        record = self.journal.record_by_version(skill)
        if not any(tree != episode.skill_tree and known.n >= FEWEST for tree, known in record.items()):
            return None  # no version to compare with: main's line need not be read
        newest, parent = _newest_two(versions(self.library, self.journal, skill))
        if newest is None or parent is None or newest.tree != episode.skill_tree or parent.tree is None:
            return None
        outcomes = self.journal.outcomes_of(skill, episode.skill_tree)
        before = record.get(parent.tree, Utility())
        if word(before, outcomes) is not Word.WORSE:
            return None
        why = (
            f"probation: {sum(outcomes)} of {len(outcomes)} succeeded, {before.successes:g} of {before.n:g} "
            "with the version before"
        )
        return self.take_back(skill, why, episode.id)


def _newest_two(found: Sequence[Version]) -> tuple[Version | None, Version | None]:
    if len(found) < 2 or found[0].kind not in _ON_PROBATION:
        return None, None
    return found[0], found[1]
