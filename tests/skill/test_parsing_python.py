"""Python that somebody else wrote, parsed."""

from concurrent.futures import ThreadPoolExecutor

from memento.skill.python import parsed


def test_many_threads_may_parse_at_once():
    source = "x = [" + ", ".join(f"{{'a': ({n}, [{n}])}}" for n in range(300)) + "]\n"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: len(parsed(source).body), range(150)))
    assert found == [1] * 150
