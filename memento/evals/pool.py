"""Work done by many at once on one machine: threads, because a task mostly waits for its model."""

from collections.abc import Callable, Generator, Iterable
from queue import SimpleQueue
from threading import Event, Lock, Semaphore, Thread
from typing import Protocol

from memento.evals.attempts import Work
from memento.evals.records import Done


class Pool(Protocol):
    def __call__(self, work: Iterable[Work]) -> Generator[Done, None, None]:
        """Every piece of work done once, in whatever order it is finished. Raises what a worker raised."""


def in_threads(work: Iterable[Work], do: Callable[[Work], Done], workers: int) -> Generator[Done, None, None]:
    """`do` each piece in `workers` threads. When the reader stops, no further piece is begun.

    At most `workers` pieces are under way or not yet taken by the reader, who records them: what is done
    does not run ahead of what is on disk. The threads are daemons: an interrupted run ends at once, and
    what was under way is done again by the next one.
    """
    waiting, lock, stop, room = iter(work), Lock(), Event(), Semaphore(workers)
    finished: SimpleQueue[Done | BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            while room.acquire() and not stop.is_set():
                with lock:
                    piece = next(waiting, None)
                if piece is None:
                    break
                finished.put(do(piece))
        except BaseException as error:  # noqa: BLE001 (handed to the reader, who raises it)
            finished.put(error)
        finished.put(None)

    threads = [Thread(target=run, daemon=True, name=f"eval-{n}") for n in range(workers)]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running:
            done = finished.get()
            if done is None:
                running -= 1
            elif isinstance(done, BaseException):
                raise done
            else:
                yield done
                room.release()
    finally:
        stop.set()
        room.release(workers)
