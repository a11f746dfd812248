"""Nothing that a repository brings along is ever run: each attack would leave a canary."""

import os
import shutil
from pathlib import Path

import pytest

from memento.changes import Disposition
from memento.errors import LibraryError
from memento.library import Library
from memento.library.lock import Intent
from memento.library.reader import reading
from memento.skill import edit
from tests.library.changes import GREEN, landed, propose, rewritten


@pytest.fixture
def canary(tmp_path):
    """A script that leaves a file when anything runs it."""
    script, trace = tmp_path / "canary.sh", tmp_path / "canary.was.run"
    script.write_text(f"#!/bin/sh\necho $0 $@ >> '{trace}'\ncat\n", "utf-8")
    script.chmod(0o755)
    return script, trace


def go_through_everything(library: Library) -> None:
    """Every command the engine has, once."""
    base = library.tip()
    landing = landed(library, propose(library, rewritten(library, "greeter", "hello there")))
    assert landing.disposition is Disposition.LANDED
    library.commit_files({"tips.md": b"- Tip.\n"}, "tips: one", {"Memento-Task": "t"})
    library.diff("greeter", base)
    library.log()
    library.graph()
    library.note(landing.commit)
    library.rollback("greeter")
    library.recover()
    library.worktree().entries()
    Library.open(library.root, now=library.now, ids=library.ids)


HOOKS = ["reference-transaction", "post-index-change", "pre-commit", "post-checkout", "post-merge", "update"]


def test_no_hook_runs(library, canary):
    script, trace = canary
    folder = library.root / ".git/hooks"
    folder.mkdir(exist_ok=True)
    for name in HOOKS:
        shutil.copy(script, folder / name)
    go_through_everything(library)
    assert not trace.exists()


@pytest.mark.parametrize(
    "setting",
    [
        "core.hooksPath={folder}",
        "core.fsmonitor={script}",
        "core.sshCommand={script}",
        "core.pager={script}",
        "core.editor={script}",
        "core.askPass={script}",
        "gpg.program={script}",
        "diff.external={script}",
        "credential.helper={script}",
        "filter.evil.clean={script}",
        "filter.evil.smudge={script}",
        "diff.evil.textconv={script}",
        "diff.evil.command={script}",
        "merge.evil.driver={script}",
    ],
)
def test_no_program_of_the_configuration_runs(library, git, canary, setting):
    script, trace = canary
    hooks = script.parent / "hooks"
    hooks.mkdir()
    for name in HOOKS:
        shutil.copy(script, hooks / name)
    attributes = "* filter=evil diff=evil merge=evil\n"
    (library.root / ".gitattributes").write_text(attributes, "utf-8")
    (library.root / ".git/info").mkdir(exist_ok=True)
    (library.root / ".git/info/attributes").write_text(attributes, "utf-8")
    key, _, value = setting.format(script=script, folder=hooks).partition("=")
    for name, text in ((key, value), ("commit.gpgSign", "true"), ("log.showSignature", "true")):
        git("config", name, text, cwd=library.root)
    go_through_everything(library)
    assert not trace.exists()


def test_a_signature_is_not_verified_with_a_program_of_the_configuration(library, git, canary):
    script, trace = canary
    for key, value in (("gpg.program", str(script)), ("log.showSignature", "true")):
        git("config", key, value, cwd=library.root)
    raw = git("cat-file", "commit", "HEAD", cwd=library.root)
    head, _, message = raw.partition("\n\n")
    signed = library.root / "signed"
    armour = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----"
    signed.write_text(f"{head}\n{armour}\n\n{message}", "utf-8")
    commit = git("hash-object", "-t", "commit", "-w", "signed", cwd=library.root).strip()
    git("update-ref", "refs/heads/main", commit, cwd=library.root)
    assert [entry.sha for entry in library.log()] == [commit]
    assert "A library" in library.graph()
    assert not trace.exists()


def test_an_included_configuration_and_a_promisor_remote_start_nothing(library, git, canary):
    script, trace = canary
    included = script.parent / "included"
    included.write_text(f"[core]\n\tfsmonitor = {script}\n\thooksPath = {script.parent}\n", "utf-8")
    for key, value in (
        ("include.path", str(included)),
        ("remote.origin.url", f"ext::{script} %S"),
        ("remote.origin.promisor", "true"),
        ("extensions.partialClone", "origin"),
        ("protocol.ext.allow", "always"),
    ):
        git("config", key, value, cwd=library.root)
    missing = "1" * 40
    with pytest.raises(LibraryError):
        library.at(missing)
    go_through_everything(library)
    assert not trace.exists()


def test_variables_of_a_parent_git_point_nowhere(library, tmp_path, canary):
    script, trace = canary
    hostile = {
        "GIT_DIR": str(tmp_path),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "objects"),
        "GIT_WORK_TREE": str(tmp_path),
        "GIT_NAMESPACE": "evil",
        "GIT_EXTERNAL_DIFF": str(script),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(script),
        "GIT_TRACE": str(tmp_path / "trace"),
    }
    before = dict(os.environ)
    os.environ.update(hostile)
    try:
        go_through_everything(library)
    finally:
        for name in hostile:
            del os.environ[name]
    assert dict(os.environ) == before
    assert [path.name for path in tmp_path.iterdir() if path.name in ("index", "objects", "trace")] == []
    assert not trace.exists()


def test_a_replaced_object_does_not_change_what_is_read(library, git):
    tip = library.tip()
    honest = library.at(tip).folder("greeter")
    evil = library.root / "evil"
    evil.write_bytes(edit(honest["SKILL.md"].data, body="do evil"))
    blob = git("hash-object", "-w", "evil", cwd=library.root).strip()
    git("replace", f"{tip}:skills/greeter/SKILL.md", blob, cwd=library.root)
    assert Library.open(library.root, now=library.now, ids=library.ids).at(tip).folder("greeter") == honest


def test_links_and_submodules_are_named_and_never_read(library, git):
    secret = library.root.parent / "secret"
    secret.write_text("s3cret", "utf-8")
    folder = library.root / "skills/greeter"
    (folder / "link").symlink_to(secret)
    (folder / "outside").symlink_to(secret.parent)
    os.mkfifo(folder / "fifo")
    worktree = library.worktree()
    assert worktree.folder("greeter").keys() == {"SKILL.md"}
    assert worktree.strange("greeter") == ("fifo", "link", "outside")
    assert worktree.entries()["skills/greeter/link"].startswith("120000 ")
    (folder / "fifo").unlink()
    git("add", ".", cwd=library.root)
    sha = library.tip()
    git("update-index", "--add", "--cacheinfo", f"160000,{sha},skills/greeter/sub", cwd=library.root)
    git("commit", "-q", "-m", "links", cwd=library.root)
    commit = library.at()
    assert commit.folder("greeter") == worktree.folder("greeter")
    assert commit.strange("greeter") == ("link", "outside", "sub")
    assert {path: entry.split()[0] for path, entry in commit.entries().items() if "greeter/" in path} == {
        "skills/greeter/SKILL.md": "100644",
        "skills/greeter/link": "120000",
        "skills/greeter/outside": "120000",
        "skills/greeter/sub": "160000",
    }


def test_a_skills_folder_that_is_a_link_is_no_skills_folder(library, tmp_path):
    shutil.move(library.root / "skills", tmp_path / "elsewhere")
    (library.root / "skills").symlink_to(tmp_path / "elsewhere")
    worktree = library.worktree()
    assert (worktree.names(), worktree.folder("greeter"), worktree.skill("greeter")) == ([], {}, None)


@pytest.mark.parametrize("name", ["..", ".", "", "../skills/greeter", "a\0b"])
def test_a_name_with_a_path_in_it_reads_nothing(library, name):
    for snapshot in (library.at(), library.worktree()):
        assert (snapshot.skill(name), snapshot.folder(name), snapshot.strange(name)) == (None, {}, ())
        assert snapshot.test(name) is None


@pytest.mark.parametrize("rev", ["--output=/tmp/x", "-1", "", "no-such", "HEAD:tips.md", "main\n", "\0"])
def test_a_revision_that_names_no_commit_is_refused(library, rev):
    with pytest.raises(LibraryError, match="names no commit"):
        library.at(rev)


def test_a_path_into_the_git_folder_is_refused_before_anything_is_written(library, refs):
    before, config = refs(library), (library.root / ".git/config").read_bytes()
    with pytest.raises(LibraryError, match="Rename the file"):
        library.commit_files({".git/config": b"[core]\n"}, "evil", {})
    assert (refs(library), (library.root / ".git/config").read_bytes()) == (before, config)


def test_a_landed_link_is_not_followed_into_the_checkout(library, git, tmp_path):
    git("checkout", "-q", "-b", "evil", cwd=library.root)
    (library.root / "skills/greeter/out").symlink_to(tmp_path)
    git("add", ".", cwd=library.root)
    git("commit", "-q", "-m", "a link", cwd=library.root)
    evil = library.at("evil").commit
    git("checkout", "-q", "main", cwd=library.root)
    old = library.tip()
    with library.writing() as held, reading(library.git) as read:
        intent = Intent(old=old, new=evil)
        library.swap(intent, held)
        note = library.follow(intent, held, read)
    assert note == (
        "the checkout could not follow: "
        "The landed commit holds a link or a submodule; the checkout was left alone."
    )
    assert not (library.root / "skills/greeter/out").is_symlink()


def test_no_child_outlives_a_call(library):
    before = set(_children())
    go_through_everything(library)
    assert landed(library, propose(library, rewritten(library, "greeter", "x")), GREEN).commit
    assert set(_children()) == before


def _children():
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text("utf-8").split()
