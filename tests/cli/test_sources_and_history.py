"""import, export, lint, blame, history and bisect as a person types them: output, JSON shape, exit codes."""

import subprocess

import pytest

POEM = "---\nname: poet\ndescription: Writes verse.\n---\n\nRhyme moon with june.\n"


@pytest.fixture
def poems(tmp_path):
    folder = tmp_path / "poems" / "poet"
    (folder / "tests").mkdir(parents=True)
    (folder / "SKILL.md").write_text(POEM, "utf-8")
    (folder / "tests" / "test_poet.py").write_text("x", "utf-8")
    return folder.parent


def test_an_import_shows_its_diff_and_waits_for_a_person_until_one_agrees(memento, fresh, poems):
    waiting = memento("import", poems, cwd=fresh)
    assert waiting.code == 5
    assert "+Rhyme moon with june." in waiting.out.splitlines()
    assert "left out tests/test_poet.py: a test" in waiting.err
    assert "waits for a human" in waiting.err
    landed = memento("import", poems, "--yes", "--json", cwd=fresh)
    (one,) = landed.json()
    assert (landed.code, one["skill"], one["became"]) == (0, "poet", "landed")
    assert one["left_out"] == [["tests/test_poet.py", "a test"]]
    assert (fresh / "memento.lock").is_file()
    again = memento("import", poems, cwd=fresh)
    assert (again.code, again.out) == (0, "")
    assert again.err == "poet: unchanged, these very files were imported before\n"


def test_an_import_that_the_gate_refuses_ends_with_1(memento, fresh, poems):
    (poems / "poet" / "SKILL.md").write_text(f"{POEM}\nSee [it](gone.md).\n", "utf-8")
    refused = memento("import", poems, "--yes", cwd=fresh)
    assert refused.code == 1
    assert "gone.md does not exist" in refused.err
    assert memento("list", "--json", cwd=fresh).code == 0


def test_a_source_that_is_none_is_said_in_one_sentence_with_the_fix(memento, fresh):
    for source, said in {"/nowhere": "is no folder", "ssh://host/x": "ssh:// is not read"}.items():
        wrong = memento("import", source, cwd=fresh)
        assert (wrong.code, wrong.out, wrong.err.count("\n")) == (2, "", 1)
        assert said in wrong.err


def test_an_export_says_what_it_wrote_and_what_it_left_alone(memento, fresh, tmp_path):
    place = tmp_path / "project"
    (place / ".claude/skills/files").mkdir(parents=True)
    done = memento("export", "files", "terminal", "--to", "claude", "--library", fresh, cwd=place)
    assert done.code == 1
    assert (place / ".claude/skills/terminal/SKILL.md").is_file()
    assert list((place / ".claude/skills/files").iterdir()) == []
    listed = memento("export", "--to", "agents", "--link", "--json", "--library", fresh, cwd=place)
    assert {(each["skill"], each["did"]) for each in listed.json()} == {
        (name, "linked") for name in ("files", "skill-creator", "terminal", "web-fetch", "web-search")
    }
    assert (place / ".agents/skills/files").resolve() == (fresh / "skills/files").resolve()
    unknown = memento("export", "nobody", "--to", "elsewhere", "--library", fresh, cwd=place)
    assert (unknown.code, (place / "elsewhere").exists()) == (2, False)


def test_lint_has_nothing_to_say_of_the_starter_library(memento, fresh):
    assert memento("lint", "--json", cwd=fresh).json() == []
    quiet = memento("lint", cwd=fresh)
    assert (quiet.code, quiet.err) == (0, "nothing to merge or retire\n")


def test_an_import_that_repeats_a_skill_names_the_one_to_extend(memento, fresh, poems):
    assert memento("import", poems, "--yes", cwd=fresh).code == 0
    (poems / "poet").rename(poems / "poet-2")
    refused = memento("import", poems, "--yes", "--json", cwd=fresh)
    (one,) = refused.json()
    assert (refused.code, one["became"], one["landing"]) == (1, "duplicate", None)
    assert one["reason"] == "its name is a variant of poet: extend poet instead"


def test_lint_opens_a_branch_once_and_a_dry_run_none(memento, fresh):
    twin = fresh / "skills" / "files-2"
    twin.mkdir()
    (twin / "SKILL.md").write_text(POEM.replace("name: poet", "name: files-2"), "utf-8")
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["add", "."], ["commit", "-q", "-m", "a twin, by hand"]):
        subprocess.run([*git, *command], cwd=fresh, check=True)
    branches = ["git", "for-each-ref", "--format=%(refname)", "refs/heads/memento/"]
    dry = memento("lint", "--dry-run", "--json", cwd=fresh)
    assert (dry.code, dry.json()[0]["advice"]["into"], dry.json()[0]["landing"]) == (5, "files", None)
    assert subprocess.run(branches, cwd=fresh, capture_output=True, check=True).stdout == b""
    first, again = memento("lint", cwd=fresh), memento("lint", cwd=fresh)
    assert (first.code, again.code) == (5, 5)
    assert "waits for a human" in first.err
    assert "a proposal is open already" in again.err
    assert subprocess.run(branches, cwd=fresh, capture_output=True, check=True).stdout.count(b"\n") == 1


def test_blame_names_the_task_behind_each_paragraph_that_was_learned(memento, learned):
    landings = [each for each in memento("log", "--json", "-n", "200", cwd=learned).json() if each["skill"]]
    newest = landings[0]
    found = memento("blame", newest["skill"], "--json", cwd=learned).json()
    assert newest["trailers"]["Memento-Task"] in {each["task"] for each in found}
    assert set(found[0]) == {"first_line", "last_line", "text", "landing", "task", "episode", "earlier"}
    text = memento("blame", newest["skill"], cwd=learned)
    assert (text.code, text.err) == (0, "")
    assert f"task {newest['trailers']['Memento-Task']}, episode" in text.out


def test_a_diff_as_json_names_its_two_commits(memento, learned):
    newest = next(each for each in memento("log", "--json", "-n", "200", cwd=learned).json() if each["skill"])
    found = memento("diff", newest["skill"], "--json", cwd=learned).json()
    assert set(found) == {"skill", "old", "new", "diff"}
    assert (found["skill"], found["new"]) == (newest["skill"], newest["sha"])
    assert found["diff"] == memento("diff", newest["skill"], cwd=learned).out


def test_history_lists_versions_with_their_records(memento, learned):
    name = next(
        each["skill"] for each in memento("log", "--json", "-n", "200", cwd=learned).json() if each["skill"]
    )
    found = memento("history", name, "--json", cwd=learned).json()
    assert [each["current"] for each in found] == [True] + [False] * (len(found) - 1)
    assert len({each["tree"] for each in found}) == len(found)
    assert any(each["utility"] is not None for each in found)
    assert memento("history", name, cwd=learned).out.count("\n") >= len(found) + 2


def test_bisect_ends_with_5_where_the_records_do_not_decide(memento, learned):
    landing = next(
        each for each in memento("log", "--json", "-n", "200", cwd=learned).json() if each["skill"]
    )
    arguments = ("bisect", landing["skill"], "--task", landing["trailers"]["Memento-Task"])
    answer = memento(*arguments, "--json", cwd=learned)
    assert answer.code == 5
    assert set(answer.json()) == {"skill", "task", "found", "reason", "suspects", "versions"}
    said = memento(*arguments, cwd=learned)
    assert said.err.startswith("UNDECIDED: ")


def test_who_asks_for_nobody_is_told_what_there_is(memento, fresh):
    for arguments in (("blame", "nobody"), ("history", "nobody"), ("bisect", "nobody", "--task", "t")):
        wrong = memento(*arguments, cwd=fresh)
        assert (wrong.code, wrong.out) == (2, "")
        assert "memento list" in wrong.err
