import sys
from decimal import Decimal

print("match" if Decimal(sys.argv[1]) == Decimal(sys.argv[2]) else "differ")
