"""Several processes at one library: nothing that was acknowledged is ever lost."""

import multiprocessing
import os
import signal
import time

import pytest

from memento.changes import Disposition
from memento.errors import ConflictError, MovedError
from memento.library import Library
from memento.library.lock import Intent
from tests.library.changes import created, landed, propose, rewritten

PROCESSES, EACH = 4, 3


def land_some(root, worker, answers):
    library = Library.open(root, now=time.time, ids=lambda: f"{worker}-{time.monotonic_ns()}", durable=False)
    for count in range(EACH):
        proposal = propose(library, created(f"skill-{worker}-{count}"))
        landing = landed(library, proposal)
        answers.put((proposal.skill, landing.disposition, landing.commit))


def test_landings_of_four_processes_at_once_are_all_there_afterwards(library, git, refs):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    workers = [
        context.Process(target=land_some, args=(library.root, worker, answers)) for worker in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    told = [answers.get(timeout=120) for _ in range(PROCESSES * EACH)]
    for worker in workers:
        worker.join()
    assert {disposition for _, disposition, _ in told} == {Disposition.LANDED}
    for _, _, commit in told:
        git("merge-base", "--is-ancestor", commit, "main", cwd=library.root)
    made = {skill for skill, _, _ in told}
    assert set(library.at().names()) == {"greeter", "ledger-totals", *made}
    assert [line.split()[0] for line in refs(library)] == ["refs/heads/main", "refs/notes/memento"]
    assert all(library.note(commit) for _, _, commit in told)
    assert git("status", "--porcelain", cwd=library.root) == ""
    assert git("fsck", "--strict", "--no-dangling", cwd=library.root) == ""


def test_main_moves_from_the_old_value_only(library):
    old = library.tip()
    mine = propose(library, rewritten(library, "greeter", "mine")).commit
    landed(library, propose(library, rewritten(library, "ledger-totals", "x scripts/total.py")))
    tip = library.tip()
    with library.writing() as held, pytest.raises(MovedError):
        library.swap(Intent(old=old, new=mine), held)
    assert library.tip() == tip


def test_a_file_that_main_changed_meanwhile_is_not_overwritten(library):
    base = library.tip()
    library.commit_files({"tips.md": b"- Theirs.\n"}, "tips", {}, base=base)
    with pytest.raises(ConflictError, match="Read it again"):
        library.commit_files({"tips.md": b"- Mine.\n"}, "tips", {}, base=base)
    assert library.at().tips() == "- Theirs.\n"
    library.commit_files({"other.md": b"x"}, "other", {}, base=base)
    library.commit_files({"other.md": None}, "other", {})
    assert "other.md" not in library.at().entries()


def hold_lock_and_die(root, ready):
    library = Library.open(root, now=time.time, ids=lambda: "x", durable=False)
    with library.writing() as held:
        held.enter("refs")
        (root / ".git/refs/notes").mkdir()
        for name in (
            "refs/heads/main.lock",
            "refs/notes/memento-merged.lock",
            "HEAD.lock",
            "packed-refs.lock",
        ):
            (root / ".git" / name).touch()
        ready.set()
        signal.pause()


@pytest.fixture
def killed_landing(library):
    """A landing that was killed while it held git's locks; the library is as it left it."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    worker = context.Process(target=hold_lock_and_die, args=(library.root, ready))
    worker.start()
    assert ready.wait(60)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    return library


def test_the_landing_after_a_killed_one_mends_what_it_left(killed_landing, git):
    landing = landed(killed_landing, propose(killed_landing, rewritten(killed_landing, "greeter", "again")))
    assert landing.disposition is Disposition.LANDED
    assert not list((killed_landing.root / ".git").rglob("*.lock"))


def test_recovery_says_what_it_removed_and_then_has_nothing_to_say(killed_landing):
    (killed_landing.root / ".git/fast_import_crash_123").touch()
    assert killed_landing.recover() == (
        "removed main.lock, left by a command that died",
        "removed memento-merged.lock, left by a command that died",
        "removed HEAD.lock, left by a command that died",
        "removed packed-refs.lock, left by a command that died",
        "removed fast_import_crash_123, left by a command that died",
    )
    assert killed_landing.recover() == ()


def test_a_lock_of_somebody_alive_is_never_removed(library):
    theirs = library.root / ".git/index.lock"
    theirs.touch()
    landed(library, propose(library, rewritten(library, "greeter", "x")))
    assert library.recover() == ()
    assert theirs.exists()


def test_a_lock_from_before_the_killed_landing_is_not_its_own(killed_landing):
    theirs = killed_landing.root / ".git/refs/heads/main.lock"
    os.utime(theirs, (1, 1))
    killed_landing.recover()
    assert theirs.exists()


def test_an_error_inside_the_lock_is_not_taken_for_a_death(library):
    def fail_inside():
        with library.writing() as held:
            held.enter("refs")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    theirs = library.root / ".git/refs/heads/main.lock"
    theirs.touch()
    assert library.recover() == ()
    assert theirs.exists()


def change_the_same(root, worker, answers):
    library = Library.open(root, now=time.time, ids=lambda: f"{worker}-{time.monotonic_ns()}", durable=False)
    proposal = propose(library, rewritten(library, "greeter", f"hello from {worker}"))
    own = propose(library, created(f"skill-{worker}"))
    for one in (proposal, own):
        landing = landed(library, one)
        answers.put((one.skill, landing.disposition, landing.report.reason))


def test_of_changes_to_one_skill_at_once_the_first_lands_and_the_others_say_why_not(library, refs):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    bases = [
        context.Process(target=change_the_same, args=(library.root, worker, answers))
        for worker in range(PROCESSES)
    ]
    for worker in bases:
        worker.start()
    told = [answers.get(timeout=120) for _ in range(2 * PROCESSES)]
    for worker in bases:
        worker.join()
    greeted = [entry for entry in library.log("greeter") if entry.skill]
    fates = [disposition for skill, disposition, _ in told if skill == "greeter"]
    assert fates.count(Disposition.LANDED) == len(greeted) >= 1
    assert {reason for skill, fate, reason in told if fate is Disposition.DISCARDED} <= {
        "merge: skills/greeter changed on main since this proposal was written. Write it anew on main's tip."
    }
    assert {fate for skill, fate, _ in told if skill != "greeter"} == {Disposition.LANDED}
    assert library.proposals() == ()
    proposals = [entry.trailers["Memento-Proposal"] for entry in library.log() if entry.skill]
    assert len(proposals) == len(set(proposals))
