"""terminal: its script finds the trouble in a log, and its commands are good bash."""

import json
import re
import subprocess

QUERIES = (
    "Run the test suite with pytest and tell me which test fails",
    "Execute build.sh and explain the exit code",
    "Which version of Python is installed on this machine?",
    "My program crashes with a traceback, debug it",
    "Compile main.c and show the compiler errors",
    "Find the first error in the build log",
    "How much disk space is left? Check with a shell command",
    "Run make and summarise the output",
)
NEAR_MISSES = (
    "Rename all reports in the folder to lower case",
    "Search the web for what error 0x80070057 means",
    "Open https://ci.example.org/job/12 and quote the last paragraph",
    "Create a skill for writing release notes",
    "Convert the line endings of notes.txt",
    "Find recent news about the compiler conference",
)

LOG = "\n".join(
    [
        "start",
        "\x1b[32m0 errors, 0 warnings\x1b[0m",
        "step 1\rstep 2\rstep 3",
        "main.c:12: error: expected ';'",
        "main.c:40: error: expected ';'",
        "ValueError: bad row 7",
        "make: *** [all] Error 2",
        "done",
    ]
)


def summary(run_script, log, *options):
    run = run_script("scripts/summarise.py", "-", "--json", *options, stdin=log)
    assert (run.exit_code, run.stderr) == (0, "")
    return json.loads(run.stdout)


def test_each_kind_of_trouble_is_shown_once_with_its_first_line_and_a_count(run_script):
    assert summary(run_script, LOG)["trouble"] == [
        {"line": 4, "text": "main.c:12: error: expected ';'", "count": 2},
        {"line": 6, "text": "ValueError: bad row 7", "count": 1},
        {"line": 7, "text": "make: *** [all] Error 2", "count": 1},
    ]


def test_head_and_tail_do_not_overlap_and_progress_bars_show_their_last_state(run_script):
    found = summary(run_script, LOG, "--head", "3", "--tail", "6")
    assert [row["text"] for row in found["head"]] == ["start", "0 errors, 0 warnings", "step 3"]
    assert [row["line"] for row in found["tail"]] == [4, 5, 6, 7, 8]
    assert summary(run_script, LOG, "--head", "1", "--tail", "1")["tail"] == [{"line": 8, "text": "done"}]


def test_good_news_is_no_trouble(run_script):
    good = "0 errors\nno warnings\nerrors: 0, failed=0\nall terrors of the sea\n"
    assert summary(run_script, good)["trouble"] == []


def test_the_number_of_kinds_is_told_also_when_the_list_is_cut(run_script):
    log = "\n".join(f"error: {word}" for word in ("a", "b", "c"))
    found = summary(run_script, log, "--errors", "1")
    assert (found["kinds"], [row["text"] for row in found["trouble"]]) == (3, ["error: a"])


def test_a_very_long_line_is_cut_and_says_so(run_script):
    found = summary(run_script, "x" * 1000)
    assert found["head"] == [{"line": 1, "text": "x" * 300 + " [... 700 more characters]"}]


def test_an_empty_log_has_no_lines(run_script):
    assert summary(run_script, "") == {"lines": 0, "kinds": 0, "head": [], "tail": [], "trouble": []}


def test_text_output_carries_line_numbers(run_script):
    run = run_script("scripts/summarise.py", "build.log", "--tail", "1", files={"build.log": LOG})
    lines = run.stdout.splitlines()
    assert lines[0] == "8 lines, 3 kinds of trouble"
    assert "     4  main.c:12: error: expected ';'  (x2)" in lines


def test_a_missing_log_is_an_error_in_words(run_script):
    run = run_script("scripts/summarise.py", "absent.log")
    assert (run.exit_code, run.stdout) == (2, "")
    assert "absent.log" in run.stderr


def test_every_bash_block_is_valid_bash(skill):
    blocks = re.findall(r"```bash\n(.*?)```", skill.body, re.DOTALL)
    assert blocks
    for block in blocks:
        done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_exit_codes_that_bash_gives_are_explained(skill):
    explained = {
        code.strip()
        for row in re.findall(r"^\| ([\d, ]+) \|", skill.body, re.MULTILINE)
        for code in row.split(",")
    }
    missing = subprocess.run(["bash", "-c", "no-such-command-here"], capture_output=True, check=False)
    denied = subprocess.run(["bash", "-c", "/dev/null"], capture_output=True, check=False)
    assert {str(missing.returncode), str(denied.returncode), "124", "137"} <= explained


# --- generated cases: each names the episode it came from ---
# --- end of generated cases ---
