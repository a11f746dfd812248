"""How far a rewrite may go, and what of the failing task it may not say."""

import json

import pytest

from memento.changes import Rewrite
from memento.skill.specifics import specific_to
from memento.testing.scripted import ScriptedModel
from memento.types import ChangeKind, File, Task
from memento.write.bounds import hunks, objection
from memento.write.rewriter import LLMRewriter

LINES = [f"line {n}" for n in range(100)]


def folder(**changes):
    """A document whose numbered lines say something else."""
    lines = [changes.get(f"l{n}", line) for n, line in enumerate(LINES)]
    return {"SKILL.md": File(data="\n".join(lines).encode())}


@pytest.mark.parametrize(
    ("after", "places"),
    [
        (folder(), 0),
        (folder(l5="x"), 1),
        (folder(l5="x", l6="y"), 1),
        (folder(l5="x", l11="y"), 1),
        (folder(l5="x", l50="y"), 2),
        (folder(l1="x", l20="x", l40="x", l60="x", l80="x"), 5),
        ({**folder(), "scripts/a.py": File(data=b"1\n2\n3\n")}, 1),
        ({}, 1),
        ({"SKILL.md": File(data=folder()["SKILL.md"].data, executable=True)}, 1),
    ],
)
def test_places_are_counted_as_a_unified_diff_counts_them(after, places):
    assert hunks(folder(), after) == places


def rewrite(files, kind=ChangeKind.OPTIMISE):
    return Rewrite(skill="sum-column", kind=kind, folder=files, idea="x")


def test_an_optimising_rewrite_changes_few_places_and_any_other_as_many_as_it_needs(lesson, parent):
    base = dict(parent.folder)
    many = {**base, **{f"references/{n}.md": File(data=b"general\n") for n in range(5)}}
    assert "changes 5 places, and at most 4 may" in objection(rewrite(many), lesson, parent, most_hunks=4)
    assert objection(rewrite(many), lesson, parent, most_hunks=5) is None
    assert objection(rewrite(many, ChangeKind.DISCOVER), lesson, parent, most_hunks=4) is None


TASK = Task(
    id="t",
    text='What did Acme pay in report-7.csv, and is 4,250.75 in "the big book" of 1998? Add 12 to it.',
    files={"report-7.csv": b"Date,Payee,Amount\n2024-01-02,Borg Ltd,17.20\n\nno digits in this long line\n"},
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Open report-7.csv first.", "report-7.csv"),
        ("It is 4,250.75 as a rule.", "4,250.75"),
        ("Years such as 1998 are dates.", "1998"),
        ("Ask Acme.", "Acme"),
        ("See the big book.", "the big book"),
        ("e.g. 2024-01-02,Borg Ltd,17.20", "2024-01-02,Borg Ltd,17.20"),
        ("Acmeology and report-7.csvx and 19981", None),
        ("Add 12, or 17.20, to the Date column.", None),
        ("no digits in this long line", None),
        ("What is asked is in the CSV.", None),
    ],
)
def test_what_is_special_to_a_task_is_found_as_a_whole_word(text, found):
    assert specific_to(text, TASK) == found


def test_what_the_skill_says_already_may_stay():
    assert specific_to("Ask Acme.", TASK, allowed="Acme keeps the books.") is None


def reply(content, idea="Strip."):
    return json.dumps({"idea": idea, "files": [{"path": "scripts/total.py", "content": content}]})


def test_a_rewrite_that_speaks_of_the_task_is_quoted_back_once_with_the_reason(lesson, parent):
    with ScriptedModel([reply("# ledger.csv\nprint(1)\n"), reply("print(1)\n")]) as model:
        found = LLMRewriter(model=model)(lesson, parent, discover=False)
    assert found.folder["scripts/total.py"].data == b"print(1)\n"
    again = model.requests[1].messages
    assert [m.role for m in again] == ["system", "user", "assistant", "user"]
    assert "it holds 'ledger.csv', which is special to this task" in again[-1].content


def test_a_rewrite_that_stays_special_is_none(lesson, parent):
    with ScriptedModel([reply("# ledger.csv\n"), reply("# still ledger.csv\n")]) as model:
        assert LLMRewriter(model=model)(lesson, parent, discover=False) is None
