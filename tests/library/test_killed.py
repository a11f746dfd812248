"""A process that is really killed, at each named step: the next command mends what it left."""

import os
import shutil
import subprocess
from dataclasses import replace
from random import Random

import pytest

from memento.changes import Disposition, Landing
from memento.errors import LibraryError, MovedError
from memento.journal import Idea, Journal
from memento.library import Library, land
from memento.library.lock import Intent
from memento.library.reconcile import reconcile
from memento.library.steps import STEPS
from tests.crash.campaign import Memory, by_clock, by_error, by_name, inspect, new_library
from tests.crash.child import GATE_STEPS
from tests.library.changes import GREEN, RED, created, landed, propose, rewritten


def everything_is_mended(root, attempts):
    """Each attempt in turn on one library, each looked at after the next command."""
    memory = Memory()
    new_library(root)
    for number, attempt in enumerate(attempts):
        ended = attempt(root, f"n{number}")
        memory.add(ended)
        assert [*inspect(root, memory, f"n{number}")] == [], ended.how
        yield ended


@pytest.mark.parametrize("part", [0, 1])
def test_a_kill_at_any_named_step_loses_nothing_and_lands_nothing_twice(tmp_path, part):
    steps = (*STEPS, *GATE_STEPS)[part::2]
    attempts = [lambda root, seed, step=step: by_name(root, seed, step, 1) for step in steps]
    ended = [*everything_is_mended(tmp_path / "library", attempts)]
    assert [attempt.how for attempt in ended if not attempt.killed] == []


def test_a_kill_of_git_itself_at_a_random_moment_loses_nothing(tmp_path):
    chance = Random(7)
    attempts = [lambda root, seed: by_clock(root, seed, chance.uniform(0.3, 1.5)) for _ in range(3)]
    ended = [*everything_is_mended(tmp_path / "library", attempts)]
    assert len(ended) == 3


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes system calls fail")
@pytest.mark.parametrize(("call", "nth"), [("rename", 3), ("fsync", 2), ("link", 1)])
def test_an_error_from_the_disk_loses_nothing(tmp_path, call, nth):
    attempts = [lambda root, seed: by_error(root, seed, call, "ENOSPC", nth)]
    (ended,) = everything_is_mended(tmp_path / "library", attempts)
    assert not ended.killed


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    if os.geteuid() != 0 and "CI" not in os.environ:
        pytest.skip("a small file system needs root")
    place = tmp_path / "small disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(path):
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_is_an_error_with_the_fix_and_main_stays(small_disk):
    root = small_disk / "library"
    new_library(root)
    ids = iter(range(1000))
    library = Library.open(root, now=lambda: 1760000000.0, ids=lambda: f"id{next(ids)}")
    landed(library, propose(library, created("first")))
    tip = library.tip()
    filler = small_disk / "filler"
    proposal = propose(library, created("second"))
    with pytest.raises(OSError, match="No space"):
        fill(filler)
    with pytest.raises(LibraryError, match=r"No space left on device|could not|failed"):
        landed(library, proposal)
    assert library.tip() == tip
    filler.unlink()
    landing = landed(library, proposal)
    assert (landing.disposition, library.tip()) == (Disposition.LANDED, landing.commit)


def test_a_read_only_file_system_is_an_error_and_the_library_can_be_read(small_disk):
    root = small_disk / "library"
    new_library(root)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    library = Library.open(root, now=lambda: 1760000000.0, ids=lambda: "x")
    assert library.at().names() == ["greeter"]
    assert [header.name for header in library.at().headers()] == ["greeter"]
    with pytest.raises(LibraryError, match="Read-only file system"):
        propose(library, created("second"))
    with pytest.raises(LibraryError, match="Read-only file system"):
        library.commit_files({"tips.md": b"x"}, "tips", {})


def plan_of(library, proposal):
    return Intent(
        old=proposal.base,
        new=proposal.commit,
        branch=proposal.branch,
        commit=proposal.commit,
        paths=("skills/greeter",),
    )


def test_a_landing_that_stopped_between_two_references_is_completed(library, git, refs):
    proposal = propose(library, rewritten(library, "greeter", "hello"))
    folder = library.root / ".git/memento"
    library.recover()
    git("update-ref", "refs/heads/main", proposal.commit, cwd=library.root)
    with library.writing() as held:
        held.enter("refs", plan_of(library, proposal))
        left = (folder / "landing").read_bytes()
    (folder / "landing").write_bytes(left)
    assert library.recover() == (
        f"removed the branch {proposal.branch}, which has landed",
        "completed a landing that was interrupted: the checkout follows",
    )
    assert refs(library) == [f"refs/heads/main {proposal.commit}"]
    assert git("status", "--porcelain", cwd=library.root) == ""
    assert library.recover() == ()


def test_a_mark_that_cannot_be_read_moves_nothing(library, refs):
    library.recover()
    before = refs(library)
    for torn in (b'{"stage": "refs", "int', b"\0" * 100, b"[]", b'{"stage":"refs","intent":{"x":1}}'):
        (library.root / ".git/memento/landing").write_bytes(torn)
        assert library.recover() == ()
        assert refs(library) == before


def test_an_error_after_which_main_has_moved_is_a_landing(library):
    """What a command says is not believed: main is read."""
    proposal = propose(library, rewritten(library, "greeter", "hello"))
    intent = replace(plan_of(library, proposal), branch=None, commit=None)

    def moved_by_somebody(step):
        if step == "main: before":
            library.git("update-ref", "refs/heads/main", proposal.commit)

    watched = replace(library, reached=moved_by_somebody)
    with watched.writing() as held:
        watched.swap(intent, held)
    assert library.tip() == proposal.commit


def test_a_proposal_that_somebody_else_landed_is_not_landed_again(library):
    proposal = propose(library, rewritten(library, "greeter", "hello"))
    landed(library, proposal)
    tip = library.tip()
    with pytest.raises((LibraryError, MovedError), match="Main has all of this already"):
        landed(library, proposal)
    assert library.tip() == tip


def test_the_journal_learns_what_landed_what_is_open_and_what_is_gone(library, git):
    journal = Journal(path=library.state / "journal.db")
    done, waiting, gone = (propose(library, created(name)) for name in ("done", "waiting", "gone"))
    assert len(reconcile(library, journal)) == 3
    landed(library, done)
    library.discard(gone)
    assert reconcile(library, journal) == (
        f"the journal learned that proposal {done.id} is landed",
        f"the journal learned that proposal {gone.id} is gone",
    )
    unjudged = "journal: its process ended before the gate's word"
    rows = {(done.id, "done"): ("landed", "all steps passed"), (waiting.id, "waiting"): ("open", unjudged)}
    rows[gone.id, "gone"] = ("discarded", "its branch is gone: somebody deleted it")
    assert set(journal.ideas.of()) == {
        Idea(
            proposal=id_,
            skill=skill,
            episode="",
            idea=f"add {skill}",
            disposition=Disposition(disposition),
            reason=reason,
        )
        for (id_, skill), (disposition, reason) in rows.items()
    }
    assert reconcile(library, journal) == ()


def test_a_refused_proposal_whose_branch_stayed_is_cleared_away(library):
    journal = Journal(path=library.state / "journal.db")
    proposal = propose(library, rewritten(library, "greeter", "bye"))
    report = replace(RED, skill="greeter")
    refusal = Landing(proposal=proposal, disposition=Disposition.DISCARDED, report=report)
    journal.ideas.record(refusal, episode="e")
    assert reconcile(library, journal) == (f"removed the branch {proposal.branch}, which was refused",)
    assert library.proposals() == ()
    assert [idea.reason for idea in journal.ideas.of()] == [report.reason]


def test_a_branch_that_somebody_brought_back_is_open_again(library, git):
    journal = Journal(path=library.state / "journal.db")
    proposal = propose(library, rewritten(library, "greeter", "bye"))
    reconcile(library, journal)
    library.discard(proposal)
    reconcile(library, journal)
    git("branch", proposal.branch, proposal.commit, cwd=library.root)
    reconcile(library, journal)
    assert [idea.disposition for idea in journal.ideas.of()] == [Disposition.OPEN]
    assert library.proposals() == (proposal,)


def test_an_idea_that_was_taken_back_stays_taken_back(library):
    journal = Journal(path=library.state / "journal.db")
    landing = landed(library, propose(library, created("done")))
    journal.ideas.record(landing, episode="e")
    journal.ideas.reject(landing.proposal.id, "rolled back")
    assert reconcile(library, journal) == ()
    assert [idea.disposition for idea in journal.ideas.of()] == [Disposition.DISCARDED]


def test_the_trailers_are_those_of_the_report_that_decided(library, git):
    mine = propose(library, rewritten(library, "greeter", "hello there"))
    landed(library, propose(library, rewritten(library, "ledger-totals", "Run scripts/total.py")))
    reports = iter([replace(GREEN, seconds=1.0), replace(GREEN, seconds=2.0)])
    gated = []

    def gate(base, head):
        gated.append(git("rev-parse", f"{head.commit}^{{tree}}", cwd=library.root))
        return next(reports)

    landing = land(library, mine, gate, lambda r: {"Memento-Gate": f"took {r.seconds}"}, lambda *_: True)
    assert library.log(limit=1)[0].trailers["Memento-Gate"] == "took 2.0"
    assert git("rev-parse", f"{landing.commit}^{{tree}}", cwd=library.root) == gated[-1]


def test_a_refused_proposal_under_the_lock_does_not_wait_for_itself(library, git):
    """Main moves three times, so that the last round holds the lock; then the gate says no."""
    proposal = propose(library, rewritten(library, "greeter", "hello"))
    calls = []

    def gate(base, head):
        calls.append(head.commit)
        if len(calls) < 4:
            git("commit", "-q", "--allow-empty", "-m", "by hand", cwd=library.root)
            return GREEN
        return RED

    landing = land(library, proposal, gate, lambda report: {}, lambda *_: True)
    assert (landing.disposition, library.proposals()) == (Disposition.DISCARDED, ())
