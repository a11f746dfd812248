import json
import time

import pytest
from pydantic import BaseModel

from memento.errors import ModelError
from memento.llm.structured import Parsed, ask, parse
from memento.protocols import Message, Request
from memento.testing.scripted import ScriptedModel


class Grade(BaseModel):
    score: int
    why: str = ""


ASK = Request(purpose="judge", messages=(Message(role="user", content="grade this"),))
FOUR = Grade(score=4, why="good")
PLAIN = json.dumps({"score": 4, "why": "good"})


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"  \n{PLAIN}\n\n",
        f"\ufeff{PLAIN}",
        f"```json\n{PLAIN}\n```",
        f"```\n{PLAIN}\n```",
        f"Here you are:\n```json\n{PLAIN}\n```\nAnything else?",
        f"My grade is {PLAIN}, as you asked.",
        f"A {{curly}} aside, then {PLAIN}.",
        f'First I thought {{"score": 1}} but no: {PLAIN}',
        f'```json\n{{"score": 1}}\n```\nCorrected:\n```json\n{PLAIN}\n```',
        f'<think>{{"score": 9, "why": "draft"}}</think>{PLAIN}',
        f'{PLAIN}<think>{{"score": 9, "why": "doubt"}}</think>',
        f'{PLAIN}\n{{"unrelated": true}}',
        '{"score": "4", "why": "good"}',
        '{"score": 4, "why": "good", "confidence": 1}',
        "[" * 100_000 + PLAIN,
    ],
)
def test_an_answer_is_found_wherever_the_model_put_it(text):
    assert parse(text, Grade) == Parsed(value=FOUR)


def test_a_raw_line_break_inside_a_string_is_taken_as_meant():
    assert parse('{"score": 4, "why": "two\nlines"}', Grade) == Parsed(value=Grade(score=4, why="two\nlines"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the reply holds no JSON object"),
        ("I would say four.", "the reply holds no JSON object"),
        ("4", "the reply holds no JSON object"),
        ("[4]", "the reply holds no JSON object"),
        ("null", "the reply holds no JSON object"),
        ('{"score": 4, "why": "cut of', "the reply holds no JSON object"),
        ('{"score": NaN}', "the reply holds no JSON object"),
        ("{'score': 4}", "the reply holds no JSON object"),
        ("{}", "- score: Field required"),
        (
            '{"score": "many"}',
            "- score: Input should be a valid integer, unable to parse string as an integer",
        ),
        ('{"score": null}', "- score: Input should be a valid integer"),
        ('{"score": ' + "9" * 5000 + "}", "the reply holds no JSON object"),
        ('{"a":' * 100_000, "the reply holds no JSON object"),
    ],
)
def test_what_does_not_satisfy_the_schema_is_named_and_never_guessed(text, problem):
    assert parse(text, Grade) == Parsed(value=None, problem=problem)


def test_a_reply_of_nothing_but_braces_is_answered_at_once():
    started = time.perf_counter()
    assert parse('{"a":{"' * 50_000, Grade).value is None
    assert time.perf_counter() - started < 30


def test_asking_sends_the_schema_with_the_request():
    with ScriptedModel([PLAIN]) as model:
        assert ask(model, ASK, Grade) == FOUR
    assert [request.schema for request in model.requests] == [Grade.model_json_schema()]


def test_one_repair_turn_quotes_what_was_wrong():
    with ScriptedModel(['{"score": "many"}', PLAIN]) as model:
        assert ask(model, ASK, Grade) == FOUR
    said, correction = model.requests[1].messages[1:]
    assert said == Message(role="assistant", content='{"score": "many"}')
    assert correction == Message(
        role="user",
        content="That reply could not be used:\n"
        "- score: Input should be a valid integer, unable to parse string as an integer\n"
        "Reply with one JSON object, and nothing else, that satisfies this JSON Schema:\n"
        + json.dumps(Grade.model_json_schema()),
    )


def test_an_empty_reply_is_repaired_without_sending_an_empty_message():
    with ScriptedModel(["", PLAIN]) as model:
        assert ask(model, ASK, Grade) == FOUR
    assert model.requests[1].messages[1].content == "(an empty reply)"


def test_after_one_repair_the_answer_is_none():
    with ScriptedModel(["no", "still no"]) as model:
        assert ask(model, ASK, Grade) is None


def test_an_accident_of_the_model_is_not_an_answer():
    with ScriptedModel([ModelError("down")]) as model, pytest.raises(ModelError, match="down"):
        ask(model, ASK, Grade)
