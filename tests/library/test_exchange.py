"""Outcomes between clones: union, once, whoever pushes first, and nothing but outcomes."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from memento.errors import LibraryError
from memento.journal import Journal
from memento.journal.outcomes import Outcome, adopt, line, outcomes, read_line
from memento.library import Library
from memento.library.exchange import REF, exchange
from memento.types import Blame, Episode, Fault, Result, Route, Sha, Stop, Task, Trajectory, Utility, Verdict

OLD, NEW = Sha("1" * 40), Sha("2" * 40)


def episode(name, *, tree=OLD, passed=True, at=0.0):
    blame = None if passed else Blame(fault=Fault.TOOL, skill="greeter", explanation="")
    return Episode(
        id=name,
        task=Task(id="t", text="the secret text of a task"),
        attempt=0,
        library=OLD,
        model="m",
        route=Route(skill="greeter", confidence=1.0),
        skill_tree=tree,
        trajectory=Trajectory(steps=(), answer="the secret answer", stop=Stop.ANSWERED),
        verdict=Verdict(result=Result.PASSED if passed else Result.FAILED, rationale="", by="checker"),
        blame=blame,
        started=at,
    )


class Clone:
    """A clone of one library with a journal of its own."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.journal = Journal(path=library.root / ".memento" / "journal.db")

    def sync(self, remote: str = "origin"):
        key = lambda text: o.episode if (o := read_line(text)) else None  # noqa: E731
        mine = map(line, outcomes(self.journal))
        done = exchange(self.library.git, self.library.root, remote, mine, key)
        adopt(self.journal, [o for text in done.lines if (o := read_line(text))])
        return done.sent, done.received

    def names(self):
        return [outcome.episode for outcome in outcomes(self.journal)]


@pytest.fixture
def remote(tmp_path, git) -> Path:
    git("init", "-q", "--bare", "-b", "main", "remote.git", cwd=tmp_path)
    return tmp_path / "remote.git"


@pytest.fixture
def clones(make_library, remote, git):
    found = [Clone(make_library(name)) for name in ("one", "two")]
    for clone in found:
        git("remote", "add", "origin", "../remote.git", cwd=clone.library.root)
    return found


def test_what_one_clone_saw_counts_in_the_other_and_only_once(clones):
    one, two = clones
    one.journal.record(episode("a", at=1))
    two.journal.record(episode("b", passed=False, at=2))
    assert [one.sync(), two.sync(), one.sync()] == [(1, 0), (1, 1), (0, 1)]
    assert one.names() == two.names() == ["a", "b"]
    assert one.journal.utility("greeter", OLD) == Utility(successes=1, failures=1)
    assert one.journal.utility("greeter", OLD) == two.journal.utility("greeter", OLD)


def test_syncing_again_changes_nothing_anywhere(clones, remote, git):
    one, two = clones
    one.journal.record(episode("a"))
    one.sync()
    two.sync()
    before = git("for-each-ref", cwd=remote)
    assert [one.sync(), two.sync(), one.sync()] == [(0, 0)] * 3
    assert git("for-each-ref", cwd=remote) == before
    ours = git("for-each-ref", "--format=%(refname)", "refs/memento", cwd=one.library.root)
    assert ours.split() == [REF]
    assert one.journal.utility("greeter", OLD) == Utility(successes=1)


def test_two_that_push_at_once_both_get_through(clones):
    for number, clone in enumerate(clones):
        for count in range(20):
            clone.journal.record(episode(f"{number}-{count}", at=count))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda clone: [clone.sync() for _ in range(3)], clones))
    for clone in clones:
        clone.sync()
    assert clones[0].names() == clones[1].names()
    assert len(clones[0].names()) == 40


def test_a_push_that_came_second_is_made_again_on_top_of_the_first(clones):
    one, two = clones
    one.journal.record(episode("a"))
    two.journal.record(episode("b"))
    inner, raced = two.library.git, []

    class Racing:
        """two's git; the other clone pushes right before its first push."""

        def __getattr__(self, name):
            return getattr(inner, name)

        def __call__(self, *argv, **more):
            return inner(*argv, **more)

        def run(self, *argv, **more):
            if "push" in argv and not raced:
                raced.append(one.sync())
            return inner.run(*argv, **more)

    two.library = replace(two.library, git=Racing())
    assert two.sync() == (1, 1)
    assert raced == [(1, 0)]
    assert two.names() == ["a", "b"]


def test_the_order_of_versions_is_that_of_time_and_not_of_the_exchange(clones):
    one, two = clones
    one.journal.record(episode("late", tree=NEW, at=20))
    two.journal.record(episode("early", tree=OLD, passed=False, at=10))
    two.sync()
    one.sync()
    third = Sha("3" * 40)
    assert one.journal.utility("greeter", third) == Utility(successes=0.5, failures=0.25)
    one.journal.record(episode("later", tree=OLD, at=30))
    assert one.names() == ["early", "late", "later"]


def test_nothing_of_a_task_a_trace_or_an_answer_leaves_the_clone(clones, remote):
    one, _ = clones
    one.journal.record(episode("a"))
    one.sync()
    sent = subprocess.run(
        ["git", "-C", str(remote), "log", "-p", REF], capture_output=True, text=True, check=True
    ).stdout
    assert '"episode": "a"' in sent
    assert "secret" not in sent


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"episode": "x"}',
        json.dumps({"episode": "x y", "skill": "s", "skill_tree": "", "success": True, "at": 0}),
        json.dumps({"episode": "x", "skill": "../s", "skill_tree": "", "success": True, "at": 0}),
        json.dumps({"episode": "x", "skill": "s", "skill_tree": "zz", "success": True, "at": 0}),
        json.dumps({"episode": "x", "skill": "s", "skill_tree": "", "success": 7, "at": 0}),
        '{"episode": "x", "skill": "s", "skill_tree": "", "success": true, "at": 1e999}',
    ],
)
def test_what_is_no_outcome_is_not_taken(text):
    assert read_line(text) is None


def test_a_line_is_read_back_as_it_was():
    outcome = Outcome(episode="run-1-0", skill="files", skill_tree=OLD, success=False, at=1.5)
    assert read_line(line(outcome)) == outcome


def test_a_remote_that_is_not_there_is_said_to_be(clones):
    one, _ = clones
    with pytest.raises(LibraryError, match="has no remote 'elsewhere'"):
        one.sync("elsewhere")
    with pytest.raises(LibraryError, match="cannot be read"):
        one.sync("/nonexistent/x.git")


@pytest.mark.parametrize("url", ["ext::sh -c 'touch {marker}'", "-oProxyCommand=touch {marker}"])
def test_a_remote_of_the_configuration_runs_nothing(clones, git, tmp_path, url):
    one, _ = clones
    marker = tmp_path / "ran"
    git("config", "remote.evil.url", url.format(marker=marker), cwd=one.library.root)
    git("config", "remote.evil.uploadpack", f"touch {marker}; git-upload-pack", cwd=one.library.root)
    with pytest.raises(LibraryError):
        one.sync("evil")
    assert not marker.exists()


def test_programs_that_the_configuration_names_are_not_run(clones, remote, git, tmp_path):
    one, two = clones
    marker = tmp_path / "ran"
    two.journal.record(episode("b"))
    two.sync()
    # git also looks a remote up by its URL: that, too, can be a name in the configuration.
    url = remote.as_uri()
    git("config", "remote.origin.url", url, cwd=one.library.root)
    for name in ("origin", url):
        for key in ("uploadpack", "receivepack"):
            git("config", f"remote.{name}.{key}", f"touch {marker}; false", cwd=one.library.root)
    git("config", "core.sshCommand", f"touch {marker}; false", cwd=one.library.root)
    one.journal.record(episode("a"))
    assert one.sync() == (1, 1)
    assert not marker.exists()
