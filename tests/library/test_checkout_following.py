"""The user's checkout: it follows a landing, or nothing of it is touched."""

import os
from pathlib import Path

import pytest

from memento.library import Library
from memento.types import File
from tests.library.changes import created, landed, propose, rewritten


def everything(root: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and modes of all files, the index included, but not what git keeps of references and objects."""
    found = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and relative.parts[0] not in (".git", ".memento"):
            found[str(relative)] = (path.read_bytes(), path.stat().st_mode)
    index = root / ".git/index"
    if index.is_file():
        found["index"] = (index.read_bytes(), 0)
    return found


def land_greeting(library: Library) -> str:
    return landed(library, propose(library, rewritten(library, "greeter", "hello there"))).note


def test_a_clean_checkout_on_main_follows(library, git):
    assert land_greeting(library) == "the checkout follows"
    assert git("status", "--porcelain", cwd=library.root) == ""
    assert library.worktree().folder("greeter") == library.at().folder("greeter")


def test_new_folders_and_modes_follow_and_removed_files_go_with_their_folders(library, git):
    rewrite = created("tools")
    folder = {**rewrite.folder, "scripts/go.sh": File(data=b"true\n", executable=True)}
    landed(
        library, propose(library, type(rewrite)(skill="tools", kind=rewrite.kind, folder=folder, idea="x"))
    )
    assert os.access(library.root / "skills/tools/scripts/go.sh", os.X_OK)
    landed(library, propose(library, created("tools")))
    assert not (library.root / "skills/tools/scripts").exists()
    assert git("status", "--porcelain", cwd=library.root) == ""


def test_changes_elsewhere_do_not_keep_the_checkout_from_following(library, git):
    (library.root / "tips.md").write_text("mine", "utf-8")
    (library.root / "new.txt").write_text("mine", "utf-8")
    git("add", "tips.md", cwd=library.root)
    assert land_greeting(library) == "the checkout follows"
    assert git("status", "--porcelain", cwd=library.root) == "M  tips.md\n?? new.txt\n"


def edited(library, git):
    (library.root / "skills/greeter/SKILL.md").write_text("mine", "utf-8")


def staged(library, git):
    edited(library, git)
    git("add", ".", cwd=library.root)
    (library.root / "skills/greeter/SKILL.md").write_bytes(library.at().folder("greeter")["SKILL.md"].data)


def removed(library, git):
    (library.root / "skills/greeter/SKILL.md").unlink()


def linked(library, git):
    removed(library, git)
    (library.root / "skills/greeter/SKILL.md").symlink_to("/etc/hostname")


def executable(library, git):
    (library.root / "skills/greeter/SKILL.md").chmod(0o755)


@pytest.mark.parametrize("spoil", [edited, staged, removed, linked, executable])
def test_a_checkout_with_changes_in_the_landed_files_is_left_alone(library, git, spoil):
    spoil(library, git)
    before = everything(library.root)
    assert land_greeting(library) == (
        "the checkout has changes of its own in skills/greeter/SKILL.md and was left alone; keep what you "
        "need of them, then `git restore --staged --worktree -- skills/greeter/SKILL.md` brings the landed "
        "version"
    )
    assert everything(library.root) == before
    assert library.at().skill("greeter").body == "hello there"


def test_an_untracked_file_where_a_new_one_lands_is_not_overwritten(library):
    mine = library.root / "skills/new-one/SKILL.md"
    mine.parent.mkdir()
    mine.write_text("mine", "utf-8")
    note = landed(library, propose(library, created("new-one"))).note
    assert "changes of its own in skills/new-one/SKILL.md" in note
    assert mine.read_text("utf-8") == "mine"


def test_a_folder_that_is_a_link_is_not_written_through(library, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (library.root / "skills/new-one").symlink_to(outside)
    note = landed(library, propose(library, created("new-one"))).note
    assert note == "a folder of the checkout is a symbolic link and was left alone"
    assert list(outside.iterdir()) == []


def on_another_branch(library, git):
    git("checkout", "-q", "-b", "mine", cwd=library.root)


def detached(library, git):
    git("checkout", "-q", "--detach", cwd=library.root)


@pytest.mark.parametrize("leave", [on_another_branch, detached])
def test_a_checkout_that_is_not_on_main_is_left_alone(library, git, leave):
    leave(library, git)
    before = everything(library.root)
    assert land_greeting(library) == "the checkout is not on main and was left alone"
    assert everything(library.root) == before


@pytest.mark.parametrize("sign", ["MERGE_HEAD", "rebase-merge", "CHERRY_PICK_HEAD", "index.lock"])
def test_a_checkout_in_the_middle_of_something_is_left_alone(library, sign):
    (library.root / ".git" / sign).touch()
    before = everything(library.root)
    note = land_greeting(library)
    assert note == f"the checkout is in the middle of something ({sign}) and was left alone"
    assert everything(library.root) == before


def test_a_bare_library_lands_and_has_no_checkout(library, git, tmp_path):
    git("clone", "-q", "--bare", str(library.root), "bare.git", cwd=tmp_path)
    bare = Library.open(tmp_path / "bare.git", now=library.now, ids=library.ids)
    assert land_greeting(bare) == "the repository is bare, there is no checkout"
    assert bare.at().skill("greeter").body == "hello there"


def test_a_linked_work_tree_on_another_branch_is_left_alone_and_main_moves(library, git, tmp_path):
    git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"), cwd=library.root)
    linked_one = Library.open(tmp_path / "linked", now=library.now, ids=library.ids)
    before = everything(tmp_path / "linked")
    assert land_greeting(linked_one) == (
        "the checkout is not on main and was left alone; "
        f"the work tree {library.root} is on it too and was left alone"
    )
    assert everything(tmp_path / "linked") == before
    assert library.at().skill("greeter").body == "hello there"
    assert git("log", "-1", "--format=%s", "main", cwd=library.root) == "Land greeter: say hello there\n"


def test_a_filter_of_the_user_makes_the_checkout_differ_and_is_not_run(library, git):
    git("config", "filter.rot.smudge", "tr a-z b-za", cwd=library.root)
    git("config", "filter.rot.clean", "tr b-za a-z", cwd=library.root)
    (library.root / ".git/info/attributes").write_text("*.md filter=rot\n", "utf-8")
    landed(library, propose(library, created("new-one")))
    document = library.root / "skills/new-one/SKILL.md"
    assert document.read_bytes() == library.at().folder("new-one")["SKILL.md"].data


def test_a_shallow_clone_lands_and_follows(library, git, tmp_path):
    landed(library, propose(library, created("older")))
    git("clone", "-q", "--depth=1", f"file://{library.root}", "shallow", cwd=tmp_path)
    shallow = Library.open(tmp_path / "shallow", now=library.now, ids=library.ids)
    assert land_greeting(shallow) == "the checkout follows"
    assert [entry.subject for entry in shallow.log()] == [
        "Land greeter: say hello there",
        "Land older: add older",
    ]
    assert git("fsck", "--strict", "--no-dangling", cwd=shallow.root) == ""
