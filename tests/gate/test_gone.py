"""What is gone: skills, test files, the reason why a test was parked."""

import pytest

from memento.changes import GateOutcome
from memento.gate.many import LibraryGate
from tests.gate.conftest import BASE, OLD_TEST, Gatekeeper, folder, snapshot

pytestmark = pytest.mark.real


def test_a_skill_that_is_gone_is_a_change_that_a_human_must_agree_to(gate: Gatekeeper) -> None:
    library = LibraryGate(gate=gate.gate)
    gone = snapshot(None, None)
    assert library.chosen(BASE, gone, everything=False) == ("adder",)
    (report,) = library(BASE, gone, ("adder",))
    assert (report.outcome, report.reason) == (
        GateOutcome.INDECISIVE,
        "person: a human must say whether the skill may go",
    )


def test_tests_that_are_left_without_their_skill_are_named(gate: Gatekeeper) -> None:
    left = snapshot(None, OLD_TEST)
    library, report = LibraryGate(gate=gate.gate)(BASE, left, ("adder",))
    assert (library.outcome, report.outcome) == (GateOutcome.FAIL, GateOutcome.FAIL)
    assert library.reason == "custody: skill_tests/test_adder.py belongs to no skill"
    assert report.reason == "custody: skill_tests/test_adder.py would be left without its skill"


def test_a_test_file_that_is_gone_refuses_the_change(gate: Gatekeeper) -> None:
    bare = snapshot(folder(), None)
    (report,) = LibraryGate(gate=gate.gate)(BASE, bare, ("adder",))
    assert (report.outcome, report.reason) == (GateOutcome.FAIL, "tests: its test file is gone")


def test_a_parked_test_that_is_green_again_is_named(gate: Gatekeeper) -> None:
    parked = (
        'PARKED = (\n    "test_plain_numbers",\n)\n' + OLD_TEST.replace("plain_numbers", "again") + OLD_TEST
    )
    standing = snapshot(folder(), parked)
    report = gate(standing, base=standing, exam=None)
    assert [step.detail for step in report.steps if step.name == "parking"] == [
        "green now, take them out of PARKED: test_plain_numbers"
    ]
