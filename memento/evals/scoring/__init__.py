"""How answers of each dataset are scored; judge.py puts the scorers behind the loop's Judge."""
