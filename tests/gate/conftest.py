"""Situations for the gate: a small skill with a script, its test file, and ways to change both."""

import hashlib
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from memento.changes import Exam, GateReport
from memento.gate.gate import TestGate
from memento.gate.harness import Harness
from memento.journal import Journal
from memento.sandbox.bubblewrap import Bubblewrap
from memento.testing.snapshots import MemorySnapshot
from memento.types import Exercise, File, Folder

DOCUMENT = """---
name: adder
description: Add up the numbers of a text file. Use when asked for the sum of a list of numbers.
metadata:
  memento-version: "{version}"
---
# Adder

Run `python3 /skill/scripts/add.py FILE` and answer with what it prints.
{extra}"""

SCRIPT = """import sys
print(sum(int(line) for line in open(sys.argv[1]) if line.strip()))
"""

BETTER_SCRIPT = """import sys
print(sum(int(line.replace(",", "")) for line in open(sys.argv[1]) if line.strip()))
"""

OLD_TEST = """
def test_plain_numbers(run_script):
    assert run_script("scripts/add.py", "n", files={"n": "1\\n2\\n"}).stdout == "3\\n"
"""

NEW_TEST = """

def test_thousands(run_script):
    assert run_script("scripts/add.py", "n", files={"n": "1,000\\n2\\n"}).stdout == "1002\\n"
"""


def folder(script: str = SCRIPT, *, version: str = "1.0.0", extra: str = "", **more: str) -> Folder:
    """The adder skill with another script, version, text or files (dots in names written as __)."""
    files = {"SKILL.md": DOCUMENT.format(version=version, extra=extra), "scripts/add.py": script}
    files |= {name.replace("__", "."): text for name, text in more.items()}
    return {name: File(data=text.encode()) for name, text in files.items()}


def snapshot(skill: Folder | None, test: str | None, **others: Folder) -> MemorySnapshot:
    skills = dict(others) if skill is None else {"adder": skill, **others}
    return MemorySnapshot(skills=skills, tests={} if test is None else {"adder": test.encode()})


def exam(test: str, *new_tests: str) -> Exam:
    data = test.encode()
    return Exam(skill="adder", test_file=data, new_tests=new_tests, digest=hashlib.sha256(data).hexdigest())


BASE = snapshot(folder(), OLD_TEST)
GOOD = snapshot(folder(BETTER_SCRIPT, version="1.0.1"), OLD_TEST + NEW_TEST)
EXAM = exam(OLD_TEST + NEW_TEST, "test_thousands")


@dataclass(frozen=True)
class Gatekeeper:
    """The gate with its parts at hand."""

    gate: TestGate

    def __call__(
        self,
        head: MemorySnapshot,
        *,
        base: MemorySnapshot = BASE,
        exam: Exam | None = EXAM,
        exercise: Exercise | None = None,
    ) -> GateReport:
        return self.gate(skill="adder", base=base, head=head, exam=exam, exercise=exercise)


def make_harness(state: Path) -> Harness:
    return Harness(
        sandbox=Bubblewrap(),
        journal=Journal(path=state / "state" / "journal.db"),
        new_word=lambda: secrets.token_hex(16),
    )


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return make_harness(tmp_path)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    """What all tests of a process have found out: the parent's green tests are run once."""
    return Journal(path=tmp_path_factory.mktemp("shared") / "journal.db")


@pytest.fixture
def gate(harness: Harness, shared: Journal) -> Gatekeeper:
    return Gatekeeper(TestGate(harness=replace(harness, journal=shared), clock=time.monotonic))


def changed(snapshot: MemorySnapshot, path: str, text: str) -> MemorySnapshot:
    """The snapshot with one file of the adder skill replaced or added."""
    own = {**snapshot.skills["adder"], path: File(data=text.encode())}
    return replace(snapshot, skills={**snapshot.skills, "adder": own})


collect_ignore = ["bad_edits"]
