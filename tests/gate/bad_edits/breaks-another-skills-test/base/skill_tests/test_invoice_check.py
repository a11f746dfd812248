import subprocess
import sys

QUERIES = ("Verify this invoice against its bookings", "Reconcile the invoice of May")


def test_two_amounts_are_compared(run_script):
    assert run_script("scripts/compare.py", "1.0", "1.00").stdout == "match\n"
    assert run_script("scripts/compare.py", "1.0", "1.01").stdout == "differ\n"


def test_the_total_of_the_other_skill_can_be_read(skill, tmp_path):
    script = skill.path.parent / "ledger-totals" / "scripts" / "total.py"
    (tmp_path / "l.csv").write_text("day,amount\n1,1.5\n")
    argv = [sys.executable, str(script), str(tmp_path / "l.csv")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == "1.50\n"
    assert "ledger-totals" in skill.body
