"""A run: resumed exactly, stopped when the endpoint is gone, and the same whoever many work at it."""

import itertools
import threading
import time
from contextlib import closing

import pytest

from memento.errors import ModelError, SandboxError
from memento.evals.log import read, writing
from memento.evals.pace import Paced, Slots
from memento.evals.pool import in_threads
from memento.evals.records import Accident, key_of
from memento.evals.run import complain, run
from memento.protocols import Request
from memento.testing.scripted import ScriptedModel
from tests.evals.conftest import identity, record


def key(work):
    return key_of(work.item.id, work.arm.label, "m", 0)


def pool(do, workers=1):
    return lambda work: in_threads(work, do, workers)


def done(work):
    return record(work.item.id)


def broken(kind="connection"):
    return lambda work: Accident(
        task=work.item.id, library=work.arm.label, kind=kind, detail="the endpoint is gone."
    )


def test_what_is_recorded_is_not_done_again_and_the_rest_is(tmp_path, work):
    asked = []

    def do(piece):
        asked.append(piece.item.id)
        return done(piece) if len(asked) <= 2 or len(asked) > 5 else broken()(piece)

    with writing(tmp_path, identity()) as log:
        first = run(work(6), key=key, pool=pool(do), log=log)
    assert asked == ["t0", "t1", "t2", "t3", "t4"], "three accidents in a row end it"
    assert (first.done, first.known, first.left) == (2, 0, 4)
    asked[:] = [*"xxxxx"]
    with writing(tmp_path, identity()) as log:
        second = run(work(6), key=key, pool=pool(do), log=log)
    assert asked[5:] == ["t2", "t3", "t4", "t5"]
    assert (second.done, second.known, second.left) == (4, 2, 0)
    assert [one.task for one in read(tmp_path / identity().id)[1]] == ["t0", "t1", "t2", "t3", "t4", "t5"]


def test_an_endpoint_that_dies_half_way_ends_with_a_sentence_that_says_what_is_kept(tmp_path, work):
    count = itertools.count()
    with writing(tmp_path, identity()) as log:
        ended = run(
            work(9), key=key, pool=pool(lambda w: done(w) if next(count) < 4 else broken()(w)), log=log
        )
    error = complain(ended)
    assert isinstance(error, ModelError)
    assert (error.exit_code, str(error)) == (
        4,
        "5 of 9 tasks have no result (connection: the endpoint is gone.) The 4 results are kept; run the "
        "same command again for the rest.",
    )


@pytest.mark.parametrize("kind", ["auth", "quota", "not-found"])
def test_an_accident_that_every_task_would_meet_ends_the_run_at_once(tmp_path, work, kind):
    asked = []
    with writing(tmp_path, identity()) as log:
        ended = run(work(9), key=key, pool=pool(lambda w: asked.append(w) or broken(kind)(w)), log=log)
    assert (len(ended.accidents), ended.left) == (1, 9)
    assert len(asked) <= 2, "one more may have been under way"


def test_single_accidents_do_not_end_a_run_and_are_tried_again(tmp_path, work):
    with writing(tmp_path, identity()) as log:
        ended = run(
            work(9),
            key=key,
            pool=pool(lambda w: broken()(w) if w.item.id in "t2 t5 t8" else done(w)),
            log=log,
        )
        assert (ended.done, len(ended.accidents), ended.left) == (6, 3, 3)
        assert isinstance(complain(ended), ModelError)
        again = run(work(9), key=key, pool=pool(done), log=log)
    assert (again.done, again.known, complain(again)) == (3, 6, None)


def test_a_sandbox_that_breaks_is_named_as_such(tmp_path, work):
    with writing(tmp_path, identity()) as log:
        ended = run(work(3), key=key, pool=pool(broken("sandbox")), log=log)
    assert isinstance(complain(ended), SandboxError)


def test_many_workers_do_every_task_once_and_as_many_at_a_time(work):
    under_way, most, lock = [0], [0], threading.Lock()

    def do(piece):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.01)
        with lock:
            under_way[0] -= 1
        return done(piece)

    tasks = sorted(result.task for result in in_threads(work(24), do, 6))
    assert tasks == sorted(f"t{n}" for n in range(24))
    assert most == [6]


def test_what_a_worker_raises_reaches_the_reader(work):
    def do(piece):
        raise ZeroDivisionError(piece.item.id)

    with pytest.raises(ZeroDivisionError):
        list(in_threads(work(3), do, 2))


def test_when_the_reader_stops_no_further_task_is_begun(work):
    begun = []

    def do(piece):
        begun.append(piece.item.id)
        time.sleep(0.005)
        return done(piece)

    with closing(in_threads(work(100), do, 2)) as results:
        next(results)
    count = len(begun)
    time.sleep(0.05)
    assert len(begun) <= count + 2 < 100


def test_calls_get_slots_an_interval_apart_and_a_pause_is_not_saved_up():
    now = [0.0]
    slots = Slots(interval_s=2.0, clock=lambda: now[0])
    assert [slots(), slots(), slots()] == [0.0, 2.0, 4.0]
    now[0] = 100.0
    assert [slots(), slots()] == [0.0, 2.0]


def test_a_paced_model_waits_for_its_slot_before_each_call():
    slept = []
    slots = Slots(interval_s=3.0, clock=lambda: 10.0)
    with ScriptedModel(["a", "b"]) as model:
        paced = Paced(model=model, pacer=slots, sleep=slept.append)
        assert [paced.complete(Request(purpose="act", messages=())).text for _ in "ab"] == ["a", "b"]
        assert paced.name == model.name
    assert slept == [3.0]
