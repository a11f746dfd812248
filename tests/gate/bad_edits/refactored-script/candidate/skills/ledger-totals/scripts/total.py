"""Print the total of the last column of a CSV file."""

import csv
import sys
from decimal import Decimal


def total(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return sum((Decimal(row[-1]) for row in rows if row and row[-1].strip()), Decimal(0))


if __name__ == "__main__":
    print(f"{total(sys.argv[1]):.2f}")
