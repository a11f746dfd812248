"""Tests that cannot make up their mind: run often enough to be seen, named, few, and deciding nothing."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from memento.changes import GateOutcome
from memento.gate.change import Change
from memento.gate.harness import Harness
from memento.gate.neighbours import neighbours
from memento.gate.quarantine import quarantine
from memento.gate.routes import Board
from memento.gate.trial import runs
from memento.gate.view import View
from memento.journal import Journal
from memento.testing.snapshots import MemorySnapshot
from memento.types import File
from tests.gate.conftest import BASE, GOOD, OLD_TEST, Gatekeeper, folder, snapshot

pytestmark = pytest.mark.real


def neighbourly(test: str, script: str) -> MemorySnapshot:
    document = b"---\nname: user\ndescription: Use the adder.\n---\nRun `skills/adder` first.\n"
    return MemorySnapshot(
        skills={"adder": folder(script), "user": {"SKILL.md": File(data=document)}},
        tests={"adder": OLD_TEST.encode(), "user": test.encode()},
    )


def test_another_skills_test_that_is_now_red_now_green_is_named_for_a_human(harness: Harness) -> None:
    """The neighbour's test is green before the change, and after it whatever the coin says."""
    coin = (
        "import os\n\ndef test_uses(skill):\n"
        "    other = (skill.path.parent / 'adder/scripts/add.py').read_text()\n"
        "    if 'coin' in other:\n        assert os.environ['TZ'] != 'UTC0'\n    assert 'print' in other\n"
    )
    base, head = neighbourly(coin, "print(1)\n"), neighbourly(coin, "print(1)  # coin\n")
    change = Change(
        skill="adder",
        base=View(snapshot=base, journal=harness.journal),
        head=View(snapshot=head, journal=harness.journal),
        exam=None,
        exercise=None,
    )
    answer = neighbours(change, harness, Board(facts={}, before={}, after={}))
    assert (answer.outcome, answer.detail) == (
        GateOutcome.INDECISIVE,
        "tests of other skills are now red, now green: user: test_uses",
    )


def test_a_new_test_is_run_five_times_and_an_old_one_twice(harness: Harness) -> None:
    def turns(head: MemorySnapshot) -> list[int]:
        views = (View(snapshot=snapshot, journal=harness.journal) for snapshot in (BASE, head))
        base, after = views
        change = Change(skill="adder", base=base, head=after, exam=None, exercise=None)
        planned = runs(change, {}, {})
        return [job.turn for job in (planned.candidate, *planned.again)]

    assert (turns(GOOD), turns(snapshot(folder("print(2)"), OLD_TEST))) == ([0, 1, 2, 3, 4], [0, 1])


COIN = "\n\ndef test_coin(skill):\n    import os\n\n    assert {} in skill.body\n"


def test_a_flaky_test_stays_named_until_its_content_changes(gate: Gatekeeper, tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.db")
    alone = Gatekeeper(replace(gate.gate, harness=replace(gate.gate.harness, journal=journal)))
    steady = snapshot(folder(), OLD_TEST + COIN.format("'Adder'"))
    view = View(snapshot=steady, journal=journal)
    assert alone(steady, base=steady, exam=None).outcome is GateOutcome.PASS
    quarantine(view, {"adder": ["test_coin"]}, "")
    again = alone(steady, base=steady, exam=None)
    said = "steady: these tests differ between two runs of the same content: test_coin"
    assert (again.outcome, again.reason, again.flaky) == (GateOutcome.INDECISIVE, said, ("test_coin",))
    mended = snapshot(folder(), OLD_TEST + COIN.format("'# Adder'"))
    assert alone(mended, base=mended, exam=None).outcome is GateOutcome.PASS


def test_at_most_two_in_a_hundred_tests_are_in_quarantine_and_one_in_any_case(tmp_path: Path) -> None:
    def held(tests: int, *found: Mapping[str, list[str]]) -> list[tuple[GateOutcome, str]]:
        journal = Journal(path=tmp_path / f"{tests}.db")
        many = "".join(f"def test_{n}(skill):\n    assert skill.body\n\n\n" for n in range(tests - 1))
        library = MemorySnapshot(
            skills={"adder": folder(), "user": folder()}, tests={"adder": many.encode(), "user": USER}
        )
        view = View(snapshot=library, journal=journal)
        answers = [quarantine(view, each, "named") for each in found]
        return [(answer.outcome, answer.detail) for answer in answers]

    one, two, three = {"adder": ["test_0"]}, {"adder": ["test_1"]}, {"user": ["test_user"]}
    assert held(149, one, one, two, three) == [
        (GateOutcome.INDECISIVE, "named"),
        (GateOutcome.INDECISIVE, "named"),
        (GateOutcome.INDECISIVE, "named"),
        (
            GateOutcome.FAIL,
            "3 of 149 tests are flaky, at most 2 may be: adder: test_0, adder: test_1, user: test_user",
        ),
    ]
    assert [outcome for outcome, _ in held(150, one, two, three)] == [GateOutcome.INDECISIVE] * 3
    assert [outcome for outcome, _ in held(3, one, two)] == [GateOutcome.INDECISIVE, GateOutcome.FAIL]


USER = b"def test_user(skill):\n    assert skill.body\n"
