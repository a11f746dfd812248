"""Arms of a study: an acceptance rule, an attribution and a rewriter, over many seeds. SIMULATED."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import mean, stdev

from memento.evals.simulation.arms import Accept, Against, RuleExams, always, passes_once
from memento.evals.simulation.world import (
    CALM,
    IMPERFECT,
    KINDS,
    JudgeQuality,
    Run,
    Text,
    Weather,
    World,
)

TASKS = 3_000
SEEDS = 10
EVERY = 100
"""Tasks between two points of the learning curve."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One design. `accept` makes a fresh acceptance rule per seed; None never edits."""

    accept: Callable[[], Accept] | None
    attribution: str = "symptom"
    """symptom, oracle or random."""
    rewriter: str = "usual"
    """usual; "perfect": adds what is missing and nothing else; "useless": only adds harm or nothing;
    "identical": proposes the same text."""
    heeds_outages: bool = False
    """What the trace shows to be an outage teaches nothing."""


ARMS: Mapping[str, Arm] = {
    "memento": Arm(accept=RuleExams, heeds_outages=True),
    "memento, oracle attribution": Arm(accept=RuleExams, attribution="oracle", heeds_outages=True),
    "memento, random attribution": Arm(accept=RuleExams, attribution="random", heeds_outages=True),
    "frozen skills": Arm(accept=None),
    "no gate": Arm(accept=lambda: always),
    "passes once": Arm(accept=lambda: passes_once),
    "better on 3": Arm(accept=lambda: Against(n=3, ties=False)),
    "not worse on 10": Arm(accept=lambda: Against(n=10, ties=True)),
    "better on 10": Arm(accept=lambda: Against(n=10, ties=False)),
    "better on 30": Arm(accept=lambda: Against(n=30, ties=False)),
}


@dataclass(frozen=True, kw_only=True)
class Life:
    """One arm in one seed's world, from empty skills to the last task. Shares are in [0, 1]."""

    final_success: float
    area: float
    """Mean of the true success over the learning curve."""
    harmful_share: float
    """Landed edits whose true quality is below that of the version before."""
    false_accept: float
    false_reject: float
    landed: int
    executions: int
    curve: tuple[float, ...]
    senses: "Senses"


@dataclass(kw_only=True)
class Senses:
    """How well judge and attribution did, counted: [right, all]."""

    failures: list[int] = field(default_factory=lambda: [0, 0])
    successes: list[int] = field(default_factory=lambda: [0, 0])
    blames: list[int] = field(default_factory=lambda: [0, 0])

    def judged(self, run: Run, *, passed: bool) -> None:
        counts = self.successes if run.success else self.failures
        counts[0] += passed is run.success
        counts[1] += 1

    def blamed(self, run: Run, stage: int) -> None:
        if run.fault is not None and not run.outage:
            self.blames[0] += stage == run.fault
            self.blames[1] += 1


@dataclass(frozen=True, kw_only=True)
class Result:
    """One arm over all seeds: means, and the standard deviation of the final success."""

    final_success: float
    sd: float
    area: float
    harmful_share: float
    false_accept: float
    false_reject: float
    landed: float
    executions: float
    curve: tuple[float, ...]
    regressions: float
    """Landings after which the true success was lower."""
    area_per_1000_executions: float
    judge_sensitivity: float
    judge_specificity: float
    attribution_accuracy: float
    """Of the true failures of a skill that led to a proposal: the share whose true stage was named."""


def study(
    arms: Mapping[str, Arm],
    seeds: Sequence[int],
    *,
    judge: JudgeQuality = IMPERFECT,
    tasks: int = TASKS,
    weather: Weather = CALM,
) -> Iterator[tuple[str, Result]]:
    """Each arm with its result, as soon as it is there."""
    for name, arm in arms.items():
        yield name, summary([live(arm, seed, judge=judge, tasks=tasks, weather=weather) for seed in seeds])


def live(
    arm: Arm, seed: int, *, judge: JudgeQuality = IMPERFECT, tasks: int = TASKS, weather: Weather = CALM
) -> Life:
    """Learn from `tasks` tasks. The same seed is the same world for every arm."""
    world, senses = World(rng=Random(seed), judge=judge, weather=weather), Senses()
    accept = arm.accept() if arm.accept is not None else None
    texts: list[Text] = [frozenset()] * KINDS
    fates: dict[tuple[int, bool], int] = {}
    curve = []
    for number in range(tasks):
        if number % EVERY == 0:
            curve.append(world.success(tuple(texts)))
        kind = world.draw()
        run = world.execute(kind, texts[kind])
        passed = world.verdict(run)
        senses.judged(run, passed=passed)
        if passed or accept is None or (arm.heeds_outages and run.seen):
            continue
        stage = _blame(arm, world, run)
        senses.blamed(run, stage)
        candidate = _propose(arm, world, kind, texts[kind], stage)
        gain = world.quality(kind, candidate) - world.quality(kind, texts[kind])
        landed = accept(world, kind, texts[kind], candidate, run)
        key = ((gain > 0) - (gain < 0), landed)
        fates[key] = fates.get(key, 0) + 1
        if landed:
            texts[kind] = candidate
    return _life(world, tuple(texts), fates, curve, senses)


def _blame(arm: Arm, world: World, run: Run) -> int:
    stage = world.symptom(run)
    if arm.attribution == "oracle" and run.fault is not None:
        return run.fault
    return world.rng.randrange(3) if arm.attribution == "random" else stage


def _propose(arm: Arm, world: World, kind: int, text: Text, stage: int) -> Text:
    if arm.rewriter == "identical":
        return text
    if arm.rewriter == "perfect":
        return world.mended(kind, text, stage)
    candidate = world.rewrite(kind, text, stage)
    if arm.rewriter == "useless":
        return frozenset(rule for rule in candidate if rule in text or rule.worth < 0)
    return candidate


def _life(
    world: World,
    texts: tuple[Text, ...],
    fates: Mapping[tuple[int, bool], int],
    curve: list[float],
    senses: Senses,
) -> Life:
    """`fates` counts edits by (sign of their true gain, landed)."""
    landed = sum(n for (_, was), n in fates.items() if was)
    harmful_landed, harmful_refused = fates.get((-1, True), 0), fates.get((-1, False), 0)
    return Life(
        final_success=world.success(texts),
        area=mean(curve),
        harmful_share=_share(harmful_landed, landed - harmful_landed),
        false_accept=_share(harmful_landed, harmful_refused),
        false_reject=_share(fates.get((1, False), 0), fates.get((1, True), 0)),
        landed=landed,
        executions=world.executions,
        curve=tuple(curve),
        senses=senses,
    )


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 0.0


def summary(lives: Sequence[Life]) -> Result:
    """Means over the seeds."""
    final = [life.final_success for life in lives]
    return Result(
        final_success=mean(final),
        sd=stdev(final) if len(final) > 1 else 0.0,
        area=mean(life.area for life in lives),
        harmful_share=mean(life.harmful_share for life in lives),
        false_accept=mean(life.false_accept for life in lives),
        false_reject=mean(life.false_reject for life in lives),
        landed=mean(life.landed for life in lives),
        executions=mean(life.executions for life in lives),
        curve=tuple(mean(points) for points in zip(*(life.curve for life in lives), strict=True)),
        regressions=mean(life.harmful_share * life.landed for life in lives),
        area_per_1000_executions=mean(1000 * life.area / life.executions for life in lives),
        judge_sensitivity=_rate([life.senses.failures for life in lives]),
        judge_specificity=_rate([life.senses.successes for life in lives]),
        attribution_accuracy=_rate([life.senses.blames for life in lives]),
    )


def _rate(counts: Sequence[Sequence[int]]) -> float:
    right, all_ = (sum(count[i] for count in counts) for i in (0, 1))
    return right / all_ if all_ else 0.0
