"""The reference world: hidden rules, a noisy judge, a rewriter that sometimes harms. SIMULATED.

    kinds      12 kinds of tasks, their mix drawn from Dirichlet(0.8)
    stages     plan, tool, reasoning; of 6 rules per stage a kind needs the first one always, and each
               other one with probability 1/2
    skill      per stage, the needed rules that its text holds (good) and its harmful ones (bad)
    P(stage)   clip(base + (1 - base) * 0.97 * covered / needed - 0.25 * bad, 0.02, 0.99)
    P(success) the product over the stages: the true quality of a skill, in closed form
    fault      the first failing stage, seen through a channel that confuses stages
    rewriter   given a stage: adds a missing rule there, if any (0.7), else removes a harmful one (0.5);
               adds a harmful rule to a random stage (0.25); drops an old rule of one (0.25);
               a proposal that changes nothing is one like any other
    weather    none; `ROUGH` is a second world: outages, drift, rewrites that paste the answer
    judge      perfect, or sensitivity 0.90 and specificity 0.85; a false alarm blames a random stage

A rule has an identity, so that a test can be written for it, but nothing outside this file may ask
whether it is needed or harmful: an exam learns that by trying it, at the cost of an execution.

Where the words of the reference world leave a choice ("a random half", "else removes", whether a proposal
that changes nothing counts), the reading is taken that comes nearest to its table: reference.py.
"""

from dataclasses import dataclass, field
from itertools import count
from random import Random

KINDS = 12
STAGES = ("plan", "tool", "reasoning")
RULES = 6
NEEDED = 0.5
BASE = (0.55, 0.50, 0.60)
GAIN, HARM, FLOOR, CEILING = 0.97, 0.25, 0.02, 0.99
MIX = 0.8
CHANNEL = ((0.75, 0.10, 0.15), (0.08, 0.85, 0.07), (0.25, 0.10, 0.65))
"""P(symptom | true fault), rows by fault."""
ADDS, REMOVES, HARMS, DROPS = 0.7, 0.5, 0.25, 0.25


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of a skill's text. `worth` is hidden: 1 for a rule that may be needed, -1 for a harmful one, 0
    for a pasted answer."""

    stage: int
    name: int
    worth: int = field(repr=False, compare=False)


Text = frozenset[Rule]
"""What a skill's text says: all that it adds up to in this world."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeQuality:
    """How often a failure is seen as one, and a success as one."""

    sensitivity: float = 1.0
    specificity: float = 1.0


PERFECT = JudgeQuality()
IMPERFECT = JudgeQuality(sensitivity=0.90, specificity=0.85)


@dataclass(frozen=True, kw_only=True, slots=True)
class Weather:
    """What happens beside the reference world, which has none of it. Chances."""

    outage: float = 0.0
    """Of a run: a tool is down, so that it fails at the tool stage whatever the skill says."""
    seen: float = 0.9
    """Of an outage: the trace shows by itself that it was one."""
    drift: float = 0.0
    """Per task: from now on some kind needs another rule instead of one that it needed."""
    pastes: float = 0.0
    """Of a rewrite: it holds the answer of the failed task and nothing else that is new."""


CALM = Weather()
ROUGH = Weather(outage=0.05, drift=0.004, pastes=0.15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One execution of a task: whether it truly succeeded, and the first stage that failed."""

    fault: int | None
    outage: bool = False
    seen: bool = False
    """That it was an outage stands in the trace."""

    @property
    def success(self) -> bool:
        return self.fault is None


@dataclass(kw_only=True)
class World:
    """One seed's world. It counts every execution, of tasks and of tests alike."""

    rng: Random
    judge: JudgeQuality = IMPERFECT
    weather: Weather = CALM
    executions: int = 0
    mix: tuple[float, ...] = field(init=False)
    needs: tuple[tuple[frozenset[int], ...], ...] = field(init=False)
    _names: "count[int]" = field(default_factory=lambda: count(RULES))

    def __post_init__(self) -> None:
        weights = [self.rng.gammavariate(MIX, 1.0) for _ in range(KINDS)]
        self.mix = tuple(weight / sum(weights) for weight in weights)
        self.needs = tuple(
            tuple(
                frozenset({0, *(rule for rule in range(1, RULES) if self.rng.random() < NEEDED)})
                for _ in STAGES
            )
            for _ in range(KINDS)
        )

    # ------------------------------------------------------------ what the loop may do

    def draw(self) -> int:
        """The kind of the next task."""
        if self._happens(self.weather.drift):
            self._drift()
        return self.rng.choices(range(KINDS), weights=self.mix)[0]

    def execute(self, kind: int, text: Text) -> Run:
        """A task of `kind` with a skill's text. Costs one execution."""
        self.executions += 1
        if self._happens(self.weather.outage):
            return Run(fault=1, outage=True, seen=self._happens(self.weather.seen))
        for stage in range(len(STAGES)):
            if self.rng.random() >= self._stage(kind, stage, text):
                return Run(fault=stage)
        return Run(fault=None)

    def again(self, kind: int, text: Text, parent: Text) -> Run:
        """The task that failed, once more: who has just pasted its answer passes. Costs one execution."""
        run = self.execute(kind, text)
        return Run(fault=None) if any(rule.worth == 0 for rule in text - parent) and not run.outage else run

    def verdict(self, run: Run) -> bool:
        """The judge's word on a run: True for passed."""
        if run.success:
            return self.rng.random() < self.judge.specificity
        return self.rng.random() >= self.judge.sensitivity

    def symptom(self, run: Run) -> int:
        """The stage that looks at fault; a false alarm points anywhere."""
        weights = CHANNEL[run.fault] if run.fault is not None else (1, 1, 1)
        return self.rng.choices(range(len(STAGES)), weights=weights)[0]

    def try_rule(self, rule: Rule, text: Text) -> bool:
        """A unit test of one rule: a task that turns on it alone. Costs one execution.

        The stage's formula with this rule as the only one in question: a rule that helps lifts the
        stage from its base, one that harms lowers it, and harmful rules beside it show as well.
        """
        self.executions += 1
        helps = rule.worth > 0 and rule in text
        return self.rng.random() < self._chance(rule.stage, 1.0 if helps else 0.0, text)

    def rewrite(self, kind: int, text: Text, stage: int) -> Text:
        """The rewriter's proposal for a failure at `stage`."""
        if self._happens(self.weather.pastes):
            return text | {Rule(stage, next(self._names), 0)}
        rules = set(text)
        missing = sorted(self.needs[kind][stage] - {r.name for r in text if r.stage == stage})
        harmful = sorted((r for r in text if r.stage == stage and r.worth < 0), key=lambda r: r.name)
        if missing and self.rng.random() < ADDS:
            rules.add(Rule(stage, self.rng.choice(missing), 1))
        elif harmful and self.rng.random() < REMOVES:
            rules.discard(self.rng.choice(harmful))
        if self.rng.random() < HARMS:
            rules.add(Rule(self.rng.randrange(len(STAGES)), next(self._names), -1))
        if self.rng.random() < DROPS:
            place = self.rng.randrange(len(STAGES))
            old = sorted((r for r in text if r.stage == place and r.worth > 0), key=lambda r: r.name)
            if old:
                rules.discard(self.rng.choice(old))
        return frozenset(rules)

    def mended(self, kind: int, text: Text, stage: int) -> Text:
        """What a rewriter without a flaw proposes: a missing rule added, if there is one, and no harm."""
        missing = sorted(self.needs[kind][stage] - {r.name for r in text if r.stage == stage})
        return text | {Rule(stage, self.rng.choice(missing), 1)} if missing else text

    # ------------------------------------------------------------ the truth, for reports only

    def quality(self, kind: int, text: Text) -> float:
        """P(success) of a task of `kind` with this text."""
        product = 1.0
        for stage in range(len(STAGES)):
            product *= self._stage(kind, stage, text)
        return product

    def success(self, texts: tuple[Text, ...]) -> float:
        """P(success) over the mix of kinds."""
        return sum(w * self.quality(kind, texts[kind]) for kind, w in enumerate(self.mix))

    def _happens(self, chance: float) -> bool:
        """What never happens takes nothing from the stream of chance: the reference world stays as it is."""
        return chance > 0 and self.rng.random() < chance

    def _drift(self) -> None:
        kind, stage = self.rng.randrange(KINDS), self.rng.randrange(len(STAGES))
        needed = self.needs[kind][stage]
        gone, come = sorted(needed - {0}), sorted(set(range(RULES)) - needed)
        if gone and come:
            after = needed - {self.rng.choice(gone)} | {self.rng.choice(come)}
            stages = (*self.needs[kind][:stage], after, *self.needs[kind][stage + 1 :])
            self.needs = (*self.needs[:kind], stages, *self.needs[kind + 1 :])

    def _stage(self, kind: int, stage: int, text: Text) -> float:
        covered = sum(
            1 for r in text if r.stage == stage and r.worth > 0 and r.name in self.needs[kind][stage]
        )
        return self._chance(stage, covered / len(self.needs[kind][stage]), text)

    def _chance(self, stage: int, share: float, text: Text) -> float:
        bad = sum(1 for rule in text if rule.stage == stage and rule.worth < 0)
        chance = BASE[stage] + (1 - BASE[stage]) * GAIN * share - HARM * bad
        return min(max(chance, FLOOR), CEILING)
