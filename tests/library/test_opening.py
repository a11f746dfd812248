"""Making, finding and opening a library, and what a broken one says."""

import os

import pytest

from memento.errors import LibraryError
from memento.library import Library
from tests.library.changes import landed, propose, rewritten


def open_at(root):
    return Library.open(root, now=lambda: 1760000000.0, ids=lambda: "x")


def init_at(root):
    return Library.init(root, now=lambda: 1760000000.0, ids=lambda: "x")


def test_init_makes_a_library_with_the_starter_skills_in_one_commit(tmp_path, git):
    library = init_at(tmp_path / "new place")
    assert library.main == "refs/heads/main"
    assert library.at().names() == ["files", "skill-creator", "terminal", "web-fetch", "web-search"]
    assert [entry.subject for entry in library.log()] == ["Make this repository a library of skills"]
    assert git("status", "--porcelain", cwd=library.root) == ""
    assert {path.name for path in library.root.iterdir()} == {
        ".git", ".gitignore", ".memento", "memento.toml", "skill_tests", "skills", "tips.md",
    }  # fmt: skip
    assert open_at(library.root).tip() == library.tip()


def test_init_refuses_what_is_a_library_already_and_changes_nothing(library, refs):
    before = refs(library)
    with pytest.raises(LibraryError, match="is a library already"):
        init_at(library.root)
    assert refs(library) == before


def test_init_overwrites_nothing_of_an_existing_repository(tmp_path, git):
    root = tmp_path / "project"
    root.mkdir()
    git("init", "-q", "-b", "trunk", cwd=root)
    (root / "tips.md").write_text("mine", "utf-8")
    (root / "main.c").write_text("int main;", "utf-8")
    git("add", ".", cwd=root)
    git("commit", "-q", "-m", "mine", cwd=root)
    (root / "memento.toml").write_text("# untracked and mine\n", "utf-8")
    library = init_at(root)
    assert library.main == "refs/heads/trunk"
    assert [entry.subject for entry in library.log()] == ["Make this repository a library of skills", "mine"]
    assert (root / "tips.md").read_text("utf-8") == "mine"
    assert (root / "memento.toml").read_text("utf-8") == "# untracked and mine\n"
    assert git("status", "--porcelain", cwd=root) == "?? memento.toml\n"


def test_a_library_is_found_from_below_and_else_by_the_variable(library, tmp_path):
    below = library.root / "skills/greeter"
    assert Library.find(below, {"MEMENTO_LIBRARY": "/nowhere"}) == library.root
    assert Library.find(tmp_path, {"MEMENTO_LIBRARY": str(library.root)}) == library.root
    with pytest.raises(LibraryError, match="memento init DIR"):
        Library.find(tmp_path, {})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("missing", "does not exist"), ("plain", "is not a git repository"), ("empty", "has no commit yet")],
)
def test_what_is_no_library_says_so_with_the_way_to_make_one(tmp_path, git, name, sentence):
    (tmp_path / "plain").mkdir()
    git("init", "-q", "-b", "main", "empty", cwd=tmp_path)
    with pytest.raises(LibraryError, match=f"{sentence}.*memento init"):
        open_at(tmp_path / name)


def test_a_repository_without_skills_says_what_is_missing(tmp_path, git):
    git("init", "-q", "-b", "main", cwd=tmp_path)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=tmp_path)
    with pytest.raises(LibraryError, match="skills/ and skill_tests/ are missing"):
        open_at(tmp_path)


def test_a_damaged_main_is_an_error_and_not_an_empty_library(library):
    (library.root / ".git/refs/heads/main").write_text("0" * 40 + "\n", "utf-8")
    with pytest.raises(LibraryError):
        open_at(library.root)


def test_git_missing_and_git_too_old_are_one_sentence_with_the_fix(library, tmp_path):
    path, old = os.environ["PATH"], tmp_path / "bin"
    old.mkdir()
    try:
        os.environ["PATH"] = str(old)
        with pytest.raises(LibraryError, match=r"git is not installed\. Install git 2\.38 or newer"):
            open_at(library.root)
        (old / "git").write_text("#!/bin/sh\necho git version 2.30.2\n", "utf-8")
        (old / "git").chmod(0o755)
        os.environ["PATH"] = f"{old}:{path}"
        with pytest.raises(LibraryError, match=r"git version 2\.30\.2 is too old. Install git 2.38"):
            open_at(library.root)
    finally:
        os.environ["PATH"] = path


@pytest.mark.parametrize("folder", ["with space", "übung 学", "a'b\"c"])
def test_any_folder_name_and_no_user_name_will_do(make_library, folder):
    library = make_library(folder)
    assert (
        landed(library, propose(library, rewritten(library, "greeter", "hej"))).note == "the checkout follows"
    )


def test_a_sha256_repository_is_a_library_too(make_library, git):
    library = make_library("wide", "--object-format=sha256")
    landing = landed(library, propose(library, rewritten(library, "greeter", "hej")))
    assert (len(landing.commit), landing.note) == (64, "the checkout follows")
    assert git("status", "--porcelain", cwd=library.root) == ""
    assert library.note(landing.commit) is not None


def test_main_is_what_memento_toml_of_the_commit_says(library, git):
    git("branch", "stable", cwd=library.root)
    (library.root / "memento.toml").write_text('[library]\nmain = "stable"\n', "utf-8")
    assert open_at(library.root).main == "refs/heads/main"  # not committed yet: a work tree is no policy
    git("add", ".", cwd=library.root)
    git("commit", "-q", "-m", "policy", cwd=library.root)
    assert open_at(library.root).main == "refs/heads/stable"


POLICIES = ["[library", '[library]\nmain = "--x"', "[library]\nmain = 3", "[library]\nmain='a..b'"]


@pytest.mark.parametrize("text", POLICIES)
def test_a_policy_that_names_no_branch_is_refused(library, git, text):
    (library.root / "memento.toml").write_text(text, "utf-8")
    git("add", ".", cwd=library.root)
    git("commit", "-q", "-m", "policy", cwd=library.root)
    with pytest.raises(LibraryError, match=r"memento\.toml"):
        open_at(library.root)


def test_state_is_made_on_first_use_and_never_seen_by_git(library, git):
    (library.root / ".gitignore").unlink()
    assert not (library.root / ".memento").exists()
    assert library.state == library.root / ".memento"
    assert git("status", "--porcelain", cwd=library.root) == " D .gitignore\n"


def test_settings_are_those_of_mains_tip(library, git):
    assert library.settings() == ""
    library.commit_files({"memento.toml": b"# landed\n"}, "policy", {})
    (library.root / "memento.toml").write_text("# only here\n", "utf-8")
    assert library.settings() == "# landed\n"
