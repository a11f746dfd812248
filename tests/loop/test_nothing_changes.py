"""Everything that must change nothing: faults outside, abstentions, accidents, interruptions."""

from dataclasses import replace

import pytest

from memento.changes import Pass
from memento.errors import ModelError, SandboxError
from memento.protocols import Reply, Request
from memento.types import Fault, Result, Stop
from tests.loop.worlds import exercise, reply

pytestmark = pytest.mark.real


@pytest.mark.parametrize("fault", [Fault.ENVIRONMENT, Fault.MODEL, Fault.JUDGE])
def test_a_fault_outside_the_library_teaches_nothing(grown, fault):
    here = grown(rounds=0)
    here.model.before = lambda request: (
        reply(
            fault=fault,
            skill=None,
            first_wrong_step=1,
            explanation="It was not the skill.",
            quotes=["head -n 40 ledger-02.csv"],
            confidence=0.9,
        )
        if request.purpose == "attribute"
        else None
    )
    refs, tree = here.refs(), here.library.at().skill("ledger-totals").tree
    record = here.loop.journal.utility("ledger-totals", tree)
    episodes = here.solve(exercise("parentheses", number=2))
    assert episodes[0].blame.fault is fault
    assert here.refs() == refs
    assert here.loop.journal.utility("ledger-totals", tree) == record


def test_an_abstention_teaches_nothing(world):
    here = world(rounds=0)
    here.model.before = lambda r: Reply(text="no idea") if r.purpose == "attribute" else None
    refs = here.refs()
    (episode,) = here.solve(exercise("thousands"))
    assert (episode.verdict.result, episode.blame.fault) == (Result.FAILED, None)
    assert here.refs() == refs


def test_an_endpoint_that_dies_is_unjudged_and_teaches_nothing(world):
    here = world()
    refs = here.refs()

    def dies(request: Request) -> Reply | None:
        raise ModelError("the endpoint is gone", kind="connection")

    here.model.before = dies
    episodes = here.solve(exercise("thousands"))
    assert [(e.verdict.result, e.trajectory.stop) for e in episodes] == [(Result.UNJUDGED, Stop.MODEL_ERROR)]
    assert here.refs() == refs


def test_an_endpoint_that_dies_while_blame_is_sought_keeps_the_episode(world):
    here = world()
    refs = here.refs()

    def dies(request: Request) -> Reply | None:
        if request.purpose == "attribute":
            raise ModelError("the endpoint is gone", kind="connection")
        return None

    here.model.before = dies
    with pytest.raises(ModelError, match="the endpoint is gone"):
        here.solve(exercise("thousands"))
    assert [e.verdict.result for e in here.loop.journal.episodes()] == [Result.FAILED]
    assert here.refs() == refs


def test_a_sandbox_that_breaks_in_the_gate_lands_nothing_and_caches_nothing(world):
    here = world()
    skills = here.skills()

    class Broken:
        name = "broken"

        def open(self, **_):
            raise SandboxError("the disk is full")

    gate = here.loop.repair.gate
    harness = replace(gate.harness, sandbox=Broken())
    repair = replace(here.loop.repair, gate=replace(gate, harness=harness))
    loop = replace(here.loop, repair=repair)
    with pytest.raises(SandboxError, match="the disk is full"):
        list(loop.solve(exercise("thousands")))
    assert here.skills() == skills


def test_interrupting_at_any_call_of_the_model_leaves_main_at_a_landing_or_where_it_was(world):
    here = world()
    skills = here.skills()
    for purpose in ("act", "attribute", "charter", "exam", "rewrite"):

        def interrupt(request: Request, at: str = purpose) -> Reply | None:
            if request.purpose == at:
                raise KeyboardInterrupt
            return None

        here.model.before = interrupt
        with pytest.raises(KeyboardInterrupt):
            here.solve(exercise("thousands"))
        assert here.skills() == skills
        assert set(here.refs()) == {"refs/heads/main"}
    here.model.before = lambda _request: None
    assert here.solve(exercise("thousands"))[-1].verdict.result is Result.PASSED


def test_a_stage_with_nothing_to_offer_is_told_and_changes_nothing(world):
    here = world(rounds=0)
    here.model.before = lambda r: reply(source="", queries=[]) if r.purpose == "exam" else None
    skills = here.skills()
    here.solve(exercise("thousands"))
    assert here.heard(Pass) == [Pass(stage="exam")]
    assert here.skills() == skills
    assert "rewrite" not in here.model.purposes()


def test_without_learning_nothing_is_written_but_the_journal(world):
    here = world(learn=False)
    refs = here.refs()
    episodes = here.solve(exercise("thousands"))
    assert {e.verdict.result for e in episodes} == {Result.FAILED}
    assert here.refs() == refs
    assert set(here.model.purposes()) == {"act"}
    assert len(here.loop.journal.episodes()) == len(episodes)
