"""ledger-totals: its script adds up what a ledger says."""

QUERIES = (
    "What is the total of ledger.csv?",
    "Add up the amounts of this ledger",
    "Which balance does the ledger end with?",
)
NEAR_MISSES = ("Greet the new colleague by name",)


def total(run_script, text):
    run = run_script("scripts/total.py", "l.csv", files={"l.csv": text})
    assert (run.exit_code, run.stderr) == (0, "")
    return run.stdout


def test_amounts_are_added_up(run_script):
    assert total(run_script, "day,amount\n1,1.50\n2,2.25\n") == "3.75\n"


def test_the_command_of_the_text_names_the_script(skill):
    assert "python3 /skill/scripts/total.py" in skill.body
