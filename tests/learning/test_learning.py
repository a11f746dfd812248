"""memento learn: killed and resumed it leaves the same library; no gold answer is in any prompt it sends."""

import json
from pathlib import Path

import pytest

from tests.learning.campaign import KILLED, SPENT, git, lay_out, play, started, starting
from tests.learning.stream import endpoint, tasks

pytestmark = pytest.mark.real
COUNT = 2


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return starting(tmp_path_factory.mktemp("start") / "library")


@pytest.fixture(scope="module")
def alone(start, tmp_path_factory):
    """A run that was left alone, and its folder."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    return folder, play(folder, start, count=COUNT, held_out=1)


def learn(folder: Path, *more: str, rounds: str = "2"):
    """Exit code, standard output and error of a run, and what the endpoint was asked."""
    with endpoint() as server:
        child = started(folder, server.base_url, *more, rounds=rounds)
        out, err = child.communicate()
    return child.returncode, out, err, server.requests


def test_killed_twice_and_out_of_budget_between_it_ends_with_the_commits_of_a_run_left_alone(
    start, alone, tmp_path
):
    _, left = alone
    at = (left.asked // 3, left.asked * 4 // 5)
    killed = play(tmp_path / "run", start, count=COUNT, held_out=1, kill_at=at, budget="3000")
    assert killed.ends == (KILLED, SPENT, KILLED, 0)
    assert left.report["landed"] >= 2, "something was learned that could have been lost"
    assert (killed.main, killed.branches, killed.report) == (left.main, (), left.report)


def test_a_finished_run_resumed_asks_nobody_and_reports_the_same(alone):
    folder, left = alone
    code, out, _, requests = learn(folder, "--resume")
    assert (code, json.loads(out), requests) == (0, left.report, [])


def test_a_run_is_not_taken_up_under_other_conditions_nor_begun_twice(alone):
    folder, _ = alone
    other, again = learn(folder, "--resume", rounds="1"), learn(folder)
    assert (other[0], again[0]) == (2, 2)
    assert "begun with other held-out tasks, passes, rounds, seed or model" in other[2]
    assert "Go on with --resume" in again[2]


def test_first_attempts_retries_and_held_out_tasks_are_counted_apart(alone):
    _, left = alone
    report = left.report
    assert report["model"].startswith("SIMULATED")
    assert report["first_attempt"] < report["after_retries"]
    assert [measured["after"] for measured in report["held_out"]] == [0, COUNT]


def test_no_gold_answer_is_in_any_prompt_of_a_whole_run(start, tmp_path):
    """The answers are planted: nobody could compute them, so whoever says one was told."""
    planted = {e.task.id: f"8675{n}30.917" if e.gold.scorer == "numeric" else f"zanzibar {n}86753"
               for n, e in enumerate(tasks(1), 1)}  # fmt: skip
    folder = tmp_path / "run"
    lay_out(folder, start, count=1, held_out=1, gold=planted)
    code, out, err, requests = learn(folder, rounds="1")
    assert code == 0, err
    assert json.loads(out)["after_retries"] == 0.0
    said = [json.dumps(request.body) for request in requests]
    roles = ["You find out why", "You write the tests", "You write a new skill", "You decide whether"]
    assert all(any(role in text for text in said) for role in roles), "every writing role was asked"
    for answer in planted.values():
        forms = {answer, answer.split(".")[0], answer.replace(" ", "-")}
        assert [text[:200] for text in said if any(form in text for form in forms)] == []
    assert not [form for form in planted.values() if form in git(folder / "library", "log", "-p", "main")]
