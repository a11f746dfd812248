import pytest

QUERIES = ("How many days lie between 2024-01-01 and 2024-03-01?", "Count the days between two dates")
NEAR_MISSES = ("Add up the amounts of this ledger",)


@pytest.mark.parametrize(("first", "last", "days"), [("2024-01-01", "2024-03-01", 60), ("2024-03-01", "2024-01-01", 60)])
def test_days_are_counted_in_either_order(run_script, first, last, days):
    assert run_script("scripts/days.py", first, last).stdout == f"{days}\n"
