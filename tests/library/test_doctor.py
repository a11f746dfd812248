"""What `memento doctor` mends, and what it leaves alone."""

import os
import subprocess
import sys
import time

import pytest

from memento.errors import LibraryError
from memento.library import Library
from tests.library.changes import landed, propose, rewritten

NOW = 1760000000.0


def rescue(library: Library, booted: float = 0.0) -> tuple[str, ...]:
    return Library.rescue(library.root, now=lambda: NOW, booted=booted)


@pytest.fixture
def two_landings(library):
    """A library whose main has landed twice: (library, tips oldest first)."""
    for word in ("one", "two"):
        landed(library, propose(library, rewritten(library, "greeter", word)))
    return library, [entry.sha for entry in reversed(library.log())]


def test_a_whole_library_needs_nothing(two_landings, refs):
    library, _ = two_landings
    before = refs(library)
    assert rescue(library) == ()
    assert refs(library) == before


RUINS = {
    "zeroed": lambda file: file.write_bytes(b"\0" * 41),
    "empty": lambda file: file.write_bytes(b""),
    "nonsense": lambda file: file.write_text("main\n", "utf-8"),
    "nowhere": lambda file: file.write_text("1" * 40 + "\n", "utf-8"),
    "zeros": lambda file: file.write_text("0" * 40 + "\n", "utf-8"),
}


@pytest.mark.parametrize("ruin", RUINS)
def test_a_ruined_main_goes_back_to_the_last_landing(two_landings, git, ruin):
    library, tips = two_landings
    file = library.root / ".git/refs/heads/main"
    RUINS[ruin](file)
    held = file.read_bytes()
    with pytest.raises(LibraryError, match="`memento doctor` restores it"):
        Library.open(library.root, now=library.now, ids=library.ids)
    assert rescue(library) == (
        f"main was damaged and is back at {tips[-1][:12]}, its newest landing that is whole (0 newer not "
        "readable). The files of the checkout were left alone: compare them with `git status` before you "
        "discard any",
    )
    assert Library.open(library.root, now=library.now, ids=library.ids).tip() == tips[-1]
    assert (library.root / f".git/memento/damaged-main-{int(NOW)}").read_bytes() == held
    assert git("status", "--porcelain", cwd=library.root) == ""
    assert rescue(library) == ()


def test_a_second_branch_does_not_take_the_place_of_a_damaged_main(two_landings, git):
    library, tips = two_landings
    git("branch", "master", tips[0], cwd=library.root)
    (library.root / ".git/refs/heads/main").write_bytes(b"")
    with pytest.raises(LibraryError, match="is damaged"):
        Library.open(library.root, now=library.now, ids=library.ids)


def loose(library, sha):
    return library.root / ".git/objects" / sha[:2] / sha[2:]


@pytest.mark.parametrize("what", ["{tip}", "{tip}^{{tree}}", "{tip}:skills/greeter/SKILL.md"])
@pytest.mark.parametrize("how", ["emptied", "torn", "gone"])
def test_a_landing_that_cannot_be_read_gives_way_to_the_one_before(two_landings, git, what, how):
    library, tips = two_landings
    sha = git("rev-parse", what.format(tip=tips[-1]), cwd=library.root).strip()
    file = loose(library, sha)
    file.chmod(0o644)
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(b"" if how == "emptied" else file.read_bytes()[:9])
    (told,) = rescue(library)
    assert told.startswith(f"main was damaged and is back at {tips[-2][:12]}")
    assert "(1 newer not readable)" in told
    again = Library.open(library.root, now=library.now, ids=library.ids)
    assert (again.tip(), again.at().skill("greeter").body) == (tips[-2], "one")


def test_a_library_with_nothing_whole_is_left_for_a_person(library, git):
    sha = git("rev-parse", "HEAD:skills/greeter/SKILL.md", cwd=library.root).strip()
    tip = library.tip()
    loose(library, sha).unlink()
    with pytest.raises(LibraryError, match="fetch main from a clone"):
        rescue(library)
    assert library.tip() == tip


def test_a_lock_from_before_the_machine_started_goes(library):
    lock = library.root / ".git/refs/heads/main.lock"
    lock.touch()
    os.utime(lock, (1000, 1000))
    assert rescue(library, booted=2000) == ("removed main.lock, left from before the machine started",)
    assert not lock.exists()


def test_a_younger_lock_may_have_an_owner_and_stays(library):
    lock = library.root / ".git/index.lock"
    lock.touch()
    os.utime(lock, (NOW - 600, NOW - 600))
    (told,) = rescue(library, booted=1000)
    assert told.startswith(f"left {lock} alone: it is 10 minutes old and may have an owner")
    assert lock.exists()


def test_a_lock_that_is_open_somewhere_stays_however_old(library):
    lock = library.root / ".git/index.lock"
    lock.touch()
    os.utime(lock, (1000, 1000))
    with lock.open("rb"):
        assert "left" in rescue(library, booted=2000)[0]
    assert lock.exists()


HOLDER = """
import sys, time
from pathlib import Path
from memento.library.lock import landing_lock
with landing_lock(Path(sys.argv[1])) as held:
    held.enter("refs")
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_landing_that_is_going_on_is_never_disturbed(library):
    library.recover()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(library.root / ".git/memento")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        lock = library.root / ".git/refs/heads/main.lock"
        lock.touch()
        started = time.monotonic()
        with pytest.raises(LibraryError, match="Another process is landing"):
            library.recover(wait_s=0.2)
        assert time.monotonic() - started < 5
        assert lock.exists()
    finally:
        holder.communicate()


def test_drafts_halves_and_branches_that_have_landed_go(library, git):
    proposal = propose(library, rewritten(library, "greeter", "one"))
    landed(library, proposal)
    git("update-ref", f"refs/heads/{proposal.branch}", proposal.commit, cwd=library.root)
    git("update-ref", "refs/memento/draft/x", proposal.commit, cwd=library.root)
    old, young = (library.root / ".git/objects/aa" / f"tmp_obj_memento{n}" for n in (1, 2))
    old.parent.mkdir(exist_ok=True)
    for half, age_s in ((old, 4000), (young, 10)):
        half.touch()
        os.utime(half, (NOW - age_s, NOW - age_s))
    assert rescue(library) == (
        "removed refs/memento/draft/x, left by a command that died",
        "removed tmp_obj_memento1, half an object of a command that died",
        f"removed the branch {proposal.branch}, which has landed",
    )
    assert (old.exists(), young.exists(), library.proposals()) == (False, True, ())


def test_an_open_proposal_is_no_litter(library):
    proposal = propose(library, rewritten(library, "greeter", "one"))
    assert rescue(library) == ()
    assert library.proposals() == (proposal,)
