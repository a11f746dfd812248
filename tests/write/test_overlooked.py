"""A skill that was not found: an exam of requests, and a description that leaves the rest as it is."""

import json
from dataclasses import replace

import pytest

from memento.protocols import Parent
from memento.skill import edit
from memento.testing.scripted import ScriptedModel
from memento.types import Blame, ChangeKind, Fault, File
from memento.write.overlooked import exam_author, rewriter

TASK = "Add up the Amount column of ledger.csv."
BETTER = "Adds up a column of a table, sheet or CSV file. Use it for sums and totals."


@pytest.fixture
def lesson(lesson):
    return replace(
        lesson, blame=Blame(fault=Fault.ROUTING, skill="sum-column", explanation="It was there for this.")
    )


def requests(**changes):
    return json.dumps(
        {"requests": ["What do  our\nexpenses come to?"], "near_misses": ["Draw the amounts."]} | changes
    )


def description(text=BETTER, idea="say sheet, too"):
    return json.dumps({"idea": idea, "description": text})


def examined(lesson, parent, *replies):
    with ScriptedModel(replies) as model:
        return exam_author(model)(lesson, parent), model.requests


def described(lesson, parent, *replies):
    with ScriptedModel(replies) as model:
        return rewriter(model, most_hunks=4)(lesson, parent, discover=True), model.requests


def test_the_exam_is_one_test_with_requests_on_both_sides_of_the_line(lesson, parent):
    exam, (asked,) = examined(lesson, parent, requests())
    assert asked.purpose == "requests"
    assert exam.new_tests == ("test_requests_reach_it_ep_12",)
    assert """
def test_requests_reach_it_ep_12(route):
    assert route("Add up the Amount column of ledger.csv.") == "sum-column"
    assert route("What do our expenses come to?") == "sum-column"
    assert route("Draw the amounts.") != "sum-column"
""" in exam.test_file.decode()


@pytest.mark.parametrize("near", [[], [TASK], [" "]], ids=["none", "the task itself", "blank"])
def test_without_a_near_miss_there_is_no_exam(lesson, parent, near):
    reply = requests(near_misses=near)
    assert examined(lesson, parent, *[reply] * (1 if near else 2))[0] is None


def test_only_the_description_changes(lesson, parent):
    rewrite, (asked,) = described(lesson, parent, description(f"  {BETTER[:20]}\n{BETTER[20:]}"))
    old = parent.folder["SKILL.md"]
    new = replace(old, data=edit(old.data, description=BETTER))
    assert asked.purpose == "describe"
    assert (rewrite.kind, rewrite.idea) == (ChangeKind.OPTIMISE, "say sheet, too")
    assert rewrite.folder == {**parent.folder, "SKILL.md": new}
    assert new.data.partition(b"license:")[2] == old.data.partition(b"license:")[2]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Adds up columns, also of ledger.csv.", "'ledger.csv', which is special to this task"),
        ("Adds up. Please add up the amount column of ledger files.", "repeats the task"),
    ],
    ids=["a name of the task", "the task's wording"],
)
def test_a_description_that_speaks_of_the_task_is_quoted_back_once_and_then_dropped(
    lesson, parent, text, why
):
    mended, asked = described(lesson, parent, description(text), description())
    assert BETTER in mended.folder["SKILL.md"].data.decode()
    assert why in asked[1].messages[-1].content
    assert described(lesson, parent, description(text), description(text))[0] is None


@pytest.mark.parametrize(
    "reply",
    [description("Adds up a column of a CSV file. Use it for totals."), description(idea="Try  harder.")],
    ids=["no change", "a refused idea"],
)
def test_what_is_no_new_description_is_none(lesson, parent, reply):
    assert described(replace(lesson, rejected=("try harder.",)), parent, reply)[0] is None


def test_who_describes_never_sees_the_exam_and_neither_sees_the_other(lesson, parent):
    _, exam_asked = examined(lesson, parent, requests())
    _, asked = described(replace(lesson, rejected=("an idea of before",)), parent, description())
    assert "expenses" not in str(asked)
    assert "an idea of before" in str(asked)
    assert "an idea of before" not in str(exam_asked)


@pytest.mark.parametrize(
    "blame",
    [
        Blame(fault=Fault.TOOL, skill="sum-column", explanation="x"),
        Blame(fault=Fault.ROUTING, skill=None, explanation="x"),
    ],
    ids=["its text is wrong", "no skill is named"],
)
def test_any_other_blame_leads_to_the_usual_exam_and_rewrite(lesson, parent, blame):
    lesson = replace(lesson, blame=blame)
    assert [r.purpose for r in examined(lesson, parent, "no", "no")[1]] == ["exam", "exam"]
    assert [r.purpose for r in described(lesson, parent, "no", "no")[1]] == ["rewrite", "rewrite"]


def test_a_skill_that_does_not_exist_cannot_have_been_overlooked(lesson, parent):
    charter = Parent(contract=parent.contract, folder={}, test=None)
    assert [r.purpose for r in examined(lesson, charter, "no", "no")[1]] == ["exam", "exam"]


def test_what_the_description_says_already_may_stay_though_the_task_says_it_too(lesson, parent):
    alike = replace(lesson, task=replace(lesson.task, text="It adds up a column of a CSV file."))
    better = f"{parent.contract.description} And for sums."
    assert better in described(alike, parent, description(better))[0].folder["SKILL.md"].data.decode()


def test_a_long_or_short_task_is_not_pasted_either(lesson, parent):
    short = replace(lesson, task=replace(lesson.task, text="Tally the votes."))
    assert described(short, parent, *[description("Use it to tally the votes, too.")] * 2)[0] is None
    kept = {**parent.folder, "notes.md": File(data=b"x")}
    rewrite, _ = described(short, replace(parent, folder=kept), description("Counts. Use it to tally."))
    assert rewrite.folder["notes.md"] == File(data=b"x")
