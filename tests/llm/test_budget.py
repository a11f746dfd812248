from dataclasses import dataclass, replace

import pytest

from memento.errors import BudgetError, ModelError
from memento.llm.budget import Budget, Call, Metered
from memento.protocols import Message, Reply, Request
from memento.testing.scripted import ScriptedModel
from memento.types import Usage

ASK = Request(purpose="judge", messages=(Message(role="user", content="hello"),))


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def said(tokens, usd=0.0):
    return Reply(text="ok", usage=Usage(calls=1, input_tokens=tokens, output_tokens=1, usd=usd))


@pytest.mark.parametrize(
    ("budget", "replies", "words"),
    [
        (Budget(steps=2), [said(1), said(1)], "The budget of 2 model calls is spent."),
        (Budget(tokens=12), [said(5), said(5)], "The budget of 12 tokens is spent (12 used)."),
        (Budget(tokens=5), [said(50)], "The budget of 5 tokens is spent (51 used)."),
        (Budget(usd=0.5), [said(1, 0.25), said(1, 0.25)], "The budget of $0.5 is spent ($0.5000 used)."),
        (
            Budget(usd=0.5),
            [said(1, None)],
            "The price of this model is unknown, so a budget of $0.5 cannot be kept.",
        ),
        (Budget(steps=0), [], "The budget of 0 model calls is spent."),
    ],
)
def test_a_call_beyond_the_budget_is_refused_before_it_is_made(budget, replies, words):
    with ScriptedModel(replies) as model:
        metered = Metered(model, budget, clock=Clock())
        for _ in replies:
            metered.complete(ASK)
        with pytest.raises(BudgetError) as caught:
            metered.complete(ASK)
    assert str(caught.value) == f"{words} Raise the budget to go on."
    assert len(model.requests) == len(replies)


def test_time_counts_from_the_start_of_the_run():
    clock = Clock()
    with ScriptedModel(["one"]) as model:
        metered = Metered(model, Budget(seconds=10.0), clock=clock)
        clock.now += 9.9
        metered.complete(ASK)
        clock.now += 0.1
        with pytest.raises(BudgetError, match="The budget of 10 s is spent"):
            metered.complete(ASK)


def test_without_limits_nothing_binds_and_costs_are_summed():
    with ScriptedModel([said(5, 0.1), said(6, None)], name="m") as model:
        metered = Metered(model, Budget(), clock=Clock())
        metered.complete(ASK)
        metered.complete(ASK)
    assert metered.name == "m"
    assert metered.spent == Usage(calls=2, input_tokens=11, output_tokens=2, usd=None)


def test_each_call_is_recorded_also_the_one_that_failed():
    clock, heard = Clock(), []

    def slow(request):
        clock.now += 2.0
        return said(5)

    with ScriptedModel([slow, ModelError("down", kind="connection")], name="m") as model:
        metered = Metered(model, Budget(), clock=clock, record=heard.append)
        metered.complete(ASK)
        with pytest.raises(ModelError, match="down"):
            metered.complete(ASK)
    assert heard == [
        Call(purpose="judge", model="m", usage=said(5).usage, seconds=2.0),
        Call(purpose="judge", model="m", usage=Usage(calls=1, usd=None), seconds=0.0, error="connection"),
    ]
    assert metered.spent == replace(said(5).usage, calls=2), "what a lost call cost blocks no budget"


def test_models_of_one_run_share_its_budget_whoever_made_the_calls():
    heard = []
    with ScriptedModel([said(5)], name="acts") as acts, ScriptedModel([said(6)], name="judges") as judges:
        acting = Metered(acts, Budget(tokens=13), clock=Clock(), record=heard.append)
        judging = acting.also(judges)
        acting.meter.begin("run-1")
        acting.complete(ASK)
        judging.complete(ASK)
        with pytest.raises(BudgetError, match=r"13 tokens is spent \(13 used\)"):
            acting.complete(ASK)
    assert [(call.run, call.model) for call in heard] == [("run-1", "acts"), ("run-1", "judges")]
    assert acting.spent == judging.spent


def test_the_seconds_of_a_chats_answer_count_from_its_own_beginning():
    clock = Clock()
    with ScriptedModel(["one", "two"]) as model:
        metered = Metered(model, Budget(seconds=10.0), clock=clock)
        metered.complete(ASK)
        clock.now += 60.0
        metered.meter.begin("chat-1-2")
        metered.complete(ASK)


def test_an_interrupted_call_is_recorded_with_an_unknown_price():
    heard = []

    def interrupt(request):
        raise KeyboardInterrupt

    with ScriptedModel([interrupt], name="m") as model:
        metered = Metered(model, Budget(), clock=Clock(), record=heard.append)
        with pytest.raises(KeyboardInterrupt):
            metered.complete(ASK)
    assert heard == [
        Call(purpose="judge", model="m", usage=Usage(calls=1, usd=None), seconds=0.0, error="interrupted")
    ]
