"""G5, behaviour: does an agent that follows the candidate do worse than one that follows the parent?

cases       data in the test file (`memento.gate.cases`): those of the parent's file and the new ones
pairs       each case SAMPLES times with the candidate and with the parent; a new skill's parent is
            no skill. A pair that could not be judged (the model or the sandbox failed) is left out
harm        FAIL when the candidate solves fewer, one-sided exact sign-flip test over cases, p <= ALPHA
gain        E5 when it solves more by the same test; a tie is no gain: E4
too little  fewer than LEAST cases: no model is asked, and nothing is claimed. Fewer than LEAST that
            could be judged, or none that anybody solved: INDECISIVE
stopping    LEAST to MOST cases, a number fixed before the first answer is seen. It ends earlier only
            when no answer that is still out could change the verdict, which changes no error rate

The sign-flip test is that of Fisher (1935), The Design of Experiments, section 21: under the null
hypothesis each case's difference is as likely to have the other sign.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from memento.changes import Evidence
from memento.gate.cases import Case
from memento.gate.change import Answer, Change, failed, indecisive, passed
from memento.gate.plan import plan
from memento.protocols import Snapshot

SAMPLES = 3
LEAST, MOST = 20, 40
ALPHA = 0.05


class Solver(Protocol):
    """An agent with a model, handed in."""

    @property
    def model(self) -> str:
        """The model's name, for the report."""

    def __call__(self, case: Case, skill: str, library: Snapshot) -> bool | None:
        """Whether the agent solves a case with that library's skill; None when it could not be judged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One case: how often each solved it, of `pairs` that could be judged."""

    candidate: int
    parent: int
    pairs: int

    @property
    def difference(self) -> int:
        return self.candidate - self.parent


def due(change: Change) -> tuple[Case, ...]:
    """The cases to ask: the parent's, which nobody can take back, and the candidate's."""
    old = plan(change.old_test).behaviour if change.old_test else ()
    known = {case.task: case for case in (*change.plan.behaviour, *old)}
    return tuple(known.values())[:MOST]


def behaviour(change: Change, solver: Solver, workers: int, still: Callable[[], None]) -> Answer:
    """`still` raises when the gate's time is over. Raises what the solver raises."""
    asked = due(change)
    seen: list[Compared] = []
    for number, case in enumerate(asked, 1):
        still()
        found = _compare(case, change, solver, workers)
        if found.pairs:
            seen.append(found)
        best = [each.difference for each in seen] + [SAMPLES] * (len(asked) - number)
        if harm(best) <= ALPHA:
            break  # not even a candidate that solves all the rest could be cleared
    return judge(seen, solver.model)


def judge(seen: Sequence[Compared], model: str) -> Answer:
    """The verdict on compared cases."""
    differences = [each.difference for each in seen]
    won, before = sum(each.candidate for each in seen), sum(each.parent for each in seen)
    pairs = sum(each.pairs for each in seen)
    score = f"{won} of {pairs} solved, {before} before, with {model}"
    if harm(differences) <= ALPHA:
        return failed(f"the agent does worse: {score}")
    if len(seen) < LEAST:
        return indecisive(f"only {len(seen)} cases could be judged, {LEAST} are needed: {score}")
    if not won + before:
        return indecisive(f"nobody solved a single case, so nothing is shown: {score}")
    if gain(differences) <= ALPHA:
        return passed(f"the agent does better: {score}", supports=Evidence.GAIN)
    return passed(f"no harm is seen: {score}", supports=Evidence.HARMLESS)


def gain(differences: Sequence[int]) -> float:
    """The probability of a sum at least as large when each difference may have either sign."""
    chances = {0: 1.0}
    for size in map(abs, differences):
        after: dict[int, float] = {}
        for total, chance in chances.items():
            for flipped in (total + size, total - size):
                after[flipped] = after.get(flipped, 0.0) + chance / 2
        chances = after
    return sum(chance for total, chance in chances.items() if total >= sum(differences))


def harm(differences: Sequence[int]) -> float:
    """The same for a sum at least as small."""
    return gain([-each for each in differences])


def _compare(case: Case, change: Change, solver: Solver, workers: int) -> Compared:
    sides = (change.head.snapshot, change.base.snapshot)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        # Candidate and parent in turn: an endpoint that gets worse while we ask does so for both.
        runs = [pool.submit(solver, case, change.skill, side) for _ in range(SAMPLES) for side in sides]
        answers = [run.result() for run in runs]
    pairs = [
        (candidate, parent)
        for candidate, parent in zip(answers[::2], answers[1::2], strict=True)
        if candidate is not None and parent is not None
    ]
    return Compared(
        candidate=sum(candidate for candidate, _ in pairs),
        parent=sum(parent for _, parent in pairs),
        pairs=len(pairs),
    )
