"""The journal: append-only outcomes, utility as a query, ideas that are remembered."""

import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from memento.changes import (
    Disposition,
    Evidence,
    GateOutcome,
    GateReport,
    Landing,
    Proposal,
    TestResult,
)
from memento.errors import LibraryError
from memento.journal import Glance, Journal
from memento.types import (
    Blame,
    ChangeKind,
    Episode,
    Fault,
    Result,
    Route,
    Sha,
    Stop,
    Task,
    Trajectory,
    Usage,
    Utility,
    Verdict,
)

OLD, NEW = Sha("a" * 40), Sha("b" * 40)


def episode(name, result, *, tree=OLD, fault=None, skill="adder"):
    blame = Blame(fault=fault, skill=skill, explanation="") if fault else None
    return Episode(
        id=name,
        task=Task(id="t", text="add", files={"n": b"\xff\x00"}),
        attempt=0,
        library=OLD,
        model="m",
        route=Route(skill="adder", confidence=1.0),
        skill_tree=tree,
        trajectory=Trajectory(steps=(), answer="3", stop=Stop.ANSWERED),
        verdict=Verdict(result=result, rationale="", by="checker"),
        blame=blame,
    )


def landing(disposition, *, proposal="p1", idea="carry the one"):
    return Landing(
        proposal=Proposal(
            id=proposal,
            skill="adder",
            kind=ChangeKind.OPTIMISE,
            branch=f"memento/adder/{proposal}",
            base=OLD,
            commit=NEW,
            idea=idea,
        ),
        disposition=disposition,
        report=GateReport(skill="adder", outcome=GateOutcome.FAIL, evidence=Evidence.LINT, steps=()),
    )


@pytest.fixture
def journal(tmp_path):
    return Journal(path=tmp_path / "state" / "journal.db")


def test_an_episode_comes_back_as_it_was(journal):
    kept = episode("e1", Result.FAILED, fault=Fault.TOOL)
    journal.record(kept)
    assert journal.episode("e1") == kept
    assert journal.episodes() == (kept,)


def test_an_untried_skill_has_the_prior(journal):
    assert journal.utility("adder", OLD) == Utility()
    assert Utility().value == 0.5


def test_successes_credit_and_faults_of_the_skill_debit(journal):
    journal.record(episode("e1", Result.PASSED))
    journal.record(episode("e2", Result.FAILED, fault=Fault.REASONING))
    assert journal.utility("adder", OLD) == Utility(successes=1, failures=1)


@pytest.mark.parametrize("fault", [Fault.ENVIRONMENT, Fault.MODEL, Fault.JUDGE, Fault.ROUTING, None])
def test_a_failure_that_is_not_the_skills_fault_does_not_debit_it(journal, fault):
    journal.record(episode("e1", Result.FAILED, fault=fault))
    assert journal.utility("adder", OLD) == Utility()


def test_what_could_not_be_judged_says_nothing_about_a_skill(journal):
    journal.record(episode("e1", Result.UNJUDGED))
    assert journal.utility("adder", OLD) == Utility()


def test_another_skill_being_at_fault_does_not_debit_the_one_used(journal):
    journal.record(episode("e1", Result.FAILED, fault=Fault.TOOL, skill="other"))
    assert journal.utility("adder", OLD) == Utility()


def test_outcomes_of_an_older_version_count_half_and_are_never_wiped(journal):
    journal.record(episode("e1", Result.PASSED))
    journal.record(episode("e2", Result.PASSED))
    assert journal.utility("adder", NEW) == Utility(successes=1.0)
    journal.record(episode("e3", Result.FAILED, fault=Fault.TOOL, tree=NEW))
    assert journal.utility("adder", NEW) == Utility(successes=1.0, failures=1.0)


def test_many_utilities_at_once_are_those_of_each_alone(journal):
    for name, result, tree in (
        ("e1", Result.PASSED, OLD),
        ("e2", Result.FAILED, OLD),
        ("e3", Result.PASSED, NEW),
    ):
        journal.record(
            episode(name, result, tree=tree, fault=None if result is Result.PASSED else Fault.TOOL)
        )
    for tree in (OLD, NEW, Sha("c" * 40)):
        assert journal.utilities({"adder": tree, "untried": tree}) == {
            "adder": journal.utility("adder", tree)
        }


def test_a_discarded_proposal_changes_no_utility_and_its_idea_is_remembered(journal):
    journal.record(episode("e1", Result.PASSED))
    before = journal.utility("adder", OLD)
    journal.ideas.record(landing(Disposition.DISCARDED), episode="e1")
    assert journal.utility("adder", OLD) == before
    assert journal.ideas.rejected("adder") == ("carry the one",)


def test_a_landed_idea_counts_as_rejected_once_it_is_rolled_back(journal):
    journal.ideas.record(landing(Disposition.LANDED), episode="e1")
    assert journal.ideas.rejected("adder") == ()
    journal.ideas.reject("p1", "rolled back by hand")
    assert journal.ideas.rejected("adder") == ("carry the one",)
    assert journal.ideas.of("adder")[0].reason == "rolled back by hand"


def test_the_same_episode_is_not_recorded_twice(journal):
    for _ in range(2):
        journal.record(episode("e1", Result.PASSED))
    assert len(journal.episodes()) == 1
    assert journal.utility("adder", OLD) == Utility(successes=1)


def test_only_passing_runs_are_cached(journal):
    passed, failed = TestResult(id="a", passed=True), TestResult(id="b", passed=False)
    journal.cache.keep_run("k1", (passed,))
    journal.cache.keep_run("k2", (passed, failed))
    journal.cache.keep_run("k3", ())
    assert [journal.cache.run(k) for k in ("k1", "k2", "k3")] == [(passed,), None, None]


@pytest.mark.parametrize("attempt", range(8))
def test_many_threads_may_open_a_new_journal_at_once(tmp_path, attempt):
    journal = Journal(path=tmp_path / "journal.db")
    ready, failures = threading.Barrier(16), []

    def write(number):
        ready.wait()
        try:
            journal.record(replace(episode("e", Result.PASSED), id=f"e{number}"))
        except LibraryError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert journal.utility("adder", OLD) == Utility(successes=16)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("journal-")) == []


def test_a_journal_that_is_no_database_is_named_with_the_fix(tmp_path):
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    with pytest.raises(LibraryError, match="move it away to start a new one"):
        Journal(path=path).episodes()


def test_a_glance_says_what_the_episode_says(journal):
    spent = Usage(calls=2, input_tokens=30, output_tokens=4, usd=None)
    full = episode("e1", Result.FAILED, fault=Fault.TOOL)
    journal.record(replace(full, trajectory=replace(full.trajectory, usage=spent), started=7.5))
    journal.record(replace(episode("e2", Result.PASSED, tree=None), task=Task(id="u", text="ä" * 999)))
    first = Glance(
        id="e1", task="t", text="add", attempt=0, skill="adder", skill_tree=OLD, result=Result.FAILED,
        fault=Fault.TOOL, model="m", started=7.5, usage=spent,
    )  # fmt: skip
    second = replace(
        first, id="e2", task="u", text="ä" * 400, skill_tree=None, result=Result.PASSED, fault=None,
        started=0.0, usage=Usage(),
    )  # fmt: skip
    assert journal.glances() == (first, second)


def test_the_records_of_all_skills_are_those_of_each(journal):
    journal.record(episode("e1", Result.FAILED, fault=Fault.TOOL))
    journal.record(episode("e2", Result.PASSED))
    journal.record(episode("e3", Result.PASSED, tree=NEW))
    assert journal.records() == {"adder": journal.record_by_version("adder")}
    assert journal.records()["adder"][OLD] == Utility(successes=1, failures=1)


ON_A_SMALL_DISK = """
import os, sys
from pathlib import Path
from memento.errors import LibraryError
from memento.journal import Journal

disk, said = Path(sys.argv[1]), set()
for number, left in enumerate(range(4, 260, 16)):
    room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    (disk / "fill").write_bytes(bytes(max(0, room - left * 1024)))
    journal = Journal(path=disk / str(number) / "journal.db")
    try:
        journal.cache.remember({"a": "b"})
        said.add("kept")
    except (LibraryError, OSError) as error:
        said.add(str(error).rpartition("; ")[2])
    (disk / "fill").unlink()
    journal.cache.remember({"c": "d"})
    assert journal.cache.recall(["c"]) == {"c": "d"}, left
    for path in journal.path.parent.iterdir():
        path.unlink()
print(sorted(said))
"""


@pytest.mark.real
def test_a_full_disk_is_said_and_leaves_a_journal_that_works_when_there_is_space_again(tmp_path):
    bwrap = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--size", "600000", "--tmpfs", str(tmp_path)]
    done = subprocess.run(
        [*bwrap, sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "['free some space on its disk and run the same again', 'kept']\n", done.stderr
