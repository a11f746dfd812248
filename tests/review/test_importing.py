"""Skills from elsewhere: what is taken, what never is, who decides, and what is recorded."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from memento.assemble.ambience import Ambience
from memento.assemble.gates import journal_of
from memento.assemble.reviews import importer_of
from memento.changes import Disposition, GateOutcome
from memento.config import load
from memento.errors import LibraryError, UsageError
from memento.library.sources import read_source
from memento.review.importing import Became, incoming
from memento.review.lockfile import read_lock
from memento.sandbox.host import Host
from memento.skill.taking import left_out
from tests.library.changes import GREEN
from tests.review.situations import hands

POEM = """\
---
name: Poem Writer
description: Writes verse: short ones.
license: MIT
metadata:
  tags: [a, b]
---

Run `scripts/rhyme.py`.
"""
OTHER = {
    "poet/SKILL.md": POEM,
    "poet/scripts/rhyme.py": "print('moon')\n",
    "poet/scripts/test_rhyme.py": "raise SystemExit(0)\n",
    "poet/scripts/.hidden": "x",
    "poet/hooks/post-commit": "touch /tmp/owned\n",
    "poet/tests/test_poet.py": "def test_nothing(): pass\n",
    "poet/evals/evals.json": "[]",
    "poet/LICENSE.txt": "Apache License\n",
    "LICENSE": "\nMIT License\nmore\n",
}


def lay_out(root: Path, files: dict[str, str] = OTHER) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    (root / "poet/scripts/rhyme.py").chmod(0o755)
    (root / "poet/assets").mkdir(exist_ok=True)
    (root / "poet/assets/logo.png").write_bytes(b"\x89PNG\0\xff")
    (root / "poet/references").mkdir(exist_ok=True)
    (root / "poet/references/leak.md").symlink_to("/etc/passwd")
    return root


@pytest.fixture
def other(tmp_path) -> Path:
    """A folder of somebody else's skills, no repository."""
    return lay_out(tmp_path / "other")


@pytest.fixture
def repository(tmp_path, git) -> Path:
    """The same as a bare repository."""
    work = lay_out(tmp_path / "work")
    git("init", "-q", "-b", "main", cwd=work)
    git("add", "-A", "-f", cwd=work)
    git("commit", "-q", "-m", "skills", cwd=work)
    git("clone", "-q", "--bare", str(work), str(tmp_path / "bare.git"), cwd=tmp_path)
    return tmp_path / "bare.git"


def read(source: object, rev: str | None = None):
    return read_source(str(source), rev, lambda path: left_out(path) is None, lambda: 1760000000.0)


def importer(library):
    return importer_of(library, Host(), Ambience(), config=load("", {}), environ={})


def take(library, source: object, *, agreed: bool = True):
    take_one = importer(library)
    return [take_one(skill, agreed=agreed) for skill in incoming(read(source))]


LEFT_OUT = (
    ("assets/logo.png", "not UTF-8 text"),
    ("evals/evals.json", "not SKILL.md, scripts/, references/, assets/ or LICENSE"),
    ("hooks/post-commit", "a hook or a cache"),
    ("references/leak.md", "a link or too large"),
    ("scripts/.hidden", "a dot-file"),
    ("scripts/test_rhyme.py", "a test"),
    ("tests/test_poet.py", "a test"),
)


@pytest.mark.parametrize("kind", ["folder", "path", "bare", "url"])
def test_only_allow_listed_files_are_taken_from_anywhere(other, repository, kind):
    source = {
        "folder": other,
        "path": repository.parent / "work",
        "bare": repository,
        "url": repository.as_uri(),
    }
    (skill,) = incoming(read(source[kind]))
    assert skill.skill == "poet"
    assert sorted(skill.folder) == ["LICENSE.txt", "SKILL.md", "scripts/rhyme.py"]
    assert skill.folder["scripts/rhyme.py"].executable
    assert skill.left_out == LEFT_OUT
    assert skill.origin.license == "MIT"
    assert (skill.origin.commit is None) == (kind == "folder")


def test_what_lands_is_in_the_form_of_the_specification_and_says_what_it_said(library, other):
    (done,) = take(library, other)
    assert (done.became, done.landing.disposition) == (Became.LANDED, Disposition.LANDED)
    document = library.at().folder("poet")["SKILL.md"].data.decode()
    assert document.splitlines() == [
        "---",
        "name: poet",
        "description: 'Writes verse: short ones.'",
        "license: MIT",
        "metadata:",
        "  tags: '[a, b]'",
        "  memento-version: 0.1.0",
        "---",
        "",
        "Run `scripts/rhyme.py`.",
    ]


def test_source_commit_licence_and_digests_are_locked_and_the_trailers_tell(library, repository, git):
    (done,) = take(library, repository.as_uri())
    head = git("rev-parse", "main", cwd=repository).strip()
    lock = json.loads((library.root / "memento.lock").read_text("utf-8"))
    texts = {name: OTHER[f"poet/{name}"] for name in ("LICENSE.txt", "SKILL.md", "scripts/rhyme.py")}
    assert lock == {
        "version": 1,
        "skills": {
            "poet": {
                "source": repository.as_uri(),
                "commit": head,
                "license": "MIT",
                "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
            }
        },
    }
    landing = library.log("poet", 1)[0]
    assert landing.sha == done.landing.commit
    assert landing.trailers["Memento-Source"] == f"{repository.as_uri()} at {head[:12]}"
    assert landing.trailers["Memento-Agreed"] == "a person"
    assert landing.trailers["Memento-Gate"] == "INDECISIVE E0"
    assert git("status", "--porcelain", cwd=library.root) == ""


def test_without_consent_the_branch_waits_and_main_stays(library, other):
    tip = library.tip()
    (done,) = take(library, other, agreed=False)
    assert (done.became, library.tip()) == (Became.OPEN, tip)
    assert done.reason == "tests: nobody has written a test"
    assert done.landing.report.outcome is GateOutcome.INDECISIVE
    assert [proposal.skill for proposal in library.proposals()] == ["poet"]
    assert not (library.root / "memento.lock").exists()
    assert [each.became for each in take(library, other)] == [Became.LANDED]
    assert library.proposals() == ()


def test_what_passes_waits_for_a_person_as_well(library, other):
    passing = replace(
        importer_of(library, Host(), Ambience(), config=load("", {}), environ={}),
        gate=lambda **_: replace(GREEN, skill="poet"),
    )
    (skill,) = incoming(read(other))
    waiting = passing(skill, agreed=False)
    assert (waiting.became, waiting.landing.report.outcome) == (Became.OPEN, GateOutcome.PASS)
    landed = passing(skill, agreed=True)
    trailers = library.log("poet", 1)[0].trailers
    assert (landed.became, trailers["Memento-Gate"]) == (Became.LANDED, "PASS E0")
    assert trailers["Memento-Agreed"] == "a person"


def test_an_import_that_waited_is_recorded_when_a_person_lets_it_in(library, repository, tmp_path):
    (now,) = take(library, repository.as_uri())
    at_once = (library.root / "memento.lock").read_text("utf-8")
    assert now.became is Became.LANDED
    files = {**OTHER, "poet/SKILL.md": POEM.replace("Run", "Then run")}
    changed = lay_out(tmp_path / "changed", files)
    (waiting,) = take(library, changed, agreed=False)
    assert (waiting.became, (library.root / "memento.lock").read_text("utf-8")) == (Became.OPEN, at_once)
    landed = hands(library).approve(waiting.landing.proposal.id)
    assert landed.disposition is Disposition.LANDED
    (skill,) = incoming(read(changed))
    assert read_lock((library.root / "memento.lock").read_bytes()) == {"poet": skill.origin}


def test_consent_lands_nothing_that_fails(library, other):
    (other / "poet/scripts/rhyme.py").write_text("def broken(:\n", "utf-8")
    tip = library.tip()
    (done,) = take(library, other)
    assert (done.became, library.tip(), library.proposals()) == (Became.DISCARDED, tip, ())
    assert done.reason.startswith("static: scripts/rhyme.py:1: the script does not parse")
    assert journal_of(library).ideas.rejected("poet") == (f"import from {other}",)


def test_the_same_files_are_not_imported_twice_and_changed_ones_are_an_edit(library, other):
    take(library, other)
    tip = library.tip()
    (again,) = take(library, other)
    assert (again.became, library.tip()) == (Became.UNCHANGED, tip)
    (other / "poet/scripts/rhyme.py").write_text("print('june')\n", "utf-8")
    (newer,) = take(library, other)
    assert newer.became is Became.LANDED
    assert newer.landing.proposal.kind == "edit"
    assert library.at().skill("poet").version == "0.1.1"


def test_a_skill_that_repeats_one_of_the_library_names_the_one_to_extend(library, other):
    says = "Adds up the amounts of a ledger for a total of a CSV file."
    twin = f"---\nname: poet\ndescription: {says}\n---\n\nDo.\n"
    (other / "poet/SKILL.md").write_text(twin, "utf-8")
    before = library.git.line("for-each-ref")
    (done,) = take(library, other)
    assert done.became is Became.DUPLICATE
    assert done.reason.endswith("extend ledger-totals instead")
    assert library.git.line("for-each-ref") == before


def test_unusable_and_ambiguous_skills_are_listed_and_not_dropped(tmp_path, library):
    files = {
        "a/poet/SKILL.md": POEM.replace("`scripts/rhyme.py`", "it"),
        "b/poet/SKILL.md": POEM,
        "c/none/SKILL.md": "# no frontmatter\n",
        "poet/SKILL.md": "x",
    }
    lay_out(tmp_path / "many", files | {"poet/scripts/rhyme.py": ""})
    done = take(library, tmp_path / "many")
    assert [(each.skill, each.became) for each in done] == [
        ("none", Became.UNUSABLE),
        ("poet", Became.LANDED),
        ("poet", Became.UNUSABLE),
        ("poet", Became.UNUSABLE),
    ]


def test_another_library_is_a_source_like_any_other(make_library):
    mine, theirs = make_library("mine"), make_library("theirs")
    theirs.commit_files(
        {"skills/poet/SKILL.md": POEM.replace("`scripts/rhyme.py`", "it").encode()}, "poet", {}
    )
    found = {each.skill: each.became for each in take(mine, theirs.root)}
    assert found == {
        "greeter": Became.UNCHANGED,
        "ledger-totals": Became.UNCHANGED,
        "poet": Became.LANDED,
    }


# ---------------------------------------------------------------- hostile sources


def test_nothing_of_a_hostile_repository_runs(tmp_path, repository, git, library):
    canary = tmp_path / "canary"
    work = tmp_path / "work"
    (work / ".gitattributes").write_text("* filter=evil diff=evil\n", "utf-8")
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", "attributes", cwd=work)
    for name in (
        "post-checkout",
        "post-upload-pack",
        "reference-transaction",
        "pre-auto-gc",
        "post-index-change",
    ):
        hook = work / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {canary}\n", "utf-8")
        hook.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "uploadpack.packObjectsHook"):
        git("config", key, f"touch {canary}; cat", cwd=work)
    (done,) = take(library, work)
    assert done.became is Became.LANDED
    assert not canary.exists()


@pytest.mark.parametrize(
    "source",
    [
        "ext::sh -c 'touch canary'",
        "ssh://host/x",
        "git://host/x",
        "http://host/x",
        "https://host/\x1b[2J",
        "/nowhere",
    ],
)
def test_only_https_and_file_are_spoken(source):
    with pytest.raises(UsageError):
        read(source)


@pytest.mark.parametrize("rev", ["--upload-pack=touch canary", "+main", "a:b", "a..b", "", "\n"])
def test_a_revision_is_no_option_and_no_refspec(repository, rev):
    with pytest.raises(UsageError, match="no branch"):
        read(repository, rev)


def test_a_password_in_an_address_is_not_shown():
    with pytest.raises(LibraryError) as caught:
        read("https://user:secret@127.0.0.1:1/x.git")
    assert "secret" not in str(caught.value)
    assert "https://127.0.0.1:1/x.git cannot be fetched" in str(caught.value)


def test_a_place_without_skills_is_no_source(tmp_path, library):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no SKILL\.md"):
        read(tmp_path / "empty")
    with pytest.raises(UsageError, match="not the root of a git repository"):
        read(tmp_path / "empty", "main")
    with pytest.raises(UsageError, match="there are: greeter, ledger-totals"):
        incoming(read(library.root), ("gone",))


def test_a_lock_that_cannot_be_read_is_not_written_over(library, other):
    library.commit_files({"memento.lock": b"{"}, "break it", {})
    with pytest.raises(LibraryError, match=r"memento\.lock cannot be read"):
        take(library, other)
    assert library.proposals() == ()
    assert read_lock(None) == {}
