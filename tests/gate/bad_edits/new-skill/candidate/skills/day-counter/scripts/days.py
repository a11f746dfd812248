import sys
from datetime import date

first, last = (date.fromisoformat(text) for text in sys.argv[1:3])
print(abs((last - first).days))
