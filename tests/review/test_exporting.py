"""Exporting: what this wrote it keeps up to date; what is somebody else's it never touches."""

import pytest

from memento.errors import UsageError
from memento.library.folders import read_folder
from memento.review.exporting import Did, Exporter
from tests.library.changes import landed, propose, rewritten


@pytest.fixture
def export(library, tmp_path):
    """export("greeter", link=False) -> what was done, below `tmp_path / "target"`."""

    def run(*names: str, link: bool = False):
        exporter = Exporter(library=library.at(), checkout=library.root, target=tmp_path / "target")
        return [(each.skill, each.did, each.reason) for each in exporter(names, link=link)]

    return run


def test_a_copy_is_what_has_landed_and_is_kept_up_to_date(library, export, tmp_path):
    target = tmp_path / "target"
    (library.root / "skills/greeter/SKILL.md").write_text("unfinished", "utf-8")
    assert export("greeter", "ledger-totals") == [
        ("greeter", Did.COPIED, ""),
        ("ledger-totals", Did.COPIED, ""),
    ]
    assert read_folder(target / "greeter").files == library.at().folder("greeter")
    assert export("greeter") == [("greeter", Did.UNCHANGED, "")]
    landed(library, propose(library, rewritten(library, "greeter", "Say good day.")))
    assert export("greeter") == [("greeter", Did.COPIED, "")]
    assert b"Say good day." in (target / "greeter/SKILL.md").read_bytes()
    assert sorted(path.name for path in target.iterdir()) == [
        ".memento-export.json",
        "greeter",
        "ledger-totals",
    ]


def test_what_somebody_else_wrote_is_left_alone(export, tmp_path):
    folder = tmp_path / "target" / "greeter"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("mine", "utf-8")
    not_ours = "it was not written by memento export"
    assert export("greeter") == [("greeter", Did.LEFT_ALONE, not_ours)]
    assert export("greeter", link=True) == [("greeter", Did.LEFT_ALONE, not_ours)]
    assert (folder / "SKILL.md").read_text("utf-8") == "mine"


@pytest.mark.parametrize("change", ["edit", "add", "remove", "link"])
def test_a_copy_that_was_changed_since_is_left_alone(library, export, tmp_path, change):
    export("ledger-totals")
    folder = tmp_path / "target" / "ledger-totals"
    script = folder / "scripts/total.py"
    if change == "edit":
        script.write_text("mine", "utf-8")
    elif change == "add":
        (folder / "notes.md").write_text("mine", "utf-8")
    else:
        script.unlink()
        if change == "link":
            script.symlink_to("/etc/passwd")
    before = sorted(path.name for path in folder.rglob("*"))
    landed(library, propose(library, rewritten(library, "ledger-totals", "Newer: scripts/total.py")))
    assert export("ledger-totals") == [
        ("ledger-totals", Did.LEFT_ALONE, "it was changed since it was exported")
    ]
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_a_link_shows_the_checkout_and_gives_way_to_a_copy(library, export, tmp_path):
    path = tmp_path / "target" / "greeter"
    assert export("greeter", link=True) == [("greeter", Did.LINKED, "")]
    assert path.resolve() == library.root / "skills/greeter"
    assert export("greeter", link=True) == [("greeter", Did.UNCHANGED, "")]
    assert export("greeter") == [("greeter", Did.COPIED, "")]
    assert not path.is_symlink()
    assert (library.root / "skills/greeter/SKILL.md").is_file()


def test_a_link_that_was_pointed_elsewhere_is_left_alone(export, tmp_path):
    export("greeter", link=True)
    path = tmp_path / "target" / "greeter"
    path.unlink()
    path.symlink_to(tmp_path)
    assert export("greeter") == [("greeter", Did.LEFT_ALONE, "it was changed since it was exported")]
    assert path.readlink() == tmp_path


def test_a_link_needs_a_checkout(library, export, git):
    git("rm", "-rq", "skills/greeter", cwd=library.root)
    assert export("greeter", link=True) == [
        ("greeter", Did.LEFT_ALONE, "the library has no checkout of it to link to")
    ]


def test_a_target_that_holds_no_skills_is_a_wrong_command_line(export, tmp_path):
    (tmp_path / "target").write_text("a file", "utf-8")
    with pytest.raises(UsageError, match="is a file"):
        export("greeter")
    (tmp_path / "target").unlink()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / ".memento-export.json").write_text("{", "utf-8")
    with pytest.raises(UsageError, match="Remove it to export anew"):
        export("greeter")
