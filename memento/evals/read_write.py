"""The control that learns everything but skills: Read-Write without rewriting.

A starter library of its own goes through the train split once, with retries: its utility and its tips
are learned, its skills stay as they are. Then it is frozen and examined like every other arm. It lives
in the run's folder, so an interrupted training goes on, and a finished one is not done again.
"""

from collections.abc import Callable, Iterable

from memento.evals.arms import READ_WRITE, Arm
from memento.evals.attempts import Stage, Work
from memento.evals.datasets.items import Item
from memento.journal import Journal
from memento.library import Library
from memento.types import Result


def trained(
    library: Library,
    journal: Journal,
    items: Iterable[Item],
    *,
    stage: Callable[[Work], Stage],
    rounds: int,
    tell: Callable[[Item], None],
) -> Arm:
    """The arm, once `items` have been learned from. Raises ModelError when the model cannot be asked."""
    for item in items:
        told = journal.episodes_of(item.id)
        if told and (told[-1].verdict.result is not Result.FAILED or len(told) > rounds):
            continue
        tell(item)
        work = Work(item=item, arm=_arm(library))
        for _ in stage(work).loop.solve(item.exercise, told):
            pass
    return _arm(library)


def _arm(library: Library) -> Arm:
    snapshot = library.at()
    # The commit alone does not say what was learned: utility is in the journal beside it.
    return Arm(name=READ_WRITE, label=f"{READ_WRITE} {snapshot.commit[:12]}", snapshot=snapshot)
