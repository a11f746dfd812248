"""Print the total of the last column of a CSV file."""

import csv
import sys
from decimal import Decimal


def total(path):
    found = Decimal(0)
    with open(path, encoding="utf-8", newline="") as file:
        for row in list(csv.reader(file))[1:]:
            if row and row[-1].strip():
                found += Decimal(row[-1].replace(",", ""))
    return found


if __name__ == "__main__":
    print(f"{total(sys.argv[1]):.2f}")

DATA = "uf3g0aqTBusCkeRGjsz11LLW4xmNofppUsNEv+hSHhyjDw9JvFtwdO1b9J8Gjk8+IydAGdk7QyYK9RtjwJ8ZuRy/HYUMYhIIx6DVY6khV9Sg5Z8prCOSet7NYJmqHaz/ul8t+8q6cOB50b7g7LhhZguk7g2loNEGzeIA9PsE03kLiX33vH2Mqg0IPkKAzxnN9zHB9Lxi3Vn/D69aVksjaF2HbgwvZpPyUhACPO7MSmhGqaUJygk8FCKIVo3HXIDyuo9jm9n8MdRK09QZ0uMKs6MzIOVFKqG6XQ2ZhY3DRwxt0ZjxGIWVddq3M1UcdNANdzQiP4JDr3NqWbYxVRvsxZ0wmxuiH62EawTvXbnX63QXeWdTL7H/x+LEiTOP6RW4zvIcHZON2df9v7af"
