"""A run: all work that has no record yet, done by a pool, recorded by one writer.

resume        what is recorded is not done again; the rest is, in the same order
accidents     a task without a result is no result: `PATIENCE` of them in a row, with nothing done
              between, and the run stops; what it has is kept
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from memento.errors import BudgetError, ModelError, SandboxError
from memento.evals.attempts import Work
from memento.evals.log import Log
from memento.evals.pool import Pool
from memento.evals.records import Accident, Record

PATIENCE = 3
HOPELESS = frozenset({"auth", "not-found", "quota"})
"""Kinds of accident that the next task would meet as well: the run stops at once."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a run ended. `accidents` are tasks without a result; the same command tries them again."""

    done: int
    """Results of this run."""
    known: int
    """Results that were there before."""
    accidents: tuple[Accident, ...]
    left: int
    """Pieces of work without a result."""


def run(
    work: Sequence[Work],
    *,
    key: Callable[[Work], str],
    pool: Pool,
    log: Log,
    tell: Callable[[Record | Accident], None] = lambda _done: None,
) -> Finished:
    """Do what is left of `work`. LibraryError when a record cannot be written; what was written is kept."""
    todo = [piece for piece in work if key(piece) not in log.records]
    accidents: list[Accident] = []
    in_a_row = done = 0
    with closing(pool(todo)) as results:
        for result in results:
            tell(result)
            if isinstance(result, Record):
                done += log.append(result)
                in_a_row = 0
                continue
            accidents.append(result)
            in_a_row += 1
            if result.kind in HOPELESS or in_a_row >= PATIENCE:
                break
    left = sum(key(piece) not in log.records for piece in work)
    return Finished(done=done, known=len(work) - len(todo), accidents=tuple(accidents), left=left)


def complain(finished: Finished) -> ModelError | SandboxError | None:
    """The error that a run with accidents ends with, after its report; None when every task has a result."""
    if not finished.accidents or not finished.left:
        return None
    last = finished.accidents[-1]
    kept = finished.done + finished.known
    said = (
        f"{finished.left} of {kept + finished.left} tasks have no result ({last.kind}: {last.detail}) "
        f"The {kept} results are kept; run the same command again for the rest."
    )
    if last.kind == "sandbox":
        return SandboxError(said)
    return BudgetError(said) if last.kind == "budget" else ModelError(said, kind=last.kind)
