"""Print the number of data rows of a CSV file."""

import csv
import sys

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    print(len(list(csv.reader(file))) - 1)
