"""memento learn: killed and resumed it leaves the same library; no gold answer is in any prompt it sends."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.learning.campaign import command, environment_for, git, play, starting
from tests.learning.stream import aside, endpoint, tasks, write

pytestmark = pytest.mark.real
COUNT = 4


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return starting(tmp_path_factory.mktemp("start") / "library")


@pytest.fixture(scope="module")
def alone(start, tmp_path_factory):
    """A run that was left alone, and its folder."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    return folder, play(folder, start, count=COUNT, held_out=2)


def test_killed_twice_and_resumed_it_ends_with_the_same_commits_as_left_alone(start, alone, tmp_path):
    _, left = alone
    at = (left.asked // 3, left.asked * 2 // 3)
    killed = play(tmp_path / "run", start, count=COUNT, held_out=2, kill_at=at)
    assert killed.kills == 2
    assert left.report["landed"] >= 2, "something was learned that could have been lost"
    assert (killed.main, killed.refs, killed.report) == (left.main, (), left.report)


def test_a_finished_run_resumed_asks_nobody_and_reports_the_same(alone):
    folder, left = alone
    with endpoint() as server:
        done = learn(folder, server.base_url, "--resume")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == left.report
    assert server.requests == []


def test_a_run_is_not_taken_up_under_other_conditions_nor_begun_twice(alone):
    folder, _ = alone
    with endpoint() as server:
        other = learn(folder, server.base_url, "--resume", rounds="1")
        again = learn(folder, server.base_url)
    assert (other.returncode, again.returncode) == (2, 2)
    assert "begun with other held-out tasks, passes, rounds, seed or model" in other.stderr
    assert "Go on with --resume" in again.stderr


def test_first_attempts_retries_and_held_out_tasks_are_counted_apart(alone):
    _, left = alone
    report = left.report
    assert report["model"].startswith("SIMULATED")
    assert report["first_attempt"] < report["after_retries"]
    assert [measured["after"] for measured in report["held_out"]] == [0, COUNT]


def test_no_gold_answer_is_in_any_prompt_of_a_whole_run(start, tmp_path):
    """The answers are planted: nobody could compute them, so whoever says one was told."""
    exercises = tasks(3)
    planted = {e.task.id: f"8675{n}30.917" if e.gold.scorer == "numeric" else f"zanzibar {n}86753"
               for n, e in enumerate(exercises, 1)}  # fmt: skip
    folder = tmp_path / "run"
    folder.mkdir()
    subprocess.run(["cp", "-r", str(start), str(folder / "library")], check=True)
    write(exercises, folder / "tasks.jsonl", planted)
    write(aside(2), folder / "held-out.jsonl")
    with endpoint() as server:
        done = learn(folder, server.base_url, rounds="1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["after_retries"] == 0.0
    said = [json.dumps(request.body) for request in server.requests]
    roles = ["You find out why", "You write the tests", "You write a new skill", "You decide whether"]
    assert all(any(role in text for text in said) for role in roles), "every writing role was asked"
    for answer in planted.values():
        forms = {answer, answer.split(".")[0], answer.replace(" ", "-")}
        assert [text[:200] for text in said if any(form in text for form in forms)] == []
    assert not [form for form in planted.values() if form in git(folder / "library", "log", "-p", "main")]


def test_a_spent_budget_ends_the_run_and_a_new_one_goes_on_from_there(start, alone, tmp_path):
    _, left = alone
    folder = tmp_path / "run"
    folder.mkdir()
    subprocess.run(["cp", "-r", str(start), str(folder / "library")], check=True)
    write(tasks(COUNT), folder / "tasks.jsonl")
    write(aside(2), folder / "held-out.jsonl")
    with endpoint() as server:
        first = learn(folder, server.base_url, "--budget-tokens", "20000")
        second = learn(folder, server.base_url, "--resume")
    assert first.returncode == 1
    assert "budget of 20000 tokens is spent" in first.stderr
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout) == left.report
    assert git(folder / "library", "rev-parse", "main").strip() == left.main


def learn(folder: Path, base_url: str, *more: str, rounds: str = "2") -> subprocess.CompletedProcess[str]:
    arguments = ["learn", str(folder / "tasks.jsonl"), "--held-out", str(folder / "held-out.jsonl")]
    arguments += ["--seed", "7", "--rounds", rounds, "--library", str(folder / "library"), "--json", *more]
    environment = environment_for(folder, base_url)
    return subprocess.run(command(*arguments), env=environment, capture_output=True, text=True, check=False)
