"""Python that somebody else wrote, parsed."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor

from memento.skill.python import parsed


def test_many_threads_may_parse_at_once():
    """Also when one is interrupted in the middle of a tree, as a collection of garbage may do."""
    source = "x = [" + ", ".join(f"{{'a': ({n}, [{n}])}}" for n in range(100)) + "]\n"

    def away(_phase, _info):
        time.sleep(0)

    usual = gc.get_threshold()
    gc.callbacks.append(away)
    gc.set_threshold(50)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: len(parsed(source).body), range(40)))
    finally:
        gc.set_threshold(*usual)
        gc.callbacks.remove(away)
    assert found == [1] * 40
