"""Spans between dates: people write dates in more ways than one."""

import re

from memento.llm.simulated.kinds import Kind, Trap

DATES = Kind(
    skill="date-spans",
    description=(
        "Work out how many days lie between the earliest and the latest date in a text file. "
        "Use when asked for a span, duration or number of days between dates listed in a file."
    ),
    asks=re.compile(r"\bdays\b.*\bearliest\b.*\blatest\b", re.IGNORECASE),
    hint="dates that are written in another way",
    script="span.py",
    usage="FILE",
    naive="grep -oE '[0-9]{4}-[0-9]{2}-[0-9]{2}' FILE | sort | sed -n '1p;$p' | "
    'xargs sh -c \'echo $(( ($(date -d "$1" +%s) - $(date -d "$0" +%s)) / 86400 ))\'',
    source='''
"""Days between the earliest and the latest date in a text file: span.py FILE"""

import datetime
import re
import sys

FUNCTIONS


MENDS = [NAMES]


def main():
    dates = []
    with open(sys.argv[1], encoding="utf-8") as source:
        for line in source:
            for mend in MENDS:
                line = mend(line)
            dates += [datetime.date.fromisoformat(d) for d in re.findall(r"\\b\\d{4}-\\d\\d-\\d\\d\\b", line)]
    print((max(dates) - min(dates)).days if dates else "no dates")


main()
''',
    basics="""
    done = run_script("scripts/span.py", "d.txt", files={"d.txt": "a 2024-02-28\\nb 2024-03-01\\n"})
    assert done.stdout.split() == ["2"]
""",
    traps=(
        Trap(
            name="dotted",
            label="dotted dates",
            symptom=re.compile(r"\b\d\d\.\d\d\.\d{4}\b"),
            mend='''
def dotted(line):
    """31.12.2024 is day, month, year."""
    return re.sub(r"\\b(\\d\\d)\\.(\\d\\d)\\.(\\d{4})\\b", r"\\3-\\2-\\1", line)
''',
            rule="`31.12.2024` is day, month, year.",
            test="""
    done = run_script("scripts/span.py", "d.txt", files={"d.txt": "a 2024-01-01\\nb 31.12.2024\\n"})
    assert done.stdout.split() == ["365"]
""",
        ),
        Trap(
            name="month_names",
            label="named months",
            symptom=re.compile(r"\b(?:January|March|May|July|October|December) \d{1,2}, \d{4}"),
            mend='''
def month_names(line):
    """March 5, 2024 names its month."""
    months = "January February March April May June July August September October November December".split()
    return re.sub(
        r"\\b(" + "|".join(months) + r") (\\d{1,2}), (\\d{4})",
        lambda m: f"{m[3]}-{months.index(m[1]) + 1:02}-{int(m[2]):02}",
        line,
    )
''',
            rule="A month may be named: `March 5, 2024`.",
            test="""
    done = run_script("scripts/span.py", "d.txt", files={"d.txt": "a 2024-03-01\\nb March 15, 2024\\n"})
    assert done.stdout.split() == ["14"]
""",
        ),
        Trap(
            name="cancelled",
            label="cancelled dates",
            symptom=re.compile(r"\(cancelled\)", re.IGNORECASE),
            mend='''
def cancelled(line):
    """A cancelled date does not count."""
    return "" if "(cancelled)" in line.lower() else line
''',
            rule="Lines marked `(cancelled)` do not count.",
            test="""
    text = "a 2024-01-01\\nb 2024-01-11\\nc 2025-01-01 (cancelled)\\n"
    done = run_script("scripts/span.py", "d.txt", files={"d.txt": text})
    assert done.stdout.split() == ["10"]
""",
        ),
    ),
)
