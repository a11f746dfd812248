"""What one failure teaches: a skill, a better one, a tip; and what needs no lesson."""

from random import Random

import pytest

from memento.changes import Disposition, Exam, Landing, Rewrite
from memento.evals.exercises import dates, lines_of
from memento.llm.simulated.kinds import Habit, Temper
from memento.types import Result
from tests.loop.worlds import exercise, reply

pytestmark = pytest.mark.real


def test_a_failure_without_a_skill_creates_one_and_the_retry_succeeds(world):
    here = world()
    episodes = here.solve(exercise("thousands"))
    assert [(e.attempt, e.verdict.result, e.route.skill) for e in episodes] == [
        (0, Result.FAILED, None),
        (1, Result.PASSED, "ledger-totals"),
    ]
    assert here.landings() == [Disposition.LANDED]
    assert "ledger-totals" in here.library.at().names()


def test_a_failure_of_a_skill_mends_it_and_the_retry_succeeds(grown):
    here = grown()
    first = here.library.at().skill("ledger-totals")
    episodes = here.solve(exercise("parentheses", number=2))
    second = here.library.at().skill("ledger-totals")
    assert [e.verdict.result for e in episodes] == [Result.FAILED, Result.PASSED]
    assert (first.version, second.version) == ("0.1.0", "0.1.1")
    assert "`(45.10)`, is negative" in second.body


def test_what_was_learned_serves_the_first_attempt_at_a_later_task(grown):
    here = grown()
    assert [e.verdict.result for e in here.solve(exercise("thousands", number=5))] == [Result.PASSED]


def test_a_landing_is_a_merge_commit_that_says_why(world):
    here = world()
    episodes = here.solve(exercise("thousands"))
    entry = here.library.log("ledger-totals", 1)[0]
    assert len(here.library.git("rev-list", "--parents", "-1", entry.sha).split()) == 3
    wanted = {
        "Memento-Skill": "ledger-totals",
        "Memento-Task": "ledger-01",
        "Memento-Episode": episodes[0].id,
        "Memento-Model": "SIMULATED (seed 0)",
        "Memento-Gate": "PASS E1",
    }
    assert {key: entry.trailers[key] for key in wanted} == wanted
    assert entry.trailers["Memento-Blame"].startswith("routing: ")


def test_the_exam_is_frozen_before_the_rewrite_exists_and_the_rewriter_never_sees_it(world):
    here = world()
    here.solve(exercise("thousands"))
    kinds = [type(event) for event in here.told if isinstance(event, Exam | Rewrite | Landing)]
    assert kinds == [Exam, Rewrite, Landing]
    exam = here.heard(Exam)[0]
    rewrites = [r for r in here.model.requests if r.purpose == "rewrite"]
    assert len(rewrites) == 1
    for name in exam.new_tests:
        assert name not in str(rewrites)
    assert "def test_" not in str(rewrites)


def test_a_tip_is_read_back_at_the_next_attempt(world):
    here = world(rounds=1)
    tip = "Look at the first rows before you add them up."
    here.model.before = lambda r: reply(tip=tip) if r.purpose == "tip" else None
    here.solve(exercise("thousands"))
    acts = [r for r in here.model.requests if r.purpose == "act"]
    assert tip not in str(acts[0])
    assert tip in str(acts[-1])
    assert tip in here.library.at().tips()


def test_a_hopeless_skill_is_rethought_and_not_mended(grown):
    here = grown(rounds=0, n_min=2, delta=0.4)
    here.model._model.temper = Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0})
    for number in (2, 3, 4):
        here.solve(exercise("parentheses", number=number))
    assert [rewrite.kind for rewrite in here.heard(Rewrite)] == ["optimise", "discover", "discover"]


def test_what_the_model_can_do_alone_needs_no_skill(world):
    here = world()
    names = here.library.at().names()
    episodes = here.solve(lines_of(Random(1), "lines-01", ()))
    assert [(e.verdict.result, e.blame) for e in episodes] == [(Result.PASSED, None)]
    assert here.library.at().names() == names
    assert set(here.model.purposes()) == {"act"}


def test_retries_end_after_the_given_rounds(world):
    here = world(Temper(slip=1.0, wrong_blame=0, habits={Habit.MENDS: 1.0}), rounds=2)
    episodes = here.solve(dates(Random(1), "dates-01", ()))
    assert [e.attempt for e in episodes] == [0, 1, 2]
    assert {e.verdict.result for e in episodes} == {Result.FAILED}


@pytest.mark.parametrize("habit", [Habit.MENDS, Habit.FETCHES], ids=["landed", "refused"])
def test_what_an_attempt_teaches_it_teaches_once(grown, habit):
    here = grown(Temper(slip=0, wrong_blame=0, habits={habit: 1.0}), rounds=0)
    (episode,) = here.solve(exercise("parentheses", number=2))
    asked, refs, landings = len(here.model.requests), here.refs(), here.landings()
    episodes = here.loop.journal.episodes()
    here.loop.learn(episode, exercise("parentheses", number=2))
    assert (here.refs(), here.landings()) == (refs, landings)
    assert {r.purpose for r in here.model.requests[asked:]} <= {"tip"}
    assert here.loop.journal.episodes() == episodes
