"""Totals of ledgers: money columns are written by people, for people."""

import re

from memento.llm.simulated.kinds import Kind, Trap

LEDGERS = Kind(
    skill="ledger-totals",
    description=(
        "Add up a money column of a CSV ledger, statement or expense export and report the total. "
        "Use when asked for the total, sum or balance of amounts in a CSV file."
    ),
    asks=re.compile(r"\b(?:add up|total|sum)\b.*\bAmount\b", re.IGNORECASE),
    hint="amounts that people wrote for people",
    script="total.py",
    usage="FILE Amount",
    naive="awk -F, 'NR>1 {t+=$3} END {printf \"%.2f\\n\", t}' FILE",
    source='''
"""Add up a money column of a CSV file: total.py FILE COLUMN"""

import csv
import sys
from decimal import Decimal, InvalidOperation

FUNCTIONS


MENDS = [NAMES]


def main():
    file, column = sys.argv[1:3]
    total = Decimal(0)
    with open(file, newline="", encoding="utf-8") as source:
        for row in csv.DictReader(source):
            value = row[column].strip()
            for mend in MENDS:
                value = mend(value, row)
            try:
                total += Decimal(value)
            except InvalidOperation:
                print(f"not a number, left out: {value}", file=sys.stderr)
    print(f"{total:.2f}")


main()
''',
    basics="""
    rows = "Date,Payee,Amount\\n1,x,2.50\\n2,y,-1\\n"
    done = run_script("scripts/total.py", "a.csv", "Amount", files={"a.csv": rows})
    assert done.stdout.split()[-1] == "1.50"
""",
    traps=(
        Trap(
            name="thousands",
            label="thousands separators",
            symptom=re.compile(r"\d,\d{3}\.\d\d"),
            mend='''
def thousands(value, row):
    """1,250.00 is one number."""
    return value.replace(",", "")
''',
            rule="Thousands separators (`1,250.00`) belong to the number.",
            test="""
    rows = 'Date,Payee,Amount\\n1,x,"1,250.00"\\n2,y,"12,000.50"\\n3,z,9.50\\n'
    done = run_script("scripts/total.py", "a.csv", "Amount", files={"a.csv": rows})
    assert done.stdout.split()[-1] == "13260.00"
""",
        ),
        Trap(
            name="parentheses",
            label="amounts in parentheses",
            symptom=re.compile(r"\(\d+(?:\.\d+)?\)"),
            mend='''
def parentheses(value, row):
    """Accountants write minus 45.10 as (45.10)."""
    return "-" + value[1:-1] if value.startswith("(") and value.endswith(")") else value
''',
            rule="An amount in parentheses, `(45.10)`, is negative.",
            test="""
    rows = "Date,Payee,Amount\\n1,x,(45.10)\\n2,y,100.00\\n"
    done = run_script("scripts/total.py", "a.csv", "Amount", files={"a.csv": rows})
    assert done.stdout.split()[-1] == "54.90"
""",
        ),
        Trap(
            name="currency",
            label="currencies before the number",
            symptom=re.compile(r"(?:EUR|USD|\$|€) ?\d"),
            mend='''
def currency(value, row):
    """A currency may stand before the number."""
    return value.lstrip("EURSD$€ ")
''',
            rule="A currency sign or code before the number is not part of it.",
            test="""
    rows = "Date,Payee,Amount\\n1,x,EUR 12.50\\n2,y,$7.50\\n3,z,1.00\\n"
    done = run_script("scripts/total.py", "a.csv", "Amount", files={"a.csv": rows})
    assert done.stdout.split()[-1] == "21.00"
""",
        ),
        Trap(
            name="void",
            label="void rows",
            symptom=re.compile(r",void\b", re.IGNORECASE),
            mend='''
def void(value, row):
    """A void entry was taken back and does not count."""
    return "0" if row.get("Status", "").strip().lower() == "void" else value
''',
            rule="Rows whose Status is `void` do not count.",
            test="""
    rows = "Date,Payee,Amount,Status\\n1,x,10.00,paid\\n2,y,99.00,void\\n3,z,5.00,VOID\\n"
    done = run_script("scripts/total.py", "a.csv", "Amount", files={"a.csv": rows})
    assert done.stdout.split()[-1] == "10.00"
""",
        ),
    ),
)
