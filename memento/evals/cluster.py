"""Work done on a Ray cluster (https://docs.ray.io): the same pool as threads, on many machines.

    driver    hands out tasks, keeps the records; the one writer
    worker    gets an immutable commit (a git bundle), the conditions and one item; returns a record
    pacer     one actor at the driver's node gives all calls of the model their slots

Rules
- A task is a pure function of its order, so doing it twice does no harm, and the log keeps it once.
- A worker or a node that dies loses what it was doing: Ray does it again elsewhere, `TRIES` times, and
  after that it is an accident, which the next run of the same command tries again.
- No secret travels: the endpoint's key is read from each node's own environment.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from memento.errors import UsageError
from memento.evals.arms import Arm
from memento.evals.attempts import Conditions, Work
from memento.evals.datasets.items import Item
from memento.evals.pace import Pacer
from memento.evals.records import Accident, Done

if TYPE_CHECKING:
    from ray import ObjectRef

TRIES = 5
CPUS_PER_TASK = 0.1
"""A task waits for its model nearly all the time."""
MISSING = "A cluster needs Ray: pip install 'memento-skills[ray]'."


@dataclass(frozen=True, kw_only=True)
class Order:
    """One piece of work, as it travels."""

    item: Item
    arm: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What all orders of a run have in common, as it travels: once per node."""

    id: str
    version: str
    """Of Memento: nodes with another one would make other results."""
    bundle: bytes
    flags: tuple[tuple[tuple[str, str], object], ...]
    conditions: Conditions


Worker = Callable[[Order], Done]
Make = Callable[[Parcel, Pacer | None], Worker]
"""Makes the worker of a process from what travelled; a function that every node can import."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Implements Pool on the Ray cluster at `address`."""

    address: str
    parcel: Parcel
    make: Make
    workers: int
    interval_s: float | None
    """Seconds between two calls of the model, over the whole cluster."""

    def __call__(self, work: Iterable[Work]) -> Generator[Done, None, None]:
        """Every piece of work, in whatever order it is finished. UsageError when the cluster is not there."""
        ray = connected(self.address)
        try:
            yield from self._done(ray, iter(work))
        finally:
            ray.shutdown()

    def _done(self, ray: Any, work: "Iterable[Work]") -> Generator[Done, None, None]:
        parcel, pacer = ray.put(self.parcel), self._pacer(ray)
        how = ray.remote(num_cpus=CPUS_PER_TASK, max_retries=TRIES, scheduling_strategy="SPREAD")
        task = how(work_on)
        waiting = iter(work)
        under_way: dict[ObjectRef, Order] = {}

        def begin(number: int) -> None:
            for piece in islice(waiting, number):
                order = order_of(piece.item, piece.arm)
                under_way[task.remote(self.make, parcel, pacer, order)] = order

        begin(self.workers)
        while under_way:
            (finished,), _ = ray.wait(list(under_way), num_returns=1)
            yield _result(ray, finished, under_way.pop(finished))
            begin(1)

    def _pacer(self, ray: Any) -> Any:
        """The actor that gives slots, kept on this node: it must not die with another one."""
        if self.interval_s is None:
            return None
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(node_id=ray.get_runtime_context().get_node_id(), soft=False)
        actor = ray.remote(num_cpus=0, scheduling_strategy=here)(SlotActor)
        return actor.remote(self.interval_s)


class SlotActor:
    """`pace.Slots` behind a remote call."""

    def __init__(self, interval_s: float) -> None:
        import time

        from memento.evals.pace import Slots

        self.slots = Slots(interval_s=interval_s, clock=time.monotonic)

    def take(self) -> float:
        return self.slots()


@dataclass(frozen=True, kw_only=True)
class RemotePacer:
    """Implements Pacer over the actor."""

    actor: Any

    def __call__(self) -> float:
        import ray

        return float(ray.get(self.actor.take.remote()))


_workers: dict[str, Worker] = {}
"""Of this process: Ray gives a process one task at a time, and many in its life."""


def work_on(make: Make, parcel: Parcel, pacer: Any, order: Order) -> Done:
    """What a node runs."""
    if parcel.id not in _workers:
        _workers.clear()
        _workers[parcel.id] = make(parcel, RemotePacer(actor=pacer) if pacer is not None else None)
    return _workers[parcel.id](order)


def order_of(item: Item, arm: Arm) -> Order:
    return Order(item=item, arm=arm.name, label=arm.label)


def connected(address: str) -> Any:
    """Ray, connected to the cluster. UsageError when it is not installed, not there, or refuses the token."""
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError:
        raise UsageError(MISSING) from None
    try:
        _answers(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except (OSError, RayError, RuntimeError, ValueError) as error:
        said = str(error).strip().splitlines()[0]
        raise UsageError(
            f"No Ray cluster can be used at {address}: {said} Start one with `ray start --head`; when it "
            "wants a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN."
        ) from error
    return ray


def _answers(address: str) -> None:
    """OSError when nobody listens there: Ray itself would wait for minutes."""
    import socket

    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=5).close()


def _result(ray: Any, finished: "ObjectRef", order: Order) -> Done:
    """The record; an accident when the nodes that tried it died. What the work itself raised is raised."""
    from ray.exceptions import RayError, RayTaskError

    try:
        done: Done = ray.get(finished)
    except RayTaskError as error:
        raise error.cause if isinstance(error.cause, Exception) else error from None
    except RayError as error:
        said = str(error).strip().splitlines()[0]
        return Accident(task=order.item.id, library=order.label, kind="worker", detail=said)
    return done
