"""Reading commits and history; rollback as one more change."""

from dataclasses import replace

import pytest

from memento.changes import Exam
from memento.errors import LibraryError
from memento.library import Library, LogEntry
from memento.types import ChangeKind, File, Skill
from tests.library.changes import created, landed, propose, rewritten


def test_a_snapshot_reads_one_commit_for_ever(library, git):
    before = library.at()
    landed(library, propose(library, rewritten(library, "greeter", "changed")))
    assert before.skill("greeter") == Skill(
        name="greeter",
        description="Greets a person by name. Use when a task asks for a greeting.",
        body="# Greeter\n\nSay hello.",
        tree=git("rev-parse", f"{before.commit}:skills/greeter", cwd=library.root).strip(),
    )
    assert before.names() == ["greeter", "ledger-totals"]
    assert before.test("ledger-totals").startswith(b"def test_says_total")
    assert before.tips() == "- Read the header first.\n"
    assert (before.skill("none"), before.folder("none"), before.test("none")) == (None, {}, None)
    assert library.at("HEAD~1").commit == before.commit == library.at(before.commit[:10]).commit


def test_a_clean_work_tree_reads_as_its_commit(library):
    commit, worktree = library.at(), library.worktree()
    assert worktree.commit is None
    assert worktree.names() == commit.names()
    for name in commit.names():
        assert worktree.folder(name) == commit.folder(name)
        assert worktree.skill(name) == replace(commit.skill(name), tree=None)
        assert worktree.test(name) == commit.test(name)
    assert worktree.tips() == commit.tips()
    assert worktree.entries() == {path: e for path, e in commit.entries().items() if path != ".gitignore"}


def test_a_skill_that_cannot_be_read_is_listed_as_such_and_not_dropped(library):
    library.commit_files({"skills/broken/SKILL.md": b"no frontmatter\n"}, "break", {})
    for snapshot in (library.at(), library.worktree()):
        assert snapshot.names() == ["greeter", "ledger-totals"]
        assert [d.code for d in snapshot.unusable()["broken"]] == ["no-frontmatter"]
        assert snapshot.skill("broken") is None
        assert snapshot.folder("broken") == {"SKILL.md": File(data=b"no frontmatter\n")}


def test_a_file_too_large_for_a_skill_is_an_error_and_is_not_read(library):
    with (library.root / "skills/greeter/huge.txt").open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    with pytest.raises(LibraryError, match="Keep files of skills small"):
        library.worktree().folder("greeter")


def test_the_log_tells_landings_newest_first_and_of_one_skill_alone(library):
    first = landed(library, propose(library, rewritten(library, "greeter", "one")))
    landed(library, propose(library, rewritten(library, "ledger-totals", "scripts/total.py")))
    entry = LogEntry(
        sha=first.commit,
        when=1760000000.0,
        subject="Land greeter: say one",
        skill="greeter",
        trailers={
            "Memento-Skill": "greeter",
            "Memento-Kind": "optimise",
            "Memento-Idea": "say one",
            "Memento-Proposal": first.proposal.id,
            "Memento-Task": "t1",
            "Memento-Gate": "PASS E0",
        },
    )
    assert [e.skill for e in library.log()] == ["ledger-totals", "greeter", None]
    assert library.log("greeter")[0] == entry
    assert [e.subject for e in library.log("greeter")] == ["Land greeter: say one", "A library"]
    assert len(library.log(limit=1)) == 1


def test_a_diff_shows_the_skill_and_its_tests_and_nothing_else(library):
    base = library.tip()
    exam = Exam(skill="greeter", test_file=b"def test_a(): ...\n", new_tests=("test_a",), digest="d")
    landed(library, propose(library, rewritten(library, "greeter", "one"), exam))
    library.commit_files({"tips.md": b"x"}, "tips", {})
    diff = library.diff("greeter", base)
    assert [line for line in diff.splitlines() if line.startswith("diff")] == [
        "diff --git a/skill_tests/test_greeter.py b/skill_tests/test_greeter.py",
        "diff --git a/skills/greeter/SKILL.md b/skills/greeter/SKILL.md",
    ]
    assert "-Say hello.\n+one\n" in diff
    assert library.diff("ledger-totals", base) == ""


def test_the_graph_is_drawn_with_landings_and_open_proposals(library):
    landed(library, propose(library, rewritten(library, "greeter", "one")))
    propose(library, rewritten(library, "greeter", "two"))
    lines = library.graph().splitlines()
    shape = [line.replace(line.split()[line.split().index("*") + 1], "#", 1) for line in lines if "*" in line]
    assert shape == [
        f"* # (memento/greeter/{library.proposals()[0].id}) greeter: say two",
        "*   # (main) Land greeter: say one",
        "| * # greeter: say one",
        "* # A library",
    ]


def test_a_rollback_brings_the_earlier_text_back_by_a_new_commit_and_keeps_the_tests(library):
    earlier = library.at().folder("greeter")
    exam = Exam(skill="greeter", test_file=b"def test_a(): ...\n", new_tests=("test_a",), digest="d")
    landed(library, propose(library, rewritten(library, "greeter", "worse"), exam))
    worse = library.tip()
    library.commit_files({"tips.md": b"x"}, "tips", {})
    rewrite = library.rollback("greeter")
    assert (rewrite.kind, rewrite.folder) == (ChangeKind.ROLLBACK, earlier)
    landing = landed(library, propose(library, rewrite))
    skill = library.at().skill("greeter")
    assert (skill.body, skill.version) == ("# Greeter\n\nSay hello.", "0.0.2")
    assert library.at().test("greeter") == exam.test_file
    assert landing.commit != worse
    assert worse in [entry.sha for entry in library.log()]


def test_a_rollback_goes_to_the_commit_that_is_named(library):
    first = library.tip()
    for word in ("one", "two", "three"):
        landed(library, propose(library, rewritten(library, "greeter", word)))
    assert library.at(library.tip()).skill("greeter").body == "three"
    assert library.rollback("greeter").folder["SKILL.md"].data.endswith(b"\n\ntwo\n")
    assert library.rollback("greeter", first).folder == library.at(first).folder("greeter")


def test_a_skill_without_an_earlier_version_says_so(library):
    landed(library, propose(library, created("new-one")))
    for name in ("new-one", "greeter"):
        with pytest.raises(LibraryError, match=f"{name} has no earlier version"):
            library.rollback(name)
    with pytest.raises(LibraryError, match="never been a skill nothing"):
        library.rollback("nothing")


def test_branches_of_a_person_below_memento_are_no_proposals(library, git):
    git("branch", "memento/greeter/by-hand", cwd=library.root)
    assert library.proposals() == ()


def test_opening_again_reads_the_same(library):
    again = Library.open(library.root, now=library.now, ids=library.ids)
    assert again.tip() == library.tip()
