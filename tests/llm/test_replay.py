"""Replies that outlive the process: what was said is not asked again, and only that."""

import pytest

from memento.errors import ModelError
from memento.llm.replay import Replayed
from memento.protocols import Message, Reply, Request, ToolCall
from memento.testing.scripted import ScriptedModel
from memento.types import Usage


def asking(text, purpose="act"):
    return Request(purpose=purpose, messages=(Message(role="user", content=text),))


LOOK = Reply(
    text="looking",
    tool_calls=(ToolCall(id="a", name="look", arguments="{", extra='{"s": 1}'),),
    usage=Usage(calls=1, input_tokens=5, output_tokens=2, usd=0.1),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "replies.jsonl"


def test_what_was_said_before_is_said_again_at_no_cost(path):
    with ScriptedModel([LOOK, "two"], name="m") as model:
        first = Replayed(model=model, path=path)
        assert first.complete(asking("one")) == LOOK
        assert first.complete(asking("two")).text == "two"
    with ScriptedModel(["three"], name="m") as model:
        again = Replayed(model=model, path=path)
        said = again.complete(asking("one"))
        assert (said.text, said.tool_calls, said.usage) == (LOOK.text, LOOK.tool_calls, Usage())
        assert again.complete(asking("two")).text == "two"
        assert again.complete(asking("three")).text == "three"
    assert [request.messages[0].content for request in model.requests] == ["three"]


def test_the_same_question_asked_twice_keeps_both_answers_in_order(path):
    with ScriptedModel(["first", "second"], name="m") as model:
        kept = Replayed(model=model, path=path)
        assert [kept.complete(asking("roll")).text for _ in range(2)] == ["first", "second"]
    with ScriptedModel(["third"], name="m") as model:
        again = Replayed(model=model, path=path)
        assert [again.complete(asking("roll")).text for _ in range(3)] == ["first", "second", "third"]


def test_a_reply_is_given_again_in_the_part_of_the_work_that_it_was_given_in(path):
    part = [0]
    with ScriptedModel(["first", "second"], name="m") as model:
        for part[0] in (0, 1):
            Replayed(model=model, path=path, part=lambda: part[0]).complete(asking("one"))
    with ScriptedModel([], name="m") as model:
        again = Replayed(model=model, path=path, part=lambda: part[0])
        assert again.complete(asking("one")).text == "second"
        part[0] = 0
        assert again.complete(asking("one")).text == "first"


@pytest.mark.parametrize(
    ("name", "request_"),
    [("other", asking("one")), ("m", asking("one", "judge")), ("m", asking("one more"))],
    ids=["another model", "another purpose", "other words"],
)
def test_another_question_is_asked(path, name, request_):
    with ScriptedModel(["one"], name="m") as model:
        Replayed(model=model, path=path).complete(asking("one"))
    with ScriptedModel(["fresh"], name=name) as model:
        assert Replayed(model=model, path=path).complete(request_).text == "fresh"


def test_an_accident_is_not_kept(path):
    with ScriptedModel([ModelError("down"), "up"], name="m") as model:
        kept = Replayed(model=model, path=path)
        with pytest.raises(ModelError):
            kept.complete(asking("one"))
        assert kept.complete(asking("one")).text == "up"


def test_a_line_that_a_kill_cut_short_is_asked_again(path):
    with ScriptedModel(["one", "two"], name="m") as model:
        kept = Replayed(model=model, path=path)
        kept.complete(asking("one"))
        kept.complete(asking("two"))
    path.write_bytes(path.read_bytes()[:-20])
    with ScriptedModel(["again"], name="m") as model:
        kept = Replayed(model=model, path=path)
        assert kept.complete(asking("one")).text == "one"
        assert kept.complete(asking("two")).text == "again"
