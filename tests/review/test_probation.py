"""Probation: the sequential test, and a worse version taken back from a real library by itself."""

from random import Random

import pytest

from memento.review.probation import ALPHA, FEWEST, Word, word
from memento.types import Utility

GOOD = Utility(successes=9, failures=1)


@pytest.mark.parametrize(
    ("parent", "outcomes", "expected"),
    [
        (GOOD, [], Word.OPEN),
        (GOOD, [False], Word.OPEN),
        (GOOD, [False, False, False], Word.WORSE),
        (GOOD, [True, False, True, False], Word.OPEN),
        (GOOD, [True, True, True], Word.PROVEN),
        (GOOD, [True, True, True, False, False, False, False], Word.PROVEN),
        (Utility(successes=1, failures=3), [False] * 12, Word.OPEN),
        (Utility(successes=FEWEST - 1), [False] * 12, Word.OPEN),
        (Utility(), [False] * 12, Word.OPEN),
    ],
    ids=[
        "nothing yet", "one failure", "three in a row", "half", "three successes", "proven stays proven",
        "no worse than a poor parent", "too short a record", "no record",
    ],
)  # fmt: skip
def test_the_tests_word_on_a_version(parent, outcomes, expected):
    assert word(parent, outcomes) is expected


def share_taken_back(rate, parent_rate, *, runs=2000, parent_n=10):
    """How often a version of this true rate is taken back within 60 outcomes."""
    rng, taken = Random(1), 0
    for _ in range(runs):
        won = sum(rng.random() < parent_rate for _ in range(parent_n))
        parent = Utility(successes=won, failures=parent_n - won)
        taken += word(parent, [rng.random() < rate for _ in range(60)]) is Word.WORSE
    return taken / runs


@pytest.mark.parametrize("rate", [0.5, 0.7, 0.9])
def test_a_version_that_is_as_good_is_seldom_taken_back(rate):
    assert share_taken_back(rate, rate) <= 1.6 * ALPHA


def test_a_version_that_fails_far_more_often_mostly_goes():
    assert share_taken_back(0.2, 0.9) >= 0.9
