"""One evaluation: a dataset, the arms, a pool and a log in; a report out.

work       every item with every arm, task by task, so that an interrupted run is comparable as it is
records    what is there is kept, what is missing is done (run.py)
report     over all records of this dataset with these arms, of this run and of earlier ones
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from memento.errors import MementoError
from memento.evals import guard, past
from memento.evals.arms import CURVE, NO_SKILLS, Arm
from memento.evals.attempts import Work
from memento.evals.datasets.items import Dataset
from memento.evals.log import Log
from memento.evals.pool import Pool
from memento.evals.records import Accident, Identity, Record
from memento.evals.report import Report, compare, report_of_arm, wall
from memento.evals.run import Finished, complain, run
from memento.journal import Journal
from memento.library import Library
from memento.types import Sha


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is evaluated. `left_out` says of each control that is not among the arms why it is not."""

    identity: Identity
    dataset: Dataset
    arms: Sequence[Arm]
    library: Library
    journal: Journal
    key: Callable[[Work], str]
    left_out: Mapping[str, str] = field(default_factory=dict)
    known: str = ""
    """Text that was in the library before anything was learned; answers in it are no leak."""

    @property
    def work(self) -> tuple[Work, ...]:
        return tuple(Work(item=item, arm=arm) for item in self.dataset.items for arm in self.arms)


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """The report, and how the run that led to it ended."""

    report: Report
    finished: Finished
    records: tuple[Record, ...]

    @property
    def complaint(self) -> MementoError | None:
        """What a command ends with when tasks have no result."""
        return complain(self.finished)


def evaluate(
    what: Evaluation, *, pool: Pool, log: Log, tell: Callable[[Record | Accident], None]
) -> Evaluated:
    """Do what is missing and report on all of it. LibraryError when a record cannot be written."""
    finished = run(what.work, key=what.key, pool=pool, log=log, tell=tell)
    return Evaluated(report=report(what, log), finished=finished, records=tuple(_records(what, log).values()))


def report(what: Evaluation, log: Log) -> Report:
    """What the records of the log say about `what`."""
    records = _records(what, log)
    by_arm = {
        arm.name: [
            record
            for item in what.dataset.items
            if (record := records.get(what.key(Work(item=item, arm=arm)))) is not None
        ]
        for arm in what.arms
    }
    return Report(
        simulated=what.identity.simulated,
        identity=what.identity,
        folder=str(log.path.parent),
        arms=tuple(
            report_of_arm(arm, by_arm[arm.name], landings=_landings(what.library, arm)) for arm in what.arms
        ),
        comparisons=compare(
            {
                arm.name: {record.task: record for record in by_arm[arm.name]}
                for arm in what.arms
                if not arm.name.startswith(CURVE)
            }
        ),
        leaks=tuple(
            leak
            for arm in what.arms
            if arm.name != NO_SKILLS
            for leak in guard.leaks(
                what.dataset.items, arm.snapshot, known=what.known, others=what.dataset.others
            )
        ),
        left_out=what.left_out,
        growth=past.growth(what.library),
        worth=past.worth(what.library, what.journal),
        learning=past.learning(what.library, what.journal),
        unfinished=len(what.work) - len(records),
        wall_s=wall(records.values()),
    )


def _records(what: Evaluation, log: Log) -> Mapping[str, Record]:
    keys = (what.key(piece) for piece in what.work)
    return {key: log.records[key] for key in keys if key in log.records}


def _landings(library: Library, arm: Arm) -> int | None:
    """How many changes had landed at the arm's commit; None when it is no commit of the library."""
    return past.landings(library, Sha(arm.label)) if arm.is_commit else None
