import json
import math

import httpx2
import pytest

from memento.protocols import Message, Reply, Request, ToolCall, ToolSpec
from memento.testing.loopback import LoopbackServer
from memento.testing.wire import decode

USER = {"role": "user", "content": "hi"}
CALL = {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
ANSWER = {"role": "tool", "tool_call_id": "a", "content": "blue"}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def post(server, body, path="/chat/completions", **headers):
    return httpx2.post(server.base_url + path, json=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"messages": [USER]}, "model is missing"),
        ({"model": "loopback", "messages": []}, "messages is empty"),
        ({"model": "loopback", "messages": [USER], "colour": 1}, "unknown field colour"),
        (
            {"model": "loopback", "messages": [USER], "stream_options": {"include_usage": True}},
            "stream_options needs stream",
        ),
        (
            {
                "model": "loopback",
                "messages": [USER],
                "tools": [LOOK],
                "tool_choice": {"type": "function", "function": {"name": "hear"}},
            },
            "tool_choice names no tool of the request",
        ),
        (
            {"model": "loopback", "messages": [{"role": "judge", "content": ""}]},
            "messages[0] has no known role",
        ),
        ({"model": "loopback", "messages": [{"role": "user"}]}, "messages[0] has no content"),
        (
            {"model": "loopback", "messages": [{"role": "assistant", "content": ""}]},
            "empty assistant message",
        ),
        ({"model": "loopback", "messages": [USER, ANSWER]}, "messages[1] answers no open tool call"),
        ({"model": "loopback", "messages": [USER, CALLS, ANSWER, ANSWER]}, "answers no open tool call"),
        ({"model": "loopback", "messages": [USER, CALLS, USER]}, "comes before tool call a is answered"),
        ({"model": "loopback", "messages": [USER, CALLS]}, "tool call a is never answered"),
        ({"model": "loopback", "messages": [USER], "tools": []}, "tools is empty"),
        ({"model": "loopback", "messages": [USER], "tools": [LOOK, LOOK]}, "two tools have the same name"),
        ({"model": "loopback", "messages": [USER], "response_format": {"type": "xml"}}, "no known type"),
        (
            {"model": "loopback", "messages": [USER], "response_format": {"type": "json_object"}},
            "json_object needs the word JSON",
        ),
    ],
)
def test_a_request_outside_the_wire_format_is_refused_and_fails_the_test(body, problem):
    with LoopbackServer(["never"]) as server:
        server.say({})
        response = post(server, body)
        assert response.status_code == 400
        assert problem in response.json()["error"]["message"]
        assert len(server.problems) == 1
        server.problems.clear()


def test_a_problem_fails_the_test_at_the_end_of_the_block():
    broken = pytest.raises(AssertionError, match="request 1: messages is empty")
    with broken, LoopbackServer([]) as server:
        post(server, {"model": "loopback", "messages": []})


@pytest.mark.parametrize(
    ("answers", "asked", "problem"),
    [(["one"], 0, "1 answers were never asked for"), ([], 1, "the script is exhausted")],
)
def test_a_script_that_does_not_fit_fails_the_test(answers, asked, problem):
    server = LoopbackServer(answers).start()
    for _ in range(asked):
        post(server, {"model": "loopback", "messages": [USER]})
    server.close()
    with pytest.raises(AssertionError, match=problem):
        server.finish()


def test_an_answer_function_that_raises_fails_the_test():
    def broken(body):
        raise KeyError("oops")

    server = LoopbackServer(broken).start()
    with pytest.raises(httpx2.RemoteProtocolError):
        post(server, {"model": "loopback", "messages": [USER]})
    server.close()
    with pytest.raises(AssertionError, match="raised KeyError"):
        server.finish()


def test_a_function_answers_what_it_was_asked():
    with LoopbackServer(lambda body: body["messages"][-1]["content"].upper()) as server:
        said = post(server, {"model": "loopback", "messages": [USER]}).json()
    assert said == {
        "id": "chatcmpl-loopback",
        "object": "chat.completion",
        "created": 0,
        "model": "loopback",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "HI"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def test_the_same_answer_comes_as_a_stream_when_it_is_asked_for():
    call = ToolCall(id="a", name="look", arguments='{"at": 1}')
    with LoopbackServer([Reply(text="two words", tool_calls=(call,))]) as server:
        body = {"model": "loopback", "messages": [USER], "stream": True,
                "stream_options": {"include_usage": True}}  # fmt: skip
        response = post(server, body)
    assert response.headers["content-type"] == "text/event-stream"
    *chunks, done = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert done == "[DONE]"
    chunks = [json.loads(chunk) for chunk in chunks]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert "".join(delta.get("content", "") for delta in deltas) == "two words"
    pieces = [piece for delta in deltas for piece in delta.get("tool_calls", [])]
    assert [piece["index"] for piece in pieces] == [0] * len(pieces)
    assert (pieces[0]["id"], pieces[0]["function"]) == ("a", {"name": "look", "arguments": ""})
    assert "".join(piece["function"]["arguments"] for piece in pieces) == '{"at": 1}'
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5}


def test_a_request_is_decoded_as_the_client_meant_it():
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    body = {"messages": [USER, CALLS, ANSWER], "tools": [LOOK], "response_format": wanted}
    assert decode(json.loads(json.dumps(body)), purpose="act") == Request(
        purpose="act",
        messages=(
            Message(role="user", content="hi"),
            Message(
                role="assistant", content="", tool_calls=(ToolCall(id="a", name="look", arguments="{}"),)
            ),
            Message(role="tool", content="blue", tool_call_id="a"),
        ),
        tools=(ToolSpec(name="look", description="", parameters={"type": "object"}),),
        schema={"type": "object"},
    )


def test_a_wrong_key_is_refused_as_providers_do():
    with LoopbackServer([Reply(text="ok")], api_key="right") as server:
        body = {"model": "loopback", "messages": [USER]}
        assert post(server, body, authorization="Bearer wrong").status_code == 401
        assert post(server, body, authorization="Bearer right").status_code == 200


def test_the_model_is_listed_and_other_models_are_unknown():
    with LoopbackServer([], model="tiny") as server:
        listed = httpx2.get(server.base_url + "/models").json()
        assert [model["id"] for model in listed["data"]] == ["tiny"]
        assert post(server, {"model": "other", "messages": [USER]}).status_code == 404


def test_embeddings_are_unit_vectors_that_depend_on_the_text_alone():
    with LoopbackServer([]) as server:
        body = {"model": "loopback", "input": ["a", "b", "a"]}
        data = post(server, body, "/embeddings").json()["data"]
    one, two, again = (item["embedding"] for item in data)
    assert one == again != two
    assert math.isclose(sum(x * x for x in one), 1.0)
