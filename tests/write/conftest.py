"""A failure to learn from: a column with thousands separators, summed by a skill that cannot read them."""

import pytest

from memento.changes import Lesson
from memento.protocols import Parent
from memento.skill import parse
from memento.types import (
    Blame,
    Fault,
    File,
    Result,
    Step,
    Stop,
    Task,
    Trajectory,
    Verdict,
)

SKILL_MD = b"""---
name: sum-column
description: Adds up a column of a CSV file. Use it for totals.
license: Apache-2.0
x-unknown: [kept, as it is]   # a remark
metadata:
  memento-version: "0.3.1"
---

# Sum a column

Run `python3 /skill/scripts/total.py FILE COLUMN`; it prints the total.
"""

TOTAL_PY = b"""import csv, sys

print(sum(float(row[sys.argv[2]]) for row in csv.DictReader(open(sys.argv[1]))))
"""


@pytest.fixture
def lesson():
    return Lesson(
        episode="ep-12",
        task=Task(id="ledger-3", text="Add up the Amount column of ledger.csv."),
        trajectory=Trajectory(
            steps=(
                Step(
                    index=1,
                    thought="",
                    tool="terminal",
                    arguments='{"command": "python3 /skill/scripts/total.py ledger.csv Amount"}',
                    output="ValueError: could not convert string to float: '1,5'",
                    exit_code=1,
                ),
            ),
            answer="0",
            stop=Stop.ANSWERED,
        ),
        verdict=Verdict(result=Result.FAILED, rationale="The answer is wrong.", by="checker", score=0.0),
        blame=Blame(fault=Fault.TOOL, skill="sum-column", explanation="It cannot read separators."),
        tips="# Tips\n\n- Look at the data first.\n",
    )


@pytest.fixture
def parent():
    contract = parse(SKILL_MD, folder="sum-column").skill
    folder = {
        "SKILL.md": File(data=SKILL_MD),
        "scripts/total.py": File(data=TOTAL_PY, executable=True),
    }
    return Parent(contract=contract, folder=folder)
