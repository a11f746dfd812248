import pytest

from memento.errors import ModelError
from memento.protocols import Message, Reply, Request
from memento.testing.scripted import ScriptedModel
from memento.types import Usage

ASK = Request(purpose="act", messages=(Message(role="user", content="hello"),))


def test_answers_come_in_order_and_requests_are_kept():
    whole = Reply(text="two", usage=Usage(calls=1, input_tokens=3))
    with ScriptedModel(["one", whole, lambda request: request.messages[0].content]) as model:
        replies = [model.complete(ASK) for _ in range(3)]
    assert replies == [
        Reply(text="one", usage=Usage(calls=1)),
        whole,
        Reply(text="hello", usage=Usage(calls=1)),
    ]
    assert model.requests == [ASK, ASK, ASK]


def test_an_exhausted_script_fails_the_test_even_where_model_errors_are_caught():
    with pytest.raises(AssertionError, match="exhausted: call 1, purpose 'act'"):
        ScriptedModel([]).complete(ASK)


def test_a_left_over_answer_fails_the_test():
    expected = pytest.raises(AssertionError, match="1 answers were never asked for; the next: 'two'")
    with expected, ScriptedModel(["one", "two"]) as model:
        model.complete(ASK)


def test_a_left_over_answer_does_not_hide_the_failure_that_left_it():
    with pytest.raises(KeyError), ScriptedModel(["one"]):
        raise KeyError


def test_an_accident_in_the_script_is_raised():
    with (
        ScriptedModel([ModelError("down", kind="connection")]) as model,
        pytest.raises(ModelError, match="down"),
    ):
        model.complete(ASK)
