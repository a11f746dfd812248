"""What the gate refuses is gone without a trace but the memory of it."""

import json

import pytest

from memento.changes import Disposition, Landing, Pass, Rewrite
from memento.llm.simulated.kinds import Habit, Temper
from memento.llm.simulated.model import SimulatedModel
from memento.protocols import Reply, Request
from memento.types import Scorer, Utility
from tests.loop.worlds import exercise, reply

pytestmark = pytest.mark.real


def test_a_rewrite_that_speaks_of_the_failing_task_is_not_even_proposed(world):
    here = world(Temper(slip=0, wrong_blame=0, habits={Habit.OVERFITS: 1.0}), rounds=0)
    before = here.refs()
    here.solve(exercise("thousands"))
    asked = [r for r in here.model.requests if r.purpose == "rewrite"]
    assert len(asked) == 2, "it was told why, and asked once more"
    assert "special to this task" in asked[1].messages[-1].content
    assert here.heard(Pass) == [Pass(stage="rewrite")]
    assert [ref for ref in here.refs() if ref not in before] == []


def test_a_harmful_rewrite_is_refused_leaves_no_ref_and_is_remembered(world):
    here = world(Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0}), rounds=0)
    before = here.refs()
    here.solve(exercise("thousands"))
    assert here.landings() == [Disposition.DISCARDED]
    assert [ref for ref in here.refs() if ref not in before] == []
    assert here.library.at().skill("ledger-totals") is None
    assert len(here.loop.journal.ideas.rejected("ledger-totals")) == 1


def test_a_rewrite_that_drops_an_old_rule_is_refused(grown):
    here = grown(rounds=0)
    here.model._model.temper = Temper(slip=0, wrong_blame=0, habits={Habit.DROPS: 1.0})
    tree = here.library.at().skill("ledger-totals").tree
    here.solve(exercise("parentheses", number=2))
    assert here.landings() == [Disposition.DISCARDED]
    assert here.heard(Landing)[-1].report.reason.startswith("stay-green: red on the candidate: test_")
    assert here.library.at().skill("ledger-totals").tree == tree


def test_a_refused_idea_is_told_to_the_next_rewriter_and_not_tried_again(world):
    here = world(Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0}), rounds=2)
    here.solve(exercise("thousands"))
    ideas = [rewrite.idea for rewrite in here.heard(Rewrite)]
    assert len(ideas) == len(set(ideas)) == 3
    last = [r for r in here.model.requests if r.purpose == "rewrite"][-1]
    assert all(idea in str(last) for idea in ideas[:-1])


def test_a_refused_change_under_another_name_is_not_gated_again(world):
    here = world(rounds=1)
    bad = SimulatedModel(seed=1, temper=Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0}))
    kept: list[dict] = []

    def renames(request: Request) -> Reply | None:
        if request.purpose != "rewrite":
            return None
        kept.append(json.loads(bad.complete(request).text) if not kept else kept[0])
        return reply(**{**kept[-1], "idea": f"idea number {len(kept)}"})

    here.model.before = renames
    here.solve(exercise("thousands"))
    assert [rewrite.idea for rewrite in here.heard(Rewrite)] == ["idea number 1", "idea number 2"]
    assert here.landings() == [Disposition.DISCARDED]
    assert here.heard(Pass) == [Pass(stage="rewrite")]


def test_of_several_rewrites_the_gate_chooses_and_the_others_leave_no_ref(world):
    here = world(rounds=0, candidates=3)
    before = set(here.refs())
    fetches = SimulatedModel(seed=1, temper=Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0}))
    asked = []

    def first_two_are_bad(request: Request) -> Reply | None:
        if request.purpose != "rewrite":
            return None
        asked.append(request)
        return fetches.complete(request) if len(asked) < 3 else None

    here.model.before = first_two_are_bad
    here.solve(exercise("thousands"))
    assert here.landings() == [Disposition.LANDED]
    assert "setup.example" not in here.library.at().skill("ledger-totals").body
    assert {ref for ref in here.refs() if ref not in before} == {"refs/notes/memento"}
    rejected = here.loop.journal.ideas.rejected("ledger-totals")
    assert len(rejected) == 2
    assert all(idea in str(asked[2]) for idea in rejected), "each is told of the ideas before it"


def test_a_discarded_proposal_changes_no_utility(grown):
    here = grown(rounds=0)
    tree = here.library.at().skill("ledger-totals").tree
    here.model._model.temper = Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0})
    before = here.loop.journal.utility("ledger-totals", tree)
    here.solve(exercise("parentheses", number=2))
    after = here.loop.journal.utility("ledger-totals", tree)
    assert before == Utility(successes=1)
    assert after == Utility(successes=1, failures=1), (
        "the failed attempt counts, the refused rewrite does not"
    )


def test_the_answer_pasted_into_the_skill_is_refused(world):
    here = world(rounds=0)
    one = exercise("thousands")
    assert one.gold.scorer is Scorer.NUMERIC

    def pastes(request: Request) -> Reply | None:
        if request.purpose != "rewrite":
            return None
        document = (
            "---\nname: ledger-totals\ndescription: Adds up. Use for totals.\n---\n\n"
            f"Run `python3 /skill/scripts/total.py FILE Amount`. It prints {one.gold.answer}.\n"
        )
        script = "print(1)\n"
        return reply(
            idea="know the answer",
            files=[
                {"path": "SKILL.md", "content": document},
                {"path": "scripts/total.py", "content": script},
            ],
            delete=[],
        )

    here.model.before = pastes
    here.solve(one)
    assert [landing.report.reason for landing in here.heard(Landing)] == [
        "static: it contains the answer of the task that it was learned from"
    ]
