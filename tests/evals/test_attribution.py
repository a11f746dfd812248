"""Attribution is measured on real runs with a known fault in each, and the measure itself can fail."""

import json
import os
import subprocess
import sys

import pytest

from memento.evals.attribution.faults import cases
from memento.evals.attribution.measure import figures
from memento.types import Fault

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def measured():
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-c", "from memento.cli.main import main; main()", "eval", "attribution", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MEMENTO_SANDBOX": "bubblewrap"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_class_of_fault_is_put_into_real_runs_that_then_fail(measured):
    rows = {truth: sum(row.values()) for truth, row in measured["confusion"].items()}
    assert measured["n"] == sum(rows.values()) >= 60
    assert set(rows) == set(Fault)
    assert min(rows.values()) >= 9


def test_most_faults_are_found_and_hardly_a_skill_is_blamed_for_what_it_did_not_do(measured):
    assert measured["simulated"] is True
    assert 0.7 <= measured["accuracy"] < 1.0
    assert measured["macro_f1"] >= 0.7
    assert measured["wrongly_blamed"] <= 0.05
    assert measured["right_skill"] >= 0.6


def test_the_rules_alone_find_more_than_half_and_name_no_skill_at_random(measured):
    rules = measured["rules_alone"]
    assert 0.5 <= rules["accuracy"] < measured["accuracy"]
    inside = ("tool", "planning", "reasoning")
    outside = [truth for truth in measured["confusion"] if truth not in inside]
    assert [(t, f) for t in outside for f in inside if rules["confusion"][t][f]] == []


def test_the_same_seed_makes_the_same_cases_and_no_two_alike():
    ids = [case.id for case in cases(3)]
    assert ids == [case.id for case in cases(3)]
    assert len(set(ids)) == len(ids)


def test_who_always_blames_one_class_scores_low():
    pairs = [(fault, Fault.TOOL) for fault in Fault for _ in range(10)]
    found = figures(pairs)
    assert found.accuracy == pytest.approx(1 / 7)
    assert found.macro_f1 == pytest.approx((2 * 10 / 80) / 7)
    assert found.confusion["judge"]["tool"] == 10


def test_an_abstention_is_not_right():
    found = figures([(Fault.TOOL, None), (Fault.TOOL, Fault.TOOL)])
    assert (found.accuracy, found.confusion["tool"]["abstained"]) == (0.5, 1)
