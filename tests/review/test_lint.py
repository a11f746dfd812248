"""What a library could do without is proposed as a branch, and a person decides."""

import itertools

import pytest

from memento.assemble.ambience import Ambience
from memento.assemble.gates import gate_of, journal_of
from memento.changes import Disposition, GateOutcome, Rewrite
from memento.config import load
from memento.gate.retirement import retirement
from memento.journal import Journal
from memento.library import land
from memento.review.lint import MANY, Advice, Linter, Why
from memento.sandbox.host import Host
from memento.skill import edit, new
from memento.testing.snapshots import MemorySnapshot
from memento.types import (
    Blame,
    ChangeKind,
    Episode,
    Fault,
    File,
    Result,
    Route,
    Stop,
    Task,
    Trajectory,
    Verdict,
)
from tests.library.changes import GREEN, propose

COUNT = itertools.count()
LATER = 1800000000.0
"""After every commit that a test makes."""


@pytest.fixture
def journal(library) -> Journal:
    return Journal(path=library.state / "journal.db")


def run(library, journal, skill: str, result: Result) -> None:
    failed = result is Result.FAILED
    journal.record(
        Episode(
            id=f"run {next(COUNT)}",
            task=Task(id="t", text="x"),
            attempt=0,
            library=library.tip(),
            model="scripted",
            route=Route(skill=skill, confidence=1.0),
            skill_tree=library.at().skill(skill).tree,
            trajectory=Trajectory(steps=(), answer="a", stop=Stop.ANSWERED),
            verdict=Verdict(result=result, rationale="", by="checker"),
            blame=Blame(fault=Fault.REASONING, skill=skill, explanation="") if failed else None,
            started=LATER,
        )
    )


def linter(library, journal, reaches: dict[str, str] | None = None) -> Linter:
    def reach(request, snapshot) -> Route:
        return Route(skill=(reaches or {}).get(request), confidence=1.0)

    return Linter(library=library, journal=journal, reach=reach)


def test_a_library_in_use_has_nothing_to_say(library, journal):
    for skill in ("greeter", "ledger-totals"):
        run(library, journal, skill, Result.PASSED)
    assert linter(library, journal).advice() == ()


def test_of_two_that_say_the_same_the_poorer_goes(library, journal):
    twin = "Adding up the amounts of a ledger. Use for a total of CSV files."
    files = {"skills/csv-sums/SKILL.md": new(name="csv-sums", description=twin, body="Add.")}
    library.commit_files(files, "a twin", {})
    run(library, journal, "csv-sums", Result.PASSED)
    (advice,) = linter(library, journal).advice()
    assert (advice.skill, advice.why, advice.into, advice.idea) == (
        "ledger-totals",
        Why.MERGE,
        "csv-sums",
        "merge into csv-sums",
    )
    run(library, journal, "csv-sums", Result.FAILED)
    run(library, journal, "ledger-totals", Result.PASSED)
    assert [(a.skill, a.into) for a in linter(library, journal).advice()] == [("csv-sums", "ledger-totals")]


def test_a_poor_record_needs_enough_outcomes(library, journal):
    for _ in range(4):
        run(library, journal, "greeter", Result.FAILED)
    assert linter(library, journal).advice() == ()
    run(library, journal, "greeter", Result.FAILED)
    assert linter(library, journal).advice() == (
        Advice(skill="greeter", why=Why.LOW_UTILITY, reason="its utility is 0.00 after 5 outcomes"),
    )


def test_a_skill_is_shadowed_when_all_its_own_requests_go_elsewhere(library, journal):
    library.commit_files({"skill_tests/test_greeter.py": b"QUERIES = ('hi', 'hello')\n"}, "tests", {})
    both = {"hi": "ledger-totals", "hello": "ledger-totals"}
    reason = "all 2 requests that its tests name go to ledger-totals"
    assert linter(library, journal, both).advice() == (
        Advice(skill="greeter", why=Why.SHADOWED, reason=reason),
    )
    for reaches in ({**both, "hi": "greeter"}, {"hi": "ledger-totals"}):
        assert linter(library, journal, reaches).advice() == ()


def test_a_skill_is_unused_only_after_many_runs_since_it_changed(library, journal):
    for _ in range(MANY - 1):
        run(library, journal, "ledger-totals", Result.PASSED)
    assert linter(library, journal).advice() == ()
    run(library, journal, "ledger-totals", Result.PASSED)
    assert [(a.skill, a.why) for a in linter(library, journal).advice()] == [("greeter", Why.UNUSED)]


def test_what_is_pinned_is_left_alone(library, journal):
    pinned = edit(library.at().folder("greeter")["SKILL.md"].data, metadata={"memento-pinned": "yes"})
    library.commit_files({"skills/greeter/SKILL.md": pinned}, "pin", {})
    for _ in range(5):
        run(library, journal, "greeter", Result.FAILED)
    assert linter(library, journal).advice() == ()


def test_a_retirement_is_an_open_branch_that_removes_the_skill_and_its_tests(library, journal, git):
    tip, advice = library.tip(), Advice(skill="greeter", why=Why.UNUSED, reason="nobody asked")
    done = linter(library, journal).propose(advice)
    assert (done.landing.disposition, library.tip()) == (Disposition.OPEN, tip)
    assert done.landing.report.reason == "person: a human must say whether the skill may go"
    (proposal,) = library.proposals()
    assert (proposal.kind, proposal.skill, proposal.idea) == (ChangeKind.RETIRE, "greeter", "retire: unused")
    gone = git("diff", "--name-status", tip, proposal.commit, cwd=library.root)
    assert gone == "D\tskill_tests/test_greeter.py\nD\tskills/greeter/SKILL.md\n"
    assert git("status", "--porcelain", cwd=library.root) == ""


def test_a_retirement_that_a_person_lands_leaves_the_other_skills(library, journal):
    linter(library, journal).propose(Advice(skill="greeter", why=Why.UNUSED, reason="nobody asked"))
    (proposal,) = library.proposals()
    landing = land(library, proposal, lambda old, new: GREEN, lambda report: {}, lambda *_: True)
    assert landing.disposition is Disposition.LANDED
    assert library.at().names() == ["ledger-totals"]
    assert library.at().test("greeter") is None
    assert not (library.root / "skills/greeter").exists()


def test_nothing_is_proposed_twice_nor_after_a_refusal(library, journal):
    advice = Advice(skill="greeter", why=Why.UNUSED, reason="nobody asked")
    first = linter(library, journal).propose(advice)
    assert linter(library, journal).propose(advice).note == "a proposal is open already"
    assert len(library.proposals()) == 1
    library.discard(first.landing.proposal)
    journal.ideas.reject(first.landing.proposal.id, "a person said no")
    assert linter(library, journal).propose(advice).note == "it was proposed before and refused"
    assert library.proposals() == ()


def test_a_retirement_of_what_others_point_to_is_discarded(library, journal):
    document = library.at().folder("ledger-totals")["SKILL.md"].data
    pointing = edit(document, body="Run scripts/total.py, then `greeter`.")
    library.commit_files({"skills/ledger-totals/SKILL.md": pointing}, "point", {})
    done = linter(library, journal).propose(Advice(skill="greeter", why=Why.UNUSED, reason="nobody asked"))
    assert done.landing.disposition is Disposition.DISCARDED
    assert done.landing.report.reason == "neighbours: these skills send their reader there: ledger-totals"


# ---------------------------------------------------------------- the gate of a retirement


def folder(body: str = "Do.", **metadata: str) -> dict[str, File]:
    return {"SKILL.md": File(data=new(name="a", description="d", body=body, metadata=metadata))}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"a": folder(), "b": folder()}, {}, "it touches files that are not its own: skills/b/SKILL.md"),
        ({"a": folder("<!-- memento:pin -->x<!-- memento:end-pin -->")}, {}, "text of it is pinned"),
        ({"a": folder(**{"memento-pinned": "yes"})}, {}, "text of it is pinned"),
    ],
)
def test_a_retirement_takes_only_its_own_and_nothing_pinned(before, after, reason):
    base, head = MemorySnapshot(skills=before), MemorySnapshot(skills=after)
    report = retirement("a", base, head)
    assert (report.outcome, report.reason) == (GateOutcome.FAIL, f"custody: {reason}")


def test_tests_do_not_stay_without_their_skill():
    base = MemorySnapshot(skills={"a": folder()}, tests={"a": b"x"})
    report = retirement("a", base, MemorySnapshot(tests={"a": b"x"}))
    assert report.reason == "custody: skill_tests/test_a.py would be left without its skill"


def test_a_name_that_only_begins_alike_is_no_pointer():
    stays = {"b": folder("See `a-b` and a.")}
    report = retirement("a", MemorySnapshot(skills={"a": folder(), **stays}), MemorySnapshot(skills=stays))
    assert (report.outcome, len(report.steps)) == (GateOutcome.INDECISIVE, 3)


def test_the_gate_itself_leaves_a_retirement_to_a_person(library):
    gate = gate_of(Host(), journal_of(library), Ambience(), config=load("", {}), environ={})
    rewrite = Rewrite(skill="greeter", kind=ChangeKind.RETIRE, folder={}, idea="go")
    head = library.at(propose(library, rewrite).commit)
    report = gate(skill="greeter", base=library.at(), head=head, exam=None)
    assert (report.outcome, [step.name for step in report.steps]) == (
        GateOutcome.INDECISIVE,
        ["custody", "neighbours", "person"],
    )


def test_the_gate_refuses_a_new_skill_that_repeats_another(library):
    gate = gate_of(Host(), journal_of(library), Ambience(), config=load("", {}), environ={})
    twin = new(
        name="csv-sums", description="Adding up the amounts of a ledger: total of CSV files.", body="Add."
    )
    rewrite = Rewrite(
        skill="csv-sums", kind=ChangeKind.CREATE, folder={"SKILL.md": File(data=twin)}, idea="add"
    )
    head = library.at(propose(library, rewrite).commit)
    report = gate(skill="csv-sums", base=library.at(), head=head, exam=None)
    assert report.outcome is GateOutcome.FAIL
    assert report.reason.endswith("extend ledger-totals instead")
    assert (
        gate(skill="csv-sums", base=head, head=head, exam=None).reason == "tests: nobody has written a test"
    )
