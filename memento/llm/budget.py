"""Budgets: what a run may cost, checked before each call of the model.

- A limit of None does not bind.
- A call is refused when a limit is already reached; the last allowed call may overshoot it.
- An unknown price is not a price of 0: under a limit in dollars, no call follows one whose price
  nobody knows.
- A call that fails is counted, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from memento.errors import BudgetError, ModelError
from memento.protocols import Model, Reply, Request
from memento.types import Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Limits on the calls of one run."""

    steps: int | None = None
    """Calls of the model."""
    tokens: int | None = None
    """In and out together."""
    seconds: float | None = None
    usd: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of the model, as it is recorded; `error` is the kind of ModelError that ended it."""

    purpose: str
    model: str
    usage: Usage
    seconds: float
    error: str | None = None


def _ignore(call: Call) -> None:
    del call


class Metered:
    """A model under a budget. `spent` sums what its calls cost; `record` hears of each."""

    def __init__(
        self,
        model: Model,
        budget: Budget,
        *,
        clock: Callable[[], float],
        record: Callable[[Call], None] = _ignore,
    ) -> None:
        self._model = model
        self._budget = budget
        self._clock = clock
        self._record = record
        self._lock = Lock()
        self._started = clock()
        self._spent = Usage()

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def spent(self) -> Usage:
        return self._spent

    def complete(self, request: Request) -> Reply:
        """The model's reply. BudgetError before a call that the budget does not allow."""
        self._check()
        began = self._clock()
        try:
            reply = self._model.complete(request)
        except ModelError as error:
            # Nothing was billed for a failed call as far as we know; the call itself counts.
            self._add(request, Usage(calls=1), began, error.kind)
            raise
        self._add(request, reply.usage, began, None)
        return reply

    def _add(self, request: Request, usage: Usage, began: float, error: str | None) -> None:
        with self._lock:
            self._spent += usage
        seconds = self._clock() - began
        self._record(
            Call(purpose=request.purpose, model=self.name, usage=usage, seconds=seconds, error=error)
        )

    def _check(self) -> None:
        with self._lock:
            spent = self._spent
        if reason := exceeded(self._budget, spent, self._clock() - self._started):
            raise BudgetError(f"{reason} Raise the budget to go on.")


def exceeded(budget: Budget, spent: Usage, seconds: float) -> str | None:
    """Why no further call is allowed, in one sentence, or None."""
    if budget.steps is not None and spent.calls >= budget.steps:
        return f"The budget of {budget.steps} model calls is spent."
    tokens = spent.input_tokens + spent.output_tokens
    if budget.tokens is not None and tokens >= budget.tokens:
        return f"The budget of {budget.tokens} tokens is spent ({tokens} used)."
    if budget.seconds is not None and seconds >= budget.seconds:
        return f"The budget of {budget.seconds:g} s is spent."
    if budget.usd is None:
        return None
    if spent.usd is None:
        return f"The price of this model is unknown, so a budget of ${budget.usd:g} cannot be kept."
    if spent.usd >= budget.usd:
        return f"The budget of ${budget.usd:g} is spent (${spent.usd:.4f} used)."
    return None
