"""Errors in logs: a log is written by many programs, each in its own way."""

import re

from memento.llm.simulated.kinds import Kind, Trap

LOGS = Kind(
    skill="log-error-counts",
    description=(
        "Count the error entries in a service log and name the service with the most. "
        "Use when asked which service in a log file logged errors, and how many."
    ),
    asks=re.compile(r"\bservice\b.*\berrors\b", re.IGNORECASE),
    hint="entries that are written in another way",
    script="errors.py",
    usage="FILE",
    naive="grep ERROR FILE | awk '{print $3}' | sort | uniq -c | sort -rn | awk 'NR==1 {print $2, $1}'",
    source='''
"""Name the service with the most error entries of a log, and their number: errors.py FILE"""

import re
import sys
from collections import Counter

FUNCTIONS


MENDS = [NAMES]


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        lines = source.read().splitlines()
    for mend in MENDS:
        lines = mend(lines)
    entries = [line.split() for line in lines if re.search(r"\\bERROR\\b", line)]
    counts = Counter(entry[2] for entry in entries if len(entry) > 2)
    if counts:
        name, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
        print(name, count)


main()
''',
    basics="""
    log = "01 INFO web up\\n02 ERROR web down\\n03 ERROR db slow\\n04 ERROR db slow\\n"
    done = run_script("scripts/errors.py", "a.log", files={"a.log": log})
    assert done.stdout.split() == ["db", "2"]
""",
    traps=(
        Trap(
            name="repeats",
            label="repeated messages",
            symptom=re.compile(r"last message repeated \d+ times"),
            mend='''
def repeats(lines):
    """"last message repeated 3 times" stands for three more entries like the one before."""
    out = []
    for line in lines:
        again = re.search(r"last message repeated (\\d+) times", line)
        out.extend([out[-1]] * int(again.group(1)) if again and out else [line])
    return out
''',
            rule="`last message repeated N times` stands for N more entries like the one before.",
            test="""
    log = "01 ERROR web down\\n02 last message repeated 3 times\\n03 ERROR db slow\\n04 ERROR db slow\\n"
    done = run_script("scripts/errors.py", "a.log", files={"a.log": log})
    assert done.stdout.split() == ["web", "4"]
""",
        ),
        Trap(
            name="continuations",
            label="continuation lines",
            symptom=re.compile(r"^\s+.*\bERROR\b", re.MULTILINE),
            mend='''
def continuations(lines):
    """An indented line belongs to the entry above it and is no entry of its own."""
    return [line for line in lines if not line.startswith((" ", "\\t"))]
''',
            rule="Indented lines continue the entry above; they are not counted.",
            test="""
    log = "01 ERROR web down\\n   caused ERROR db lost\\n   caused ERROR db lost\\n02 ERROR web down\\n"
    done = run_script("scripts/errors.py", "a.log", files={"a.log": log})
    assert done.stdout.split() == ["web", "2"]
""",
        ),
        Trap(
            name="spellings",
            label="other spellings of ERROR",
            symptom=re.compile(r"\b(?:ERR|Error|error|FATAL)\b"),
            mend='''
def spellings(lines):
    """Some programs write ERR, Error or FATAL for the same level."""
    return [re.sub(r"^(\\S+) (?:ERR|Error|error|FATAL)\\b", r"\\1 ERROR", line) for line in lines]
''',
            rule="`ERR`, `Error` and `FATAL` are the same level as `ERROR`.",
            test="""
    log = "01 ERR web down\\n02 Error web down\\n03 FATAL web down\\n04 ERROR db slow\\n05 ERROR db slow\\n"
    done = run_script("scripts/errors.py", "a.log", files={"a.log": log})
    assert done.stdout.split() == ["web", "3"]
""",
        ),
    ),
)
