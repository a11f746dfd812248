"""Rules of the gate that are functions of values: routes, mutants, self-check, outputs, scanner."""

import json
import xml.etree.ElementTree as ET

import pytest

from memento.changes import (
    Evidence,
    GateOutcome,
    GateReport,
    GateStep,
    RouteChange,
    TestResult,
)
from memento.errors import SandboxError
from memento.gate.mutants import Score, mutants, score
from memento.gate.outputs import annotations, junit, sarif, summary
from memento.gate.routes import diff
from memento.gate.scanner import read
from memento.gate.selfcheck import SelfCheck, count
from tests.gate.conftest import SCRIPT, folder

PASS, FAIL, INDECISIVE = GateOutcome


def row(owner: str, before: str | None, after: str | None, *, wanted: bool = True) -> RouteChange:
    return RouteChange(query="q", owner=owner, wanted=wanted, before=before, after=after)


@pytest.mark.parametrize(
    ("rows", "detail"),
    [
        ([row("a", "a", None)], "1 of its own queries miss it: 'q' goes to none"),
        ([row("a", "b", "a", wanted=False)], "a near miss reaches it: 'q'"),
        ([row("b", "b", "a")], "b loses 'q' to a"),
        ([row("b", "b", None)], "b loses 'q' to nobody"),
    ],
)
def test_a_route_that_is_lost_or_caught_refuses_the_change(rows: list[RouteChange], detail: str) -> None:
    answer = diff(rows, "a", new=False, standing=False)
    assert (answer.outcome, answer.detail) == (FAIL, detail)


@pytest.mark.parametrize(
    "rows", [[row("a", None, None)], [row("b", "c", None)], [row("a", "a", "a", wanted=False)], []]
)
def test_a_route_that_was_wrong_before_is_not_held_against_the_change(rows: list[RouteChange]) -> None:
    assert diff(rows, "a", new=False, standing=False).outcome is PASS


def test_a_standing_skill_answers_for_its_routes_as_they_are() -> None:
    assert diff([row("a", None, None)], "a", new=False, standing=True).outcome is FAIL


def test_half_of_a_new_skills_queries_must_reach_it() -> None:
    reached, missed = row("a", None, "a"), row("a", None, None)
    assert diff([reached, missed], "a", new=True, standing=False).outcome is PASS
    assert diff([reached, missed, missed], "a", new=True, standing=False).outcome is FAIL


def test_mutants_are_small_damages_of_scripts_and_text_the_same_every_time() -> None:
    found = mutants(folder(SCRIPT.replace("print(", "if len(sys.argv) > 1:\n    print(1 + ")))
    assert [mutant.what for mutant in found] == [
        mutant.what
        for mutant in mutants(
            found[0].folder | folder(SCRIPT.replace("print(", "if len(sys.argv) > 1:\n    print(1 + "))
        )
    ]
    assert {mutant.script for mutant in found} == {True, False}
    assert "scripts/add.py:2 `len(sys.argv) > 1` -> `len(sys.argv) <= 1`" in {m.what for m in found}


@pytest.mark.parametrize(
    ("killed", "enough"),
    [((6, 10, 6, 10), True), ((5, 10, 5, 10), False), ((4, 10, 3, 5), False), ((5, 10, 0, 0), True)],
)
def test_enough_is_six_tenths_of_script_mutants_and_half_of_all(
    killed: tuple[int, ...], enough: bool
) -> None:
    dead, total, in_scripts, scripts = killed
    found = Score(killed=dead, total=total, scripts_killed=in_scripts, scripts=scripts, survivors=())
    assert found.enough is enough


def test_a_damage_that_changes_nothing_is_no_mutant() -> None:
    script = "def f(x):\n    if x:\n        return None\n    return\n"
    assert [mutant.what for mutant in mutants(folder(script)) if mutant.script] == [
        "scripts/add.py:2 `if x:` -> `if not x:`"
    ]


def test_survivors_are_named_as_tests_to_write() -> None:
    tried = mutants(folder())
    found = score(tried, [False] * len(tried))
    assert (found.killed, len(found.survivors), "write a test for" in str(found)) == (0, len(tried), True)


def test_a_flip_is_an_outcome_that_is_not_its_skills_usual_one() -> None:
    outcomes = {"a": [PASS] * 9 + [FAIL], "b": [FAIL] * 10}
    assert count(outcomes) == SelfCheck(runs=20, flips=1, flip_rate=0.05)
    assert [SelfCheck(runs=100, flips=f, flip_rate=f / 100).steady for f in (1, 2)] == [True, False]


REPORT = GateReport(
    skill="adder",
    outcome=FAIL,
    evidence=Evidence.LINT,
    steps=(
        GateStep(name="custody", outcome=PASS, detail=""),
        GateStep(name="tests", outcome=FAIL, detail="skill_tests/test_adder.py:7: no <assert> & \x1b here"),
    ),
    tests=(TestResult(id="test_a[1|2]", passed=False, detail="boom"),),
    routes=(RouteChange(query="a|b", owner="adder", wanted=True, before="adder", after=None),),
)


def test_junit_is_well_formed_whatever_the_details_hold() -> None:
    suite = ET.fromstring(junit([REPORT])).find("testsuite")
    assert suite is not None
    assert [(case.get("name"), [e.tag for e in case]) for case in suite] == [
        ("custody", []),
        ("tests", ["failure"]),
        ("test_a[1|2]", ["failure"]),
    ]


def test_sarif_names_file_and_line() -> None:
    (result,) = json.loads(sarif([REPORT]))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], result["level"]) == ("tests", "error")
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (
        "skill_tests/test_adder.py",
        7,
    )


def test_github_is_told_in_one_line_each_and_a_summary_without_markup_of_others() -> None:
    (line,) = annotations([REPORT])
    assert line.startswith("::error file=skill_tests/test_adder.py,line=7,title=gate%3A tests::adder: ")
    assert "| a\\|b | adder | none |" in summary([REPORT])


def test_a_scanners_errors_refuse_its_warnings_ask_and_its_notes_are_ignored() -> None:
    def document(*levels: str) -> bytes:
        results = [{"ruleId": "r", "level": level, "message": {"text": level}} for level in levels]
        return json.dumps({"runs": [{"results": results}]}).encode()

    outcomes = [
        read(document(*levels)).outcome for levels in (("error", "note"), ("warning",), ("note",), ())
    ]
    assert outcomes == [FAIL, INDECISIVE, PASS, PASS]


@pytest.mark.parametrize("output", [b"", b"[]", b"{}", b'{"runs": [{"results": [{}]}]}'])
def test_a_scanner_that_prints_no_sarif_is_no_verdict(output: bytes) -> None:
    with pytest.raises(SandboxError, match="did not print SARIF"):
        read(output)
