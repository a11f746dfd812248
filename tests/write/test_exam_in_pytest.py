"""An authored exam, collected and run by a real pytest: red on the parent, green on a repair."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from memento.testing.scripted import ScriptedModel
from memento.write.exam import LLMExamAuthor
from memento.write.rewriter import LLMRewriter

SOURCE = """\
def test_reads_separators(run_script):
    done = run_script("scripts/total.py", "a.csv", "Sum", files={"a.csv": 'Sum\\n"1,500"\\n2\\n'})
    assert (done.exit_code, float(done.stdout)) == (0, 1502)
"""
MENDED = """import csv, sys

with open(sys.argv[1]) as source:
    print(sum(float(row[sys.argv[2]].replace(",", "")) for row in csv.DictReader(source)))
"""


def run(tmp_path, folder, exam):
    """pytest's report lines, one per test."""
    for name, file in folder.items():
        path = tmp_path / "skills" / exam.skill / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    test = tmp_path / "skill_tests" / "test_sum_column.py"
    test.parent.mkdir(exist_ok=True)
    test.write_bytes(exam.test_file)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--rootdir", tmp_path, test],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
    )
    lines = [
        line.split("::")[1].split()[:2] for line in done.stdout.splitlines() if "::" in line and "[" in line
    ]
    return dict(lines)


@pytest.mark.parametrize("old", [None, b'"""By hand."""\n\n\ndef test_body(skill):\n    assert skill.body\n'])
def test_an_exam_is_red_on_the_parent_and_green_on_a_repair(tmp_path, lesson, parent, old):
    parent = replace(parent, test=old)
    repair = {"idea": "Strip.", "files": [{"path": "scripts/total.py", "content": MENDED}]}
    with ScriptedModel([json.dumps({"source": SOURCE}), json.dumps(repair)]) as model:
        exam = LLMExamAuthor(model=model)(lesson, parent)
        rewrite = LLMRewriter(model=model)(lesson, parent, discover=False)
    by_hand = {"test_body": "PASSED"} if old else {}
    (new,) = exam.new_tests
    assert run(tmp_path / "parent", parent.folder, exam) == {**by_hand, new: "FAILED"}
    assert run(tmp_path / "candidate", rewrite.folder, exam) == {**by_hand, new: "PASSED"}
