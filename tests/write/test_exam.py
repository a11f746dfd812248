"""The exam: written from the failure and the parent's contract, added to the test file byte by byte."""

import ast
import hashlib
import json
from dataclasses import replace

import pytest

from memento.changes import Exam
from memento.protocols import Parent
from memento.testing.scripted import ScriptedModel
from memento.types import Skill, Task
from memento.write.exam import LLMExamAuthor
from memento.write.region import BEGIN, END

SOURCE = """\
import json

def test_reads_separators(run_script):
    done = run_script("scripts/total.py", "a.csv", "Sum", files={"a.csv": "Sum\\n\\"1,500\\"\\n"})
    assert float(done.stdout) == 1500

def test_speaks_of_separators(skill):
    assert json and "separator" in skill.body
"""

OLD = f'''"""By hand."""

QUERIES = ("add up a column",)
NEAR_MISSES = ()


def test_reads_separators(skill):
    assert skill.body


{BEGIN}
{END}
# a remark at the end'''


def reply(source=SOURCE, queries=("total of a column",)):
    return json.dumps({"source": source, "queries": list(queries)})


def examined(lesson, parent, *replies):
    with ScriptedModel(replies or [reply()]) as model:
        return LLMExamAuthor(model=model)(lesson, parent)


def test_a_skill_without_tests_gets_a_whole_file(lesson, parent):
    exam = examined(lesson, parent)
    text = f'''"""Tests of the skill `sum-column`: what it promises, and what went wrong once."""

QUERIES = (
    "Add up the Amount column of ledger.csv.",
    "total of a column",
)
NEAR_MISSES = ()

{BEGIN}

# Episode ep-12, task ledger-3: Add up the Amount column of ledger.csv.
import json


def test_reads_separators_ep_12(run_script):
    done = run_script("scripts/total.py", "a.csv", "Sum", files={{"a.csv": "Sum\\n\\"1,500\\"\\n"}})
    assert float(done.stdout) == 1500


def test_speaks_of_separators_ep_12(skill):
    assert json and "separator" in skill.body


{END}
'''
    assert exam == Exam(
        skill="sum-column",
        test_file=text.encode(),
        new_tests=("test_reads_separators_ep_12", "test_speaks_of_separators_ep_12"),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "old",
    [
        OLD,
        OLD.replace(BEGIN, f"{BEGIN}\n\n# by hand  \n\n\n\n"),
        OLD.replace(BEGIN, "").replace(END, ""),
        "x = 1",
        "x = 1\n",
    ],
)
def test_an_existing_file_keeps_every_byte_outside_the_added_block(lesson, parent, old, newline):
    before = old.replace("\n", newline).encode()
    exam = examined(lesson, replace(parent, test=before))
    head, tail = before.split(END.encode()) if END in old else (before, b"")
    assert exam.test_file.startswith(head)
    assert exam.test_file.endswith(tail)
    assert exam.test_file.count(END.encode()) == 1
    assert (b"\r\n" in exam.test_file) == (newline == "\r\n" and b"\r\n" in before)
    ast.parse(exam.test_file)


def test_a_second_exam_joins_the_first_in_the_same_region(lesson, parent):
    first = examined(lesson, replace(parent, test=OLD.encode()))
    second = examined(replace(lesson, episode="ep-13"), replace(parent, test=first.test_file))
    text = second.test_file.decode()
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert names == ["test_reads_separators", *first.new_tests, *second.new_tests]
    assert second.new_tests == ("test_reads_separators_ep_13", "test_speaks_of_separators_ep_13")
    assert text.count("import json") == 1
    assert text.index("# Episode ep-12") < text.index("# Episode ep-13") < text.index(END)
    assert "\n\n\n\n" not in text


def test_a_name_that_is_taken_gets_a_number(lesson, parent):
    first = examined(lesson, parent)
    again = examined(lesson, replace(parent, test=first.test_file))
    assert again.new_tests == ("test_reads_separators_ep_12_2", "test_speaks_of_separators_ep_12_2")


def test_what_a_task_says_cannot_leave_its_comment(lesson, parent):
    text = f'x\n{END}\nimport os\r\u2028"""\nQUERIES = 1 "\\'
    task = Task(id="t\nimport os", text=text)
    exam = examined(
        replace(lesson, task=task, episode="a\nb"), parent, reply(queries=['"); import os', "\n"])
    )
    module = ast.parse(exam.test_file)
    assert [type(node).__name__ for node in module.body] == [
        "Expr", "Assign", "Assign", "Import", "FunctionDef", "FunctionDef",
    ]  # fmt: skip
    assert ast.literal_eval(module.body[1].value) == (
        f'x {END} import os """ QUERIES = 1 "\\',
        '"); import os',
    )
    assert ast.literal_eval(module.body[2].value) == ()
    assert exam.test_file.decode().splitlines().count(END) == 1


@pytest.mark.parametrize("empty", [b"", b"\n \n"])
def test_an_empty_test_file_is_a_new_one(lesson, parent, empty):
    assert examined(lesson, replace(parent, test=empty)) == examined(lesson, parent)


def test_a_refused_test_may_be_mended_once(lesson, parent):
    bad = reply("import pytest\ndef test_x(skill):\n    pytest.skip()\n    assert skill.body\n")
    with ScriptedModel([bad, reply()]) as model:
        assert LLMExamAuthor(model=model)(lesson, parent) == examined(lesson, parent)
    assert "of pytest only approx may be used" in model.requests[1].messages[-1].content
    assert examined(lesson, parent, bad, bad) is None


@pytest.mark.parametrize(
    "answer", ["no tests needed", reply(""), reply(f'def test_x(skill):\n    assert "{END}" in skill.body\n')]
)
def test_no_usable_test_is_no_exam(lesson, parent, answer):
    assert examined(lesson, parent, answer, answer) is None


def test_a_test_file_that_is_not_python_gets_no_exam(lesson, parent):
    assert examined(lesson, replace(parent, test=b"def broken(:\n")) is None


def test_the_author_is_shown_the_contract_and_no_earlier_idea(lesson, parent):
    with ScriptedModel([reply()]) as model:
        LLMExamAuthor(model=model)(replace(lesson, rejected=("strip the commas",)), parent)
    (request,) = model.requests
    system, user = request.messages
    assert request.purpose == "exam"
    for piece in ("<task>", "<contract>", "<folder>", '<file path="scripts/total.py">', "<trace>", "<blame>"):
        assert piece in user.content
    assert "run_script" in system.content
    assert "strip the commas" not in user.content + system.content


def test_a_charter_is_examined_before_the_skill_exists(lesson):
    charter = Skill(
        name="total-csv", description="Totals.", body="python3 /skill/scripts/total.py FILE COLUMN"
    )
    exam = examined(lesson, Parent(contract=charter))
    assert exam.skill == "total-csv"
    assert b"Tests of the skill `total-csv`" in exam.test_file
