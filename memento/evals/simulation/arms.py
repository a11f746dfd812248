"""Acceptance rules, run in the same world. SIMULATED.

The controls are rules on whole tasks: accept every edit; accept when the failed task passes once;
accept when the candidate is better (or not worse) than the parent on n executions each. Ours tests
the rules that an edit touches, one by one, as unit tests do:

    red-to-green   each added rule is tried by itself with the new text
    stay-green     each tested rule that is gone, or shares a stage with an added one, is tried again

Each try is one execution; how many are needed is decided by a sequential test. A rule that passed
becomes a regression test. Nothing here asks the world what is needed or harmful.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import log

from memento.evals.simulation.world import Rule, Run, Text, World

Accept = Callable[[World, int, Text, Text, Run], bool]
"""(world, kind, parent, candidate, the run that failed) -> whether the candidate lands."""


def always(_world: World, _kind: int, _parent: Text, _candidate: Text, _run: Run) -> bool:
    """No gate at all."""
    return True


def passes_once(world: World, kind: int, parent: Text, candidate: Text, _run: Run) -> bool:
    """The failed task is run once more with the candidate."""
    return world.verdict(world.again(kind, candidate, parent))


@dataclass(frozen=True, kw_only=True)
class Against:
    """n executions of parent and candidate each, judged; ties decide between better and not worse."""

    n: int
    ties: bool

    def __call__(self, world: World, kind: int, parent: Text, candidate: Text, _run: Run) -> bool:
        before = sum(world.verdict(world.execute(kind, parent)) for _ in range(self.n))
        after = sum(world.verdict(world.execute(kind, candidate)) for _ in range(self.n))
        return after > before or (self.ties and after == before)


@dataclass(frozen=True, kw_only=True)
class Sequential:
    """Wald's sequential probability ratio test between a rule that works and one that does not.

    `works` and `fails` are the chances to pass that are told apart; `alpha` bounds accepting what
    fails, `beta` refusing what works (Wald 1945). At most `most` executions; undecided is refused.
    """

    works: float = 0.93
    fails: float = 0.60
    alpha: float = 0.03
    beta: float = 0.10
    most: int = 40

    def __call__(self, trial: Callable[[], bool]) -> bool:
        upper, lower = log((1 - self.beta) / self.alpha), log(self.beta / (1 - self.alpha))
        evidence = 0.0
        for _ in range(self.most):
            if trial():
                evidence += log(self.works / self.fails)
            else:
                evidence += log((1 - self.works) / (1 - self.fails))
            if evidence >= upper:
                return True
            if evidence <= lower:
                return False
        return False


@dataclass(kw_only=True)
class RuleExams:
    """Ours. `tested` holds the rules whose test has been green, per kind: the regression tests."""

    red_to_green: Sequential = Sequential()
    stay_green: Sequential = Sequential(alpha=0.05)
    tested: dict[int, set[Rule]] = field(default_factory=dict)

    def __call__(self, world: World, kind: int, parent: Text, candidate: Text, _run: Run) -> bool:
        tested = self.tested.setdefault(kind, set())
        added, dropped = candidate - parent, parent - candidate
        stages = {rule.stage for rule in added}
        due = [rule for rule in tested if rule in dropped or rule.stage in stages]
        if not added:
            return False  # No new rule, no exam: what only takes away proves nothing.
        accepted = all(
            decide(partial(world.try_rule, rule, candidate))
            for decide, rules in ((self.red_to_green, added), (self.stay_green, due))
            for rule in sorted(rules, key=_order)
        )
        if accepted:
            tested |= added
        return accepted


def _order(rule: Rule) -> tuple[int, int]:
    return rule.stage, rule.name
