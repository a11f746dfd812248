"""What waits for a person, and what people leave to the agent."""

from dataclasses import replace

import pytest

from memento.changes import Disposition, Pass
from memento.journal import Remark
from tests.loop.worlds import World, exercise

pytestmark = pytest.mark.real


def test_a_lesson_from_outside_text_waits_for_a_human(world):
    here = world(rounds=0)
    run = here.loop.executor

    def tainted(x, skill):
        trajectory = run(x, skill)
        return replace(trajectory, steps=tuple(replace(s, tainted=True) for s in trajectory.steps))

    loop = replace(here.loop, executor=tainted)
    main = here.library.tip()
    list(loop.solve(exercise("thousands")))
    assert here.landings() == [Disposition.OPEN]
    assert here.library.tip() == main, "neither the skill nor a tip has landed"
    assert [p.skill for p in here.library.proposals()] == ["ledger-totals"]


def policy(here: World, text: str) -> None:
    here.library.commit_files({"memento.toml": text.encode()}, "policy", {})


def test_a_locked_skill_is_not_even_proposed_and_the_onlooker_is_told_why(world):
    here = world(rounds=0)
    policy(here, '[review.skills]\n"ledger-*" = "locked"\n')
    refs = here.refs()
    here.solve(exercise("thousands"))
    why = 'ledger-totals is locked: [review.skills] of memento.toml says so for "ledger-*"'
    assert here.heard(Pass) == [Pass(stage="policy", reason=why)]
    assert not {"exam", "rewrite"} & set(here.model.purposes())
    assert [ref for ref in here.refs() if "memento/" in ref] == [ref for ref in refs if "memento/" in ref]
    assert len(here.loop.journal.episodes()) == 1


def test_a_skill_that_people_changed_waits_for_them_and_stays_as_it_is(grown):
    here = grown(rounds=0)
    here.library.commit_files({"skills/ledger-totals/notes.md": b"Ours.\n"}, "by hand", {})
    tree = here.library.at().skill("ledger-totals").tree
    here.solve(exercise("parentheses", number=2))
    assert here.landings() == [Disposition.OPEN]
    assert here.library.at().skill("ledger-totals").tree == tree
    assert [proposal.skill for proposal in here.library.proposals()] == ["ledger-totals"]


def test_what_a_person_said_against_a_refused_idea_is_told_to_the_rewriter(world):
    here = world(rounds=0)
    policy(here, '[review]\nagent = "review"\n')
    here.solve(exercise("thousands"))
    (open_one,) = here.library.proposals()
    here.loop.journal.ideas.remark(open_one.id, Remark(who="Ada", when=0.0, text="We never strip anything."))
    here.loop.journal.ideas.reject(open_one.id, "Ada")
    here.library.discard(open_one)
    here.solve(exercise("thousands", number=2))
    first, second = (str(r) for r in here.model.requests if r.purpose == "rewrite")
    assert "We never strip anything." not in first
    assert "We never strip anything." in second
