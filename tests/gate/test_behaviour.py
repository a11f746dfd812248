"""The behaviour step: an agent with a model, and what it may and may not decide."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from memento.assemble.ambience import Ambience
from memento.assemble.gates import gate_of
from memento.changes import Evidence, GateOutcome, GateReport
from memento.config import load
from memento.gate.behaviour import ALPHA, LEAST, SAMPLES, Compared, gain, harm, judge
from memento.gate.cases import Case
from memento.gate.plan import plan
from memento.journal import Journal
from memento.protocols import Snapshot
from memento.sandbox.bubblewrap import Bubblewrap
from memento.testing.loopback import LoopbackServer
from tests.gate.conftest import BETTER_SCRIPT, EXAM, NEW_TEST, OLD_TEST, Gatekeeper, exam, folder, snapshot

TABLE = "BEHAVIOUR = (\n{}\n)\n".format(
    "\n".join(f'    ("Add up {n} and 1.", "{n + 1}"),' for n in range(LEAST))
)
ASKED = (
    '\n\nimport pytest\n\n\n@pytest.mark.parametrize(("task", "answer"), BEHAVIOUR)\n'
    "def test_agent(solve, task, answer):\n    assert solve(task) == answer\n"
)
PASS, FAIL, INDECISIVE = GateOutcome


def test_cases_are_read_as_data_from_a_table_and_from_plain_asserts() -> None:
    source = b"""
import pytest
BEHAVIOUR = [("a", "1"), ("b", "2"), ("c", open("x").read())]
@pytest.mark.parametrize(("task", "answer"), BEHAVIOUR)
def test_table(solve, task, answer):
    assert solve(task) == answer
def test_plain(solve):
    assert solve("d") == "4"
def test_other_form(solve):
    assert len(solve("e")) > 3
def test_no_model(skill):
    assert skill
"""
    found = plan(source)
    assert found.behaviour == (
        Case(test="test_table", task="a", answer="1"),
        Case(test="test_table", task="b", answer="2"),
        Case(test="test_plain", task="d", answer="4"),
    )
    assert found.model == {"test_table", "test_plain", "test_other_form"}


@pytest.mark.parametrize(
    ("differences", "probability"), [([], 1.0), ([0, 0], 1.0), ([1], 0.5), ([2, 1], 0.25), ([3, -1], 0.5)]
)
def test_gain_is_the_exact_share_of_signs_that_do_as_well(differences: list[int], probability: float) -> None:
    assert (gain(differences), harm([-each for each in differences])) == (probability, probability)


def compared(candidate: int, parent: int, times: int) -> list[Compared]:
    return [Compared(candidate=candidate, parent=parent, pairs=SAMPLES)] * times


@pytest.mark.parametrize(
    ("seen", "outcome", "supports"),
    [
        (compared(3, 3, 20), PASS, Evidence.HARMLESS),
        (compared(3, 3, 16) + compared(2, 3, 4), PASS, Evidence.HARMLESS),  # 1 in 16 by chance
        (compared(3, 3, 15) + compared(2, 3, 5), FAIL, None),  # 1 in 32
        (compared(3, 3, 15) + compared(3, 2, 5), PASS, Evidence.GAIN),
        (compared(3, 2, 19), INDECISIVE, None),
        (compared(0, 3, 6), FAIL, None),
        (compared(0, 0, 20), INDECISIVE, None),
    ],
)
def test_harm_fails_gain_is_e5_a_tie_is_e4_and_too_little_is_indecisive(
    seen: list[Compared], outcome: GateOutcome, supports: Evidence | None
) -> None:
    answer = judge(seen, "model")
    assert (answer.outcome, answer.supports) == (outcome, supports)


def test_the_brake_lets_chance_alone_stop_at_most_one_change_in_twenty() -> None:
    worst = max(p for p in (harm([-1] * n + [0] * (LEAST - n)) for n in range(LEAST)) if p <= ALPHA)
    assert 0.03 < worst <= ALPHA


# ---------------------------------------------------------------- in the gate


@dataclass
class Scripted:
    """An agent that knows which library it is asked about; `asked` counts."""

    right: Callable[[str], bool | None]
    """By the version of the skill, "" for none."""
    model: str = "SIMULATED scripted"
    asked: int = 0

    def __call__(self, case: Case, skill: str, library: Snapshot) -> bool | None:
        self.asked += 1
        held = library.skill(skill)
        return self.right(held.version if held else "")


def gated(gate: Gatekeeper, solver: Scripted | None, *, table: str = TABLE, old: bool = True) -> GateReport:
    asking = replace(gate.gate, solver=solver)
    before, after = table + OLD_TEST + ASKED, table + OLD_TEST + ASKED + NEW_TEST
    base = snapshot(folder(), before) if old else snapshot(None, None)
    head = snapshot(folder(BETTER_SCRIPT, version="1.0.1"), after)
    return asking(skill="adder", base=base, head=head, exam=exam(after, "test_thousands"))


def last(report: GateReport) -> tuple[str, str]:
    return report.steps[-1].name, report.steps[-1].detail


@pytest.mark.real
def test_a_candidate_that_does_harm_fails_and_no_more_is_asked_than_needed(gate: Gatekeeper) -> None:
    solver = Scripted(lambda version: version == "1.0.0")
    report = gated(gate, solver)
    assert (report.outcome, last(report)[0]) == (FAIL, "behaviour")
    assert solver.asked < LEAST * SAMPLES * 2


@pytest.mark.real
@pytest.mark.parametrize(
    ("right", "evidence"), [(lambda _: True, Evidence.HARMLESS), (lambda v: v == "1.0.1", Evidence.GAIN)]
)
def test_a_harmless_candidate_is_e4_and_a_better_one_e5(
    gate: Gatekeeper, right: Callable[[str], bool], evidence: Evidence
) -> None:
    report = gated(gate, Scripted(right))
    assert (report.outcome, report.evidence, report.needs_model) == (PASS, evidence, ())


@pytest.mark.real
def test_a_new_skill_is_compared_with_no_skill(gate: Gatekeeper) -> None:
    report = gated(gate, Scripted(lambda version: version != ""), old=False)
    assert (report.outcome, report.evidence) == (PASS, Evidence.GAIN)


@pytest.mark.real
def test_cases_that_could_not_be_judged_are_no_evidence(gate: Gatekeeper) -> None:
    report = gated(gate, Scripted(lambda _: None))
    assert (report.outcome, last(report)) == (
        INDECISIVE,
        ("behaviour", "only 0 cases could be judged, 20 are needed: 0 of 0 solved, 0 before, "
                      "with SIMULATED scripted"),
    )  # fmt: skip


@pytest.mark.real
def test_without_a_model_or_with_too_few_cases_nothing_is_asked_and_nothing_claimed(gate: Gatekeeper) -> None:
    few = Scripted(lambda _: True)
    reports = [gated(gate, None), gated(gate, few, table='BEHAVIOUR = (("Add up 1 and 1.", "2"),)\n')]
    assert [(r.outcome, r.evidence, r.needs_model) for r in reports] == [
        (PASS, Evidence.RED_TO_GREEN, ("test_agent",))
    ] * 2
    assert few.asked == 0


@pytest.mark.real
def test_the_parents_cases_cannot_be_taken_out_of_the_way(gate: Gatekeeper) -> None:
    solver = Scripted(lambda version: version == "1.0.0")
    base = snapshot(folder(), TABLE + OLD_TEST + ASKED)
    head = snapshot(folder(BETTER_SCRIPT, version="1.0.1"), "BEHAVIOUR = ()\n" + OLD_TEST + ASKED + NEW_TEST)
    assert replace(gate.gate, solver=solver)(skill="adder", base=base, head=head, exam=None).outcome is FAIL


@pytest.mark.real
def test_the_whole_agent_is_asked_over_http_with_the_candidates_text_and_the_parents(tmp_path: Path) -> None:
    def answer(body: object) -> str:
        text = str(body)
        return next((f"{n + 1}" for n in reversed(range(LEAST)) if f"Add up {n} and 1." in text), "?")

    with LoopbackServer(answer, model="SIMULATED") as server:
        config = load(
            "[gate]\nbehaviour = true\n[model]\nname = 'SIMULATED'\n", {"OPENAI_BASE_URL": server.base_url}
        )
        gate = gate_of(
            Bubblewrap(), Journal(path=tmp_path / "journal.db"), Ambience(), config=config, environ={}
        )
        test = TABLE + OLD_TEST + ASKED + NEW_TEST
        report = replace(gate, routes=None)(
            skill="adder",
            base=snapshot(folder(), TABLE + OLD_TEST + ASKED),
            head=snapshot(folder(BETTER_SCRIPT, version="1.0.1", extra="Separators are fine."), test),
            exam=exam(test, *EXAM.new_tests),
        )
        seen = [str(request.body) for request in server.requests if "messages" in request.body]
    assert (report.outcome, report.evidence) == (PASS, Evidence.HARMLESS), report.reason
    told = sum("Separators are fine." in text for text in seen)
    assert (len(seen), told) == (LEAST * SAMPLES * 2, LEAST * SAMPLES)
