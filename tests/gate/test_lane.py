"""What may not change beside a skill: its tests and all that they use, modes, names, policy, polarity."""

from dataclasses import replace

import pytest

from memento.changes import GateOutcome, TestResult
from memento.gate.job import RUN
from memento.gate.lane import altered_tests
from memento.gate.polarity import turned_round
from memento.gate.selection import library_report
from memento.gate.trial import Trial, stay_green
from memento.gate.view import View
from memento.journal import Journal
from memento.testing.snapshots import MemorySnapshot
from memento.types import File
from tests.gate.conftest import BASE, GOOD, Gatekeeper, changed

OLD = """import json

WANTED = ("3",)
QUERIES = ("Add up", "Sum")


def total(text):
    return json.loads(text)


def test_a():
    assert total("3") in WANTED
"""


@pytest.mark.parametrize(
    ("new", "altered"),
    [
        (OLD, []),
        (OLD + "\nimport json\n\n\ndef test_b():\n    assert 0\n", []),
        (OLD.replace('"Sum"', '"Sum", "Total"'), []),
        ("PARKED = ('test_a',)\n" + OLD.replace("total(text):", "total(text):  # as it is"), []),
        (OLD.replace('"Sum"', '"Total"'), ["QUERIES"]),
        (OLD.replace('("Add up", "Sum")', 'tuple("Add up".split())'), ["QUERIES"]),
        (OLD.replace('("3",)', '("3", "4")'), ["WANTED"]),
        (OLD + "\nWANTED = ('4',)\n", ["WANTED"]),
        ("WANTED = ('4',)\n" + OLD, ["WANTED"]),
        (OLD + "\nfor WANTED in (('4',),):\n    pass\n", ["WANTED"]),
        (OLD + "\nif (WANTED := ('4',)):\n    pass\n", ["WANTED"]),
        (OLD + "\njson.loads = str\n", ["json"]),
        (OLD + "\nfrom x import y as total\n", ["total"]),
        (OLD + "\n\ndef test_a():\n    assert 1\n", ["test_a"]),
        (OLD.replace("import json", "import yaml as json"), ["json"]),
        ("", ["json", "WANTED", "QUERIES", "total", "test_a"]),
    ],
)
def test_every_name_of_the_old_tests_keeps_its_meaning(new: str, altered: list[str]) -> None:
    assert altered_tests(OLD.encode(), new.encode()) == altered


@pytest.mark.parametrize(
    ("old", "new", "turned"),
    [
        ("Use the last column.", "Use the first column.", True),
        ("Add up all lines.", "Never add up all lines.", True),
        ("Do not round.", "Round.", True),
        ("Sort by day, ascending.", "Sort by day,\n   descending.", True),
        ("1. Always read it.\n2. Then go.", "1. Never read it.\n2. Then go.", True),
        ("Use the last column.", "Use the last column. Never the first.", False),
        ("Use the last column.", "Use the last column of the file.", False),
        ("Never guess. Ask.", "Ask. Never guess.", False),
        ("Round.", "Round twice.", False),
    ],
)
def test_a_sentence_that_says_its_opposite_is_found(old: str, new: str, turned: bool) -> None:
    before, after = ({"SKILL.md": File(data=f"# A\n\n{text}\n".encode())} for text in (old, new))
    assert bool(turned_round(before, after)) == turned


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (
            "scripts/t\u043etal.py",
            "custody: 'skills/adder/scripts/t\\u043etal.py' has a name that looks like another one",
        ),
        (
            "scripts/a\u200b.py",
            "custody: 'skills/adder/scripts/a\\u200b.py' has a name that looks like another one",
        ),
        ("x" * 200, f"custody: skills/adder/{'x' * 47}... is longer than 200 bytes"),
    ],
)
def test_a_name_that_misleads_or_does_not_fit_is_refused(gate: Gatekeeper, path: str, reason: str) -> None:
    assert gate(changed(GOOD, path, "x")).reason == reason


def test_the_mode_of_a_file_that_was_there_stays(gate: Gatekeeper) -> None:
    head = replace(GOOD, modes={"skills/adder/scripts/add.py": "100755"})
    assert gate(head).reason == "custody: the mode of skills/adder/scripts/add.py changes"


def test_a_pin_in_the_header_is_not_taken_away(gate: Gatekeeper) -> None:
    document = BASE.skills["adder"]["SKILL.md"].data.replace(
        b"metadata:", b"metadata:\n  memento-pinned: 'yes'"
    )
    assert gate(GOOD, base=changed(BASE, "SKILL.md", document.decode())).reason == (
        "custody: memento-pinned is taken away"
    )


class WithFiles(MemorySnapshot):
    """A library with files beside its skills."""

    beside: dict[str, str]

    def entries(self):
        return {**super().entries(), **self.beside}


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("memento.toml", GateOutcome.INDECISIVE),
        ("CODEOWNERS", GateOutcome.INDECISIVE),
        (".github/workflows/gate.yml", GateOutcome.INDECISIVE),
        ("src/.gitattributes", GateOutcome.INDECISIVE),
        ("conftest.py", GateOutcome.FAIL),
        ("README.md", None),
        ("tests/conftest.py", None),
    ],
)
def test_files_that_decide_what_lands_change_with_a_humans_word_only(
    tmp_path, path: str, outcome: GateOutcome | None
) -> None:
    def view(**beside: str) -> View:
        library = WithFiles(skills=BASE.skills, tests=BASE.tests)
        object.__setattr__(library, "beside", {"LICENSE": "100644 1", **beside})
        return View(snapshot=library, journal=Journal(path=tmp_path / "j.db"))

    found = [
        library_report(view(), view(**{path: "100644 1"})),
        library_report(view(**{path: "100644 1"}), view(**{path: "100644 2"})),
        library_report(view(**{path: "100644 1"}), view()),
    ]
    both = library_report(view(CODEOWNERS="1", **{"memento.toml": "1"}), view(**{"memento.toml": "2"}))
    assert both
    assert both.reason.startswith("custody: CODEOWNERS (and 1 more) decides")
    gone = None if outcome is GateOutcome.FAIL else outcome
    assert [report and report.outcome for report in found] == [outcome, outcome, gone]


def test_a_parent_whose_run_was_ended_excuses_no_test() -> None:
    """A new test may end the run on the parent, so that an old one seems to have been red there."""

    def results(**passed: bool) -> tuple[TestResult, ...]:
        return tuple(TestResult(id=name.replace("run", RUN), passed=good) for name, good in passed.items())

    red, whole = results(test_old=False, test_new=True), {"new_tests": ("test_new",), "parked": frozenset()}
    for parent, outcome in (
        (results(test_old=False, test_new=False), GateOutcome.PASS),
        (results(test_old=False, test_new=False, run=False), GateOutcome.FAIL),
    ):
        trial = Trial(parent=parent, candidate=red, emptied=red, **whole)
        assert stay_green(trial).outcome is outcome
