QUERIES = ("Greet Ada by name", "Write a greeting for our visitor")
NEAR_MISSES = ("Add up the amounts of this ledger",)


def test_the_name_is_greeted(run_script):
    assert run_script("scripts/greet.py", "Ada").stdout == "Hello, Ada!\n"
