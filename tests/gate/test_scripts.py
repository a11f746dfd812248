"""What a script may not do while its tests look on, whatever it prints."""

import pytest

from memento.changes import TestResult
from memento.gate.change import Change
from memento.gate.harness import Harness
from memento.gate.job import RUN, Job
from memento.gate.trial import hold, runs
from memento.gate.view import View
from tests.gate.conftest import BASE, BETTER_SCRIPT, OLD_TEST, SCRIPT, folder, snapshot

pytestmark = pytest.mark.real

FORK = """
import os, time
sys.stdout.flush()
if not os.fork():
    for number in (0, 1, 2):
        os.close(number)
    time.sleep(30)
"""
DISK = """
with open("junk", "wb") as file:
    file.write(bytes(40_000_000))
"""
ELSEWHERE = DISK.replace('"junk"', '"/workspace/junk"')
MEMORY = """
held = b"x" * 400_000_000
"""


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        (FORK, "Failed: scripts/add.py leaves a process behind"),
        (DISK, "Failed: scripts/add.py leaves more than 32 MB on the disk"),
        (ELSEWHERE, "Failed: scripts/add.py leaves more than 32 MB on the disk"),
        (MEMORY, "Failed: scripts/add.py uses more than 256 MB of memory on a small input"),
    ],
    ids=["fork", "disk", "work", "memory"],
)
def test_a_script_that_takes_more_than_its_task_needs_fails_its_test(
    harness: Harness, more: str, detail: str
) -> None:
    results = harness.run("adder", folder(SCRIPT + more), OLD_TEST.encode())
    assert results == (TestResult(id="test_plain_numbers", passed=False, detail=detail),)


def test_a_detached_process_that_a_test_leaves_is_held_against_the_file(harness: Harness) -> None:
    source = """import subprocess

def test_a(skill):
    subprocess.Popen(["sleep", "30"], start_new_session=True)
    assert skill
"""
    results = harness.run("adder", folder(), source.encode())
    assert [(r.id, r.passed, r.detail) for r in results] == [
        ("test_a", True, ""),
        ("<run>", False, "it left a process running"),
    ]


def test_a_test_cannot_report_for_another_one(harness: Harness) -> None:
    """What a test finds open is a pipe of its own: a line about another test is not believed."""
    source = """import json
import os

def test_a(skill):
    for number in range(3, 256):
        try:
            os.write(number, json.dumps({"id": "test_b", "passed": True, "detail": ""}).encode() + b"\\n")
        except OSError:
            pass
    assert skill

def test_b():
    assert False
"""
    results = {r.id: r.passed for r in harness.run("adder", folder(), source.encode())}
    assert results["test_b"] is False


def test_the_second_run_has_another_order_place_and_time_zone(harness: Harness) -> None:
    source = """import os
import time

SEEN = []

def test_where(skill):
    assert (os.getcwd().endswith("/here"), time.timezone) == (True, 0)
"""
    job = Job(skill="adder", folder=folder(), test=source.encode())
    again = Job(skill="adder", folder=folder(), test=source.encode(), turn=1)
    passed = [[result.passed for result in harness.run_alone(each)] for each in (job, again)]
    assert passed == [[True], [False]]


def test_together_or_alone_the_verdicts_are_the_same(harness: Harness) -> None:
    good = Job(skill="adder", folder=folder(), test=OLD_TEST.encode())
    red = Job(skill="adder", folder=folder("print(0)"), test=OLD_TEST.encode())
    exits = Job(skill="adder", folder=folder(), test=b"import os\nos._exit(0)\ndef test_a(): ...\n")
    jobs = [good, red, exits]
    together = harness.run_together(jobs)
    assert [[r.passed for r in results] for results in together] == [[True], [False], [False, False]]
    assert [harness.run_alone(job) for job in jobs] == together


def test_a_test_whose_process_ends_in_silence_has_failed(harness: Harness) -> None:
    source = b"import os\n\ndef test_a(skill):\n    os._exit(0)\n"
    assert harness.run("adder", folder(), source) == (
        TestResult(
            id="test_a",
            passed=False,
            detail="the process of the test ended without a report (exit code 0)",
        ),
    )


def test_an_import_does_not_point_the_tests_at_another_skill(harness: Harness) -> None:
    source = """import os

os.environ["MEMENTO_SKILLS_UNDER_TEST"] = "/workspace"

def test_a(skill):
    assert skill.name == "adder"
"""
    assert [r.passed for r in harness.run("adder", folder(), source.encode())] == [True]


def test_a_control_that_ends_its_run_takes_no_other_control_with_it(harness: Harness) -> None:
    """The parent's run is ended by a test that sees the old script; the emptied skill has the new one."""
    source = OLD_TEST + (
        "\n\ndef test_new(skill):\n    import subprocess\n    import time\n\n"
        "    if 'replace' not in (skill.path / 'scripts/add.py').read_text():\n"
        "        subprocess.run(['sh', '-c', 'kill -9 -1'])\n"
        "    elif 'Adder' not in skill.body:\n        time.sleep(2)\n    assert 'Adder' in skill.body\n"
    )
    base, head = (
        View(snapshot=each, journal=harness.journal)
        for each in (BASE, snapshot(folder(BETTER_SCRIPT, version="1.0.1"), source))
    )
    change = Change(skill="adder", base=base, head=head, exam=None, exercise=None)
    trial = hold(change, harness, runs(change, {}, {}))
    ended = [any(result.id == RUN for result in results) for results in (trial.parent, trial.emptied)]
    assert ended == [True, False]
