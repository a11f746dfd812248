"""What each command prints: data on stdout, words on stderr, JSON where asked, the documented exit code."""

import json
import re
import subprocess

import pytest

from tests.cli.conftest import state_of

STARTERS = ["files", "skill-creator", "terminal", "web-fetch", "web-search"]
ESCAPE = "\x1b"


def test_init_makes_a_library_and_says_what_is_next(memento, tmp_path):
    ran = memento("init", "mine")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == (
        f"A library with 5 skills ({', '.join(STARTERS)}) is in mine.\n"
        "Next: cd mine, `memento list`, `memento gate`, and `memento run TASK --model NAME` "
        "once a model is set.\n"
    )
    assert sorted(path.name for path in (tmp_path / "mine/skills").iterdir()) == STARTERS


def test_list_names_every_skill_and_json_has_every_field(memento, fresh):
    ran = memento("list", "--json", cwd=fresh)
    assert (ran.code, ran.err) == (0, "")
    assert [row["name"] for row in ran.json()] == STARTERS
    assert {key for row in ran.json() for key in row} == {
        "name", "version", "utility", "low", "high", "outcomes", "description", "problem",
    }  # fmt: skip
    out = memento("list", cwd=fresh).out
    assert [name for name in STARTERS if f" {name} " in out] == STARTERS


def test_list_sorted_by_utility_puts_the_unknown_last(memento, learned):
    values = [row["utility"] for row in memento("list", "--sort", "utility", "--json", cwd=learned).json()]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=True)
    assert known
    assert values == known + [None] * (len(values) - len(known))


def test_demo_prints_one_object_that_tells_what_became_of_the_library(demo):
    summary = demo.json()
    assert summary["simulated"] is True
    assert summary["seed"] == 7
    assert summary["landed"] >= 1
    assert summary["harmful_refused"] >= 1
    assert summary["harmful_landed"] == 0
    assert summary["heldout_after"] > summary["heldout_before"]
    assert {"discarded", "seconds", "library", "rows"} <= set(summary)


def test_log_tells_why_each_change_landed(memento, learned):
    ran = memento("log", "--json", cwd=learned)
    landed = [entry for entry in ran.json() if entry["skill"]]
    assert (ran.code, ran.err) == (0, "")
    assert landed
    for entry in landed:
        assert {"Memento-Task", "Memento-Episode", "Memento-Blame", "Memento-Gate", "Memento-Tests",
                "Memento-Model", "Memento-Cost"} <= set(entry["trailers"])  # fmt: skip
        assert entry["trailers"]["Memento-Model"].startswith("SIMULATED")
    words = memento("log", cwd=learned).out
    assert all(entry["sha"][:10] in words for entry in landed)


def test_log_of_one_skill_has_only_its_commits_and_the_limit_holds(memento, learned):
    name = next(e["skill"] for e in memento("log", "--json", cwd=learned).json() if e["skill"])
    entries = memento("log", name, "--json", cwd=learned).json()
    assert {entry["skill"] for entry in entries} == {name}
    assert memento("log", name, "-n", 1, "--json", cwd=learned).json() == entries[:1]
    refused = memento("log", "-n", "-3", cwd=learned)
    assert (refused.code, refused.out) == (2, "")


def test_diff_shows_the_last_landing_of_a_skill(memento, learned):
    entry = next(e for e in memento("log", "--json", cwd=learned).json() if e["skill"])
    name = entry["skill"]
    ran = memento("diff", name, cwd=learned)
    argv = ["git", "-C", str(learned), "diff-tree", "-p", f"{entry['sha']}^1", entry["sha"], "--"]
    shown = subprocess.run(
        [*argv, f"skills/{name}", f"skill_tests/test_{name.replace('-', '_')}.py"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == shown.stdout
    assert f"+++ b/skills/{name}/SKILL.md" in ran.out


def test_diff_of_a_skill_with_one_version_says_so(memento, fresh):
    ran = memento("diff", "files", cwd=fresh)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "memento: files has one version only; `memento show files` prints it.\n"


def test_show_prints_the_skill_its_record_and_what_was_tried(memento, learned):
    name = next(e["skill"] for e in memento("log", "--json", cwd=learned).json() if e["skill"])
    out = memento("show", name, cwd=learned).out
    assert re.match(rf"{name} 0\.\d+\.\d+\n", out)
    assert re.search(r"^utility   0\.\d\d \(0\.\d\d-[01]\.\d\d\) from [\d.]+ outcomes$", out, re.MULTILINE)
    assert re.search(rf"^version   0\.\d+\.\d+: .* outcomes(?: yet)?; Land {name}", out, re.MULTILINE)
    assert re.search(r"^tried     landed: ", out, re.MULTILINE)
    as_json = memento("show", name, "--json", cwd=learned).json()
    assert as_json["name"] == name
    assert as_json["body"] in out + "\n"


def test_show_at_an_earlier_commit_shows_what_stood_there(memento, learned):
    entries = [e for e in memento("log", "--json", cwd=learned).json() if e["skill"]]
    name = entries[0]["skill"]
    then = memento("show", name, "--rev", f"{entries[0]['sha']}^1", "--json", cwd=learned)
    now = memento("show", name, "--json", cwd=learned)
    if then.code == 0:  # the last landing mended; it did not create
        assert then.json()["version"] != now.json()["version"]
    else:
        assert "there is no usable skill" in then.err


def test_route_names_the_skill_and_what_else_was_near(memento, fresh):
    ran = memento("route", "open https://example.org/page and read what is behind it", "--json", cwd=fresh)
    assert ran.code == 0
    assert ran.json()["route"]["skill"] == "web-fetch"
    assert memento("route", "zzz qqq", cwd=fresh).out.strip().endswith("is under 0.30")
    assert memento("route", "😀", cwd=fresh).out == "no skill fits: none has anything in common with it\n"
    long = memento("route", "open https://example.org/page " * 3500, cwd=fresh)
    assert long.out.strip().splitlines()[-1].startswith("web-fetch (confidence")
    assert long.err == "long: only its first and last 4000 characters were read\n"


def test_gate_of_one_skill_passes_and_of_no_change_has_nothing_to_do(memento, fresh):
    ran = memento("gate", "files", "--json", cwd=fresh)
    assert [(r["skill"], r["outcome"]) for r in ran.json()] == [("files", "pass")]
    assert (ran.code, ran.err) == (0, "")
    nothing = memento("gate", "--base", "HEAD", cwd=fresh)
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "nothing to gate: no skill has changed\n"


def test_a_red_gate_ends_with_1_and_names_the_step(memento, fresh):
    document = fresh / "skills/files/SKILL.md"
    document.write_text(document.read_text("utf-8").replace("name: files", "name: other"), "utf-8")
    ran = memento("gate", "files", cwd=fresh)
    assert (ran.code, ran.out) == (1, "")
    assert "FAIL" in ran.err
    assert "static ✗" in ran.err


def test_doctor_tells_what_to_do_about_each_finding(memento, fresh):
    ran = memento("doctor", "--json", cwd=fresh)
    found = {check["name"]: check for check in ran.json()}
    assert ran.code == 2
    well = {name for name, check in found.items() if check["ok"]}
    assert well == {"python", "git", "sandbox", "library", "local"}
    assert found["model"]["fix"] == "export OPENAI_API_KEY or OPENAI_BASE_URL, and MEMENTO_MODEL"
    assert found["model"]["fix"].split()[1] in memento("doctor", cwd=fresh).out
    assert memento("doctor", "--only", "git", "--only", "library", cwd=fresh).code == 0
    assert memento("doctor", "--only", "teeth", cwd=fresh).code == 2


def test_doctor_reads_the_model_of_the_library_and_shows_no_secret(memento, fresh):
    url = "http://me:hunter2@127.0.0.1:1/v1"
    settings = {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": url, "MEMENTO_MODEL": "m"}
    ran = memento("doctor", "--only", "model", cwd=fresh, **settings)
    assert ran.code == 0
    assert "m at 127.0.0.1:1, with the key in OPENAI_API_KEY" in ran.out
    assert "hunter2" not in ran.out + ran.err
    assert "sk-canary" not in ran.out + ran.err


def test_rollback_brings_the_earlier_text_by_a_new_commit(memento, own):
    entries = memento("log", "--json", cwd=own).json()
    counts = [e["skill"] for e in entries if e["skill"]]
    name = next(name for name in counts if counts.count(name) > 1)
    last = next(e for e in entries if e["skill"] == name)
    before = memento("show", name, "--rev", f"{last['sha']}^1", "--json", cwd=own).json()
    ran = memento("rollback", name, "--json", cwd=own)
    assert ran.code == 0, ran.err
    assert ran.json()["disposition"] == "landed"
    assert memento("show", name, "--json", cwd=own).json()["body"] == before["body"]
    newest = memento("log", name, "--json", cwd=own).json()
    assert newest[0]["sha"] == ran.json()["commit"]
    assert newest[1]["sha"] == last["sha"]
    assert last["trailers"]["Memento-Tests"].partition("new: ")[2] in (
        own / f"skill_tests/test_{name.replace('-', '_')}.py"
    ).read_text("utf-8")


def test_only_a_library_with_an_earlier_version_can_be_rolled_back(memento, fresh):
    before = state_of(fresh)
    ran = memento("rollback", "files", cwd=fresh)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("memento: files has no earlier version")
    assert state_of(fresh) == before


READ_ONLY = [
    ["list"], ["log"], ["route", "add up a column"], ["doctor"], ["show", "files"], ["gate", "files"],
    ["list", "--json"], ["log", "--json"], ["route", "add up a column", "--json"], ["--help"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", READ_ONLY, ids=" ".join)
def test_what_is_piped_has_no_escape_codes_and_nothing_changes(memento, learned, arguments):
    before = state_of(learned)
    ran = memento(*arguments, cwd=learned, TERM="xterm-256color")
    assert ESCAPE not in ran.out + ran.err
    assert "Traceback" not in ran.err
    assert state_of(learned) == before


def test_a_reader_that_leaves_early_is_no_bug(learned, environment):
    command = "memento log --json | head -n 1; echo ${PIPESTATUS[0]}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=learned, env=environment, capture_output=True, text=True, check=True
    )
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout.splitlines()[0] + "]") == []


def test_the_library_is_found_from_below_by_the_option_and_by_the_variable(memento, fresh, tmp_path):
    below = fresh / "skills/files"
    expected = memento("list", "--json", cwd=fresh).json()
    assert memento("list", "--json", cwd=below).json() == expected
    assert memento("list", "--json", "--library", fresh).json() == expected
    assert memento("list", "--json", MEMENTO_LIBRARY=str(fresh)).json() == expected
    assert memento("list", "--json", "--library", fresh.name).json() == expected
    assert memento("list", "--json", MEMENTO_LIBRARY=fresh.name).json() == expected
