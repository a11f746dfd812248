"""Print the total of the last column of a CSV file."""

import csv
import sys
from decimal import Decimal


def total(path):
    found = Decimal(0)
    with open(path, encoding="utf-8", newline="") as file:
        for row in list(csv.reader(file))[1:]:
            if row and row[-1].strip():
                found += Decimal(row[-1])
    return found


if __name__ == "__main__":
    print(f"{total(sys.argv[1]):.2f}")
