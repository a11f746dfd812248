"""SkillsBench and Harbor task folders: what is read, and tests that judge the workspace from a sandbox."""

import shutil
from pathlib import Path

import pytest

from memento.errors import UsageError
from memento.evals.datasets import harbor
from memento.evals.datasets.items import ByTests
from memento.evals.scoring.tests import passes
from memento.sandbox.bubblewrap import Bubblewrap
from memento.types import File

TESTS = """\
from pathlib import Path


def test_the_total_is_there():
    assert Path("/root/total.txt").read_text().strip() == "42"
"""
SCRIPT = """\
#!/bin/bash
mkdir -p /logs/verifier
if grep -qx 42 /app/total.txt; then echo 1 > /logs/verifier/reward.txt
else echo 0 > /logs/verifier/reward.txt; fi
"""


def task(root: Path, name: str, *, tests: dict[str, str], toml: str = "") -> Path:
    folder = root / name
    files = {
        "instruction.md": f"Write the total of /app/data.csv to /app/total.txt ({name}).\n",
        "task.toml": toml
        or '[metadata]\ndifficulty = "easy"\ncategory = "data"\n[verifier]\ntimeout_sec = 30.0\n',
        "environment/Dockerfile": "FROM python:3.12\nCOPY data.csv /app/\n",
        "environment/data.csv": "40\n2\n",
        "environment/skills/sums/SKILL.md": "---\nname: sums\n---\n",
        "solution/solve.sh": "echo 42 > /app/total.txt\n",
        **{f"tests/{name}": text for name, text in tests.items()},
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_a_folder_of_tasks_is_read_without_tests_solution_or_skills(tmp_path):
    task(tmp_path, "a", tests={"test_outputs.py": TESTS, "test.sh": "pip install pytest\n"})
    task(tmp_path, "b", tests={"test.sh": SCRIPT})
    dataset = harbor.load(tmp_path, "all")
    one = dataset.items[0]
    assert [item.id for item in dataset.items] == ["a", "b"]
    assert (one.level, one.subject) == ("easy", "data")
    assert one.exercise.gold is None
    assert dict(one.exercise.task.files) == {"data.csv": b"40\n2\n"}
    assert one.exercise.task.text.startswith("Write the total of /app/data.csv to /app/total.txt (a).\n\n")
    assert "solve" not in one.exercise.task.text
    assert one.scored.timeout_s == 30
    assert sorted(one.scored.tests) == ["test.sh", "test_outputs.py"]


@pytest.mark.parametrize(
    ("missing", "complaint"),
    [
        ("instruction.md", "a has no instruction.md"),
        ("tests", "a has no tests/test_.*py and no tests/test.sh"),
    ],
)
def test_a_task_that_is_not_whole_is_named(tmp_path, missing, complaint):
    folder = task(tmp_path, "a", tests={"test.sh": SCRIPT})
    shutil.rmtree(folder / missing) if (folder / missing).is_dir() else (folder / missing).unlink()
    with pytest.raises(UsageError, match=complaint):
        harbor.load(tmp_path, "all")


def test_a_task_toml_that_cannot_be_read_is_named(tmp_path):
    task(tmp_path, "a", tests={"test.sh": SCRIPT}, toml="[verifier]\ntimeout_sec = -1\n")
    with pytest.raises(UsageError, match=r"a/task.toml cannot be read"):
        harbor.load(tmp_path, "all")


def workspace(tmp_path: Path, total: str | None, **more: str) -> Path:
    folder = tmp_path / "left-behind"
    folder.mkdir()
    if total is not None:
        (folder / "total.txt").write_text(f"{total}\n")
    for name, text in more.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def check(**tests: str) -> ByTests:
    return ByTests(
        tests={name.replace("__", "."): File(data=text.encode()) for name, text in tests.items()},
        timeout_s=30,
    )


@pytest.mark.real
@pytest.mark.parametrize(
    "tests", [{"test_outputs__py": TESTS}, {"test__sh": SCRIPT}], ids=["pytest", "script"]
)
@pytest.mark.parametrize(("total", "passed"), [("42", True), (None, False)])
def test_the_tests_judge_the_workspace_that_the_agent_left(tmp_path, tests, total, passed):
    assert passes(check(**tests), workspace(tmp_path, total), Bubblewrap()) is passed


EXITS = "import os\n\n\ndef test_nothing():\n    os._exit(0)\n"
SKIPS = "import pytest\n\n\ndef test_nothing():\n    pytest.skip()\n"
FORGES = """\
import os
from pathlib import Path

REPORT = '<testsuites><testsuite tests="1" failures="0" errors="0" skipped="0"/></testsuites>'


def test_nothing():
    Path("/app/report.xml").write_text(REPORT)
"""
NOTHING = "x = 1\n"


@pytest.mark.real
@pytest.mark.parametrize("text", [EXITS, SKIPS, FORGES, NOTHING], ids=["exit", "skip", "forged", "no tests"])
def test_a_run_that_did_not_pass_every_test_is_no_pass(tmp_path, text):
    assert passes(check(test_outputs__py=text), workspace(tmp_path, "42"), Bubblewrap()) is False


@pytest.mark.real
def test_a_module_that_the_agent_left_is_not_imported_by_the_tests(tmp_path):
    left = workspace(tmp_path, "41", pytest__py="raise SystemExit(0)", pathlib__py="raise SystemExit(0)")
    assert passes(check(test_outputs__py=TESTS), left, Bubblewrap()) is False
