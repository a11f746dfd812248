"""Budgets: what a run may cost, checked before each call of the model.

- A run is one command, or one answer of a chat for its seconds. All models and loops of a run share
  one meter, so the budget is the run's and nobody else's.
- A limit of None does not bind.
- A call is refused when a limit is already reached; the last allowed call may overshoot it.
- An unknown price is not a price of 0: under a limit in dollars, no call follows one whose price
  nobody knows.
- A call that fails is counted, too.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from memento.errors import BudgetError, ModelError
from memento.protocols import Model, Reply, Request
from memento.types import Call as Call
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


LOST = Usage(calls=1, usd=None)
"""A call that failed or was interrupted."""


def _ignore(call: Call) -> None:
    del call


def _no_time() -> float:
    return 0.0


class Meter:
    """The account of one run. `spent` sums what its calls cost; `record` hears of each."""

    def __init__(
        self,
        budget: Budget,
        *,
        clock: Callable[[], float],
        now: Callable[[], float] = _no_time,
        record: Callable[[Call], None] = _ignore,
    ) -> None:
        self._budget = budget
        self._clock = clock
        self._now = now
        self._record = record
        self._lock = Lock()
        self._started = clock()
        self._run = ""
        self._spent = Usage()

    @property
    def spent(self) -> Usage:
        return self._spent

    def begin(self, run: str) -> None:
        """From here on calls are recorded under `run`, and its seconds count from now."""
        self._run, self._started = run, self._clock()

    def call(self, model: Model, request: Request) -> Reply:
        """The model's reply. BudgetError before a call that the budget does not allow."""
        with self._lock:
            spent = self._spent
        began, at = self._clock(), self._now()
        if reason := exceeded(self._budget, spent, began - self._started):
            raise BudgetError(f"{reason} Raise the budget to go on.")
        reply, error = None, "interrupted"
        try:
            reply = model.complete(request)
        except ModelError as failed:
            error = failed.kind
            raise
        finally:
            call = Call(
                run=self._run,
                purpose=request.purpose,
                model=model.name,
                usage=reply.usage if reply else LOST,
                at=at,
                seconds=self._clock() - began,
                error=None if reply else error,
            )
            self._add(call)
        return reply

    def _add(self, call: Call) -> None:
        # What a lost call cost nobody says; it must not block a budget in dollars for good.
        spent = replace(call.usage, usd=0.0) if call.error else call.usage
        with self._lock:
            self._spent += spent
        if call.usage.calls:  # an answer that was remembered is no call
            self._record(call)


class Metered:
    """A model on a meter: one of its own, or with `also` that of another model of the same run."""

    def __init__(
        self,
        model: Model,
        budget: Budget,
        *,
        clock: Callable[[], float],
        now: Callable[[], float] = _no_time,
        record: Callable[[Call], None] = _ignore,
    ) -> None:
        self._model = model
        self.meter = Meter(budget, clock=clock, now=now, record=record)

    def also(self, model: Model) -> "Metered":
        """Another model whose calls count against the same budget."""
        other = Metered(model, Budget(), clock=_no_time)
        other.meter = self.meter
        return other

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def spent(self) -> Usage:
        return self.meter.spent

    def complete(self, request: Request) -> Reply:
        """The model's reply. BudgetError before a call that the budget does not allow."""
        return self.meter.call(self._model, request)


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
