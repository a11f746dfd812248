"""Who is blamed for known faults: accuracy, macro F1, the confusion, and what the rules say alone.

A run that did not fail, whatever its fault, is no case of attribution and is left out. An abstention
is counted in a column of its own: for a library it is safe, for a measure it is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from memento.act.conversation import Settings
from memento.act.executor import ReactExecutor
from memento.act.tools.terminal import Terminal
from memento.evals.attribution.faults import Case
from memento.protocols import Attributor, Observation, Sandbox, Snapshot
from memento.reflect.evidence import settled
from memento.reflect.judge import Judging
from memento.reflect.opinion import first_opinion
from memento.testing.snapshots import MemorySnapshot
from memento.types import SKILL_FAULTS, Fault, Result, Skill, Task, Trajectory, Verdict

ABSTAINED = "abstained"


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A failed run whose fault is known."""

    id: str
    truth: Fault
    task: Task
    skill: Skill | None
    trajectory: Trajectory
    verdict: Verdict
    library: Snapshot
    overlooked: str | None
    """The skill that was there for such tasks and was not used."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Shares are in [0, 1]; `confusion[truth][blamed]` counts runs."""

    accuracy: float
    macro_f1: float
    confusion: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What `memento eval attribution --json` prints."""

    simulated: bool
    model: str
    seed: int
    n: int
    accuracy: float
    macro_f1: float
    confusion: Mapping[str, Mapping[str, int]]
    right_skill: float
    """Of the faults that lie in the skill, the share for which that very skill is blamed."""
    wrongly_blamed: float
    """Of the faults that do not, the share for which a skill is blamed: each costs a good skill."""
    overlooked_named: float
    """Of the runs that went past a skill that was there for them, the share for which that one is named."""
    rules_alone: Figures


def labelled(cases: Iterable[Case], sandbox: Sandbox, clock: Callable[[], float]) -> Iterator[Labelled]:
    """Each case run by the real executor in the sandbox, and judged."""
    for case in cases:
        used = {case.skill: case.folder} if case.skill and case.folder else {}
        library = MemorySnapshot(skills={**used, **case.beside})
        skill = library.skill(case.skill) if case.skill else None
        executor = ReactExecutor(
            model=case.model,
            sandbox=sandbox,
            tools=(case.tamper(Terminal()),),
            clock=clock,
            settings=Settings(most_steps=case.most_steps),
        )
        task = case.exercise.task
        trajectory = executor(Observation(task=task, tips="", library=library), skill)
        verdict = Judging(model=case.model)(task, trajectory, case.exercise.gold)
        if verdict.result is not Result.PASSED:
            yield Labelled(
                id=case.id,
                truth=case.fault,
                task=task,
                skill=skill,
                trajectory=trajectory,
                verdict=verdict,
                library=library,
                overlooked=case.overlooked,
            )


def measured(runs: Sequence[Labelled], attributor: Attributor, *, model: str, seed: int) -> Measured:
    """`attributor` on every run. Raises ModelError when its model cannot be asked."""
    blames = [attributor(run.task, run.skill, run.trajectory, run.verdict, run.library) for run in runs]
    named = [blame.skill == run.overlooked for run, blame in zip(runs, blames, strict=True) if run.overlooked]
    pairs = [(run.truth, blame.fault) for run, blame in zip(runs, blames, strict=True)]
    mine = [
        blame.skill is not None and run.skill is not None and blame.skill == run.skill.name
        for run, blame in zip(runs, blames, strict=True)
    ]
    inside = [hit for hit, run in zip(mine, runs, strict=True) if run.truth in SKILL_FAULTS]
    outside = [hit for hit, run in zip(mine, runs, strict=True) if run.truth not in SKILL_FAULTS]
    all_ = figures(pairs)
    return Measured(
        simulated=model.startswith("SIMULATED"),
        model=model,
        seed=seed,
        n=len(runs),
        accuracy=all_.accuracy,
        macro_f1=all_.macro_f1,
        confusion=all_.confusion,
        right_skill=_share(inside),
        wrongly_blamed=_share(outside),
        overlooked_named=_share(named),
        rules_alone=figures([(run.truth, _by_rule(run)) for run in runs]),
    )


def figures(pairs: Sequence[tuple[Fault, Fault | None]]) -> Figures:
    """Accuracy, the mean of the classes' F1, and the confusion of (truth, blamed)."""
    names = [*map(str, Fault), ABSTAINED]
    confusion = {str(truth): dict.fromkeys(names, 0) for truth in Fault}
    for truth, blamed in pairs:
        confusion[str(truth)][str(blamed or ABSTAINED)] += 1
    return Figures(
        accuracy=_share([truth is blamed for truth, blamed in pairs]),
        macro_f1=sum(_f1(confusion, str(fault)) for fault in Fault) / len(Fault),
        confusion=confusion,
    )


def _f1(confusion: Mapping[str, Mapping[str, int]], name: str) -> float:
    hit = confusion[name][name]
    truly, said = sum(confusion[name].values()), sum(row[name] for row in confusion.values())
    return 2 * hit / (truly + said) if truly + said else 0.0


def _by_rule(run: Labelled) -> Fault | None:
    first = settled(run.trajectory, run.verdict)
    if first is not None:
        return first.fault
    opinion = first_opinion(run.task, run.skill, run.trajectory)
    return opinion.fault if opinion else None


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0
