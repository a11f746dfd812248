"""A run taken up again at the places that a kill by request never meets: inside the gate, right after a
landing, between the tip and the exam. Each time main ends at the very commit of a run left alone.
"""

import os
from dataclasses import replace
from pathlib import Path
from time import time

import pytest

from memento.assemble.learning import Wanted, learner_of
from memento.changes import Disposition, Landing
from memento.config import load
from memento.evals.learning import Insisting, Learner
from memento.journal.ideas import Idea, Ideas
from memento.journal.journal import Journal
from memento.library import Library
from memento.llm.simulated.kinds import FLAWLESS, Habit
from memento.llm.simulated.model import SimulatedModel
from memento.llm.simulated.reading import between
from memento.protocols import Reply, Request
from memento.review.policy import ReviewPolicy
from memento.types import Stop, Trajectory
from tests.learning.stream import tasks

pytestmark = pytest.mark.real
STREAM = tasks(1)
WANTED = Wanted(stream="s", held_out="", passes=1, rounds=1, seed=3, model="SIMULATED")


def learner(root: Path, *, resume: bool = False) -> Learner:
    flags = {
        ("sandbox", "kind"): "bubblewrap",
        ("route", "embedder"): "words",
        ("loop", "rounds"): 1,
        ("loop", "candidates"): 2,
    }
    return learner_of(
        config=load("", {}, flags),
        environ=os.environ,
        root=root,
        wanted=WANTED,
        resume=resume,
        held_out=(),
        tell=lambda _event: None,
        done=lambda _solved: None,
        model=SecondThoughts(),
    )


@pytest.fixture
def new(tmp_path):
    """Libraries that start with the same commit, and whose gate has seen the test runs that `like` has."""

    def make(name: str, like: Journal | None = None) -> Path:
        ids = lambda: "x"  # noqa: E731
        library = Library.init(tmp_path / name, now=lambda: 1_760_000_000.0, ids=ids, durable=False)
        if like is not None:
            with like.database.transaction() as db:
                runs = db.execute("select key, value from runs where key not like 'refused change%'")
                known = dict(runs.fetchall())
            Journal(path=library.state / "journal.db").cache.remember(known)
        return tmp_path / name

    return make


class Interrupted:
    """A stage at which ^C comes; `after` calls are let through."""

    def __init__(self, stage, after=0):
        self.stage, self.left = stage, after

    def __call__(self, *arguments, **more):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return self.stage(*arguments, **more)


def in_the_gate(loop):
    return replace(loop, repair=replace(loop.repair, gate=Interrupted(loop.repair.gate)))


def after_the_landing(loop):
    return replace(loop, executor=Interrupted(loop.executor, after=1))


def before_the_exam(loop):
    return replace(loop, repair=replace(loop.repair, exam_author=Interrupted(loop.repair.exam_author)))


def state(root: Path) -> tuple[str, list[str]]:
    library = Library.open(root, now=lambda: 0.0, ids=lambda: "x")
    refs = library.git.line("for-each-ref", "--format=%(refname)").split()
    return library.tip(), [ref for ref in refs if ref.startswith("refs/heads/")]


class SecondThoughts:
    """A model whose first rewrite of a lesson fetches code, and whose next one is sound."""

    name = "SIMULATED"

    def complete(self, request: Request) -> Reply:
        first = request.purpose == "rewrite" and not between(request.messages[-1].content, "rejected")
        temper = replace(FLAWLESS, habits={Habit.FETCHES: 1.0}) if first else FLAWLESS
        return SimulatedModel(seed=4, temper=temper, by_content=True).complete(request)


def before_main_moves(loop):
    class Dying(ReviewPolicy):
        def against_landing(self, *_: object) -> None:
            raise KeyboardInterrupt

    policy = Dying(library=loop.library, now=time)
    return replace(loop, repair=replace(loop.repair, policy=policy))


def before_the_journal_knows(loop):
    class Dying(Ideas):
        def record(self, landing: Landing, *, episode: str, decided: bool = True) -> None:
            raise KeyboardInterrupt

    journal = Journal(path=loop.journal.path)
    journal.__dict__["ideas"] = Dying(database=journal.database)
    return replace(loop, repair=replace(loop.repair, journal=journal))


def all_that_is_remembered(journal: Journal) -> tuple[list[Idea], list[tuple[str, str]]]:
    with journal.database.transaction() as db:
        changes = db.execute("select key, value from runs where key like 'refused change%' order by key")
        return list(journal.ideas.of()), changes.fetchall()


PLACES = (in_the_gate, after_the_landing, before_the_exam, before_main_moves, before_the_journal_knows)


def test_wherever_it_is_interrupted_it_goes_on_to_the_same_commit_and_remembers_the_same(new):
    """Two rewrites a lesson: the one that is refused must not be forgotten with the death of its process."""
    left = learner(new("alone"))
    report, alone = left(STREAM), all_that_is_remembered(left.loop.journal)
    assert (report.landed, report.first_attempt, report.after_retries) == (1, 0.0, 1.0)
    assert [idea.disposition for idea in alone[0]] == [Disposition.LANDED, Disposition.DISCARDED]
    assert len(alone[1]) == 1
    for where in PLACES:
        root = new(where.__name__, left.loop.journal)
        first = learner(root)
        with pytest.raises(KeyboardInterrupt):
            replace(first, loop=where(first.loop))(STREAM)
        if where is in_the_gate:
            assert len(state(root)[1]) == 2, "the proposal is left open"
        second = learner(root, resume=True)
        assert second(STREAM) == report, where.__name__
        assert state(root) == state(left.loop.library.root), where.__name__
        assert all_that_is_remembered(second.loop.journal) == alone, where.__name__


@pytest.mark.parametrize(
    ("stop", "kind"), [(Stop.MODEL_ERROR, "ModelError"), (Stop.SANDBOX_ERROR, "SandboxError")]
)
def test_an_accident_is_no_attempt_and_nothing_is_recorded_of_it(new, stop, kind):
    first = learner(new("accident"))
    fails = lambda _x, _skill: Trajectory(steps=(), answer=None, stop=stop, detail="gone")  # noqa: E731
    executor = Insisting(executor=fails, spent=lambda: None)
    with pytest.raises(Exception, match="gone") as caught:
        replace(first, loop=replace(first.loop, executor=executor))(STREAM)
    assert type(caught.value).__name__ == kind
    assert first.loop.journal.episodes() == ()
    assert first.progress.finished(first.run, "task") == {}
