"""A reply heard while it comes in, over a real connection, and the ways in which a stream breaks."""

import json
import time

import pytest

from memento.errors import ModelError
from memento.llm.stream import Stream
from memento.protocols import Delta, Message, Reply, Request, ToolCall, ToolSpec
from memento.testing.faults import said
from memento.testing.loopback import Fault, LoopbackServer
from memento.testing.profiles import PROFILES, Numbering
from memento.types import Usage
from tests.llm.conftest import KEY

ASK = Request(purpose="act", messages=(Message(role="user", content="two plus two"),))
LOOK = ToolSpec(name="look", description="Look.", parameters={"type": "object", "properties": {}})
BEGIN = Delta(purpose="act", text="", first=True)
FOUR = Reply(text="it is four", usage=Usage(calls=1, input_tokens=3, output_tokens=3, usd=None))


def text(piece):
    return Delta(purpose="act", text=piece)


def test_the_reply_is_heard_in_pieces_and_returned_whole(connect):
    heard = []
    with LoopbackServer(["it is four"]) as server:
        assert connect(server, hear=heard.append).complete(ASK) == FOUR
    assert heard == [BEGIN, text("it"), text(" is"), text(" four")]
    assert server.requests[0].body["stream"] is True
    assert server.requests[0].body["stream_options"] == {"include_usage": True}


def test_pieces_are_heard_before_the_answer_is_complete(connect):
    heard = []
    with LoopbackServer(["it is four"], pause_s=0.1) as server:
        connect(server, hear=lambda d: heard.append((d.text, time.monotonic()))).complete(ASK)
        ended = time.monotonic()
    first = next(when for piece, when in heard if piece == "it")
    assert ended - first > 0.2


def test_without_a_listener_nothing_is_streamed(connect):
    with LoopbackServer(["it is four"]) as server:
        connect(server).complete(ASK)
    assert "stream" not in server.requests[0].body


def test_arguments_of_a_call_are_heard_under_the_tools_name(connect):
    heard = []
    call = ToolCall(id="a", name="look", arguments='{"at": 1}')
    with LoopbackServer([Reply(text="", tool_calls=(call,))]) as server:
        reply = connect(server, hear=heard.append).complete(
            Request(purpose="act", messages=ASK.messages, tools=(LOOK,))
        )
    assert reply.tool_calls == (call,)
    assert heard == [BEGIN, *(Delta(purpose="act", text=t, call="look") for t in ('{"a', 't":', " 1}"))]


def test_malformed_arguments_arrive_as_the_model_wrote_them(connect):
    call = ToolCall(id="a", name="look", arguments='{"at": "sky')
    with LoopbackServer([Reply(text="", tool_calls=(call,))]) as server:
        reply = connect(server, hear=lambda _: None).complete(ASK)
    assert reply.tool_calls == (call,)


def test_a_stream_that_counts_no_tokens_gets_an_estimate(connect):
    with LoopbackServer(["it is four"], usage=False) as server:
        reply = connect(server, hear=lambda _: None).complete(ASK)
    assert reply.usage == Usage(calls=1, input_tokens=3, output_tokens=3, usd=None)


def test_an_endpoint_that_takes_no_stream_options_is_asked_without(connect):
    with LoopbackServer(["a", "b"], unsupported=frozenset({"stream_options"})) as server:
        model = connect(server, hear=lambda _: None)
        assert [model.complete(ASK).text for _ in range(2)] == ["a", "b"]
    assert ["stream_options" in r.body for r in server.requests] == [True, False, False]


def test_an_endpoint_that_answers_in_one_piece_is_understood(connect):
    whole = Fault.raw('{\n"choices": [{"message": {"content": "four"}, "finish_reason": "stop"}]}')
    with LoopbackServer([], faults=[whole]) as server:
        assert connect(server, hear=lambda _: None).complete(ASK).text == "four"


# ---------------------------------------------------------------- broken streams

HALF = (said("it is"),)
ERROR = json.dumps({"error": {"message": "upstream went away", "code": 502}, "choices": [{"delta": {}}]})


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault.events(*HALF), "protocol", "ended before the answer did"),
        (Fault.events(*HALF, "[DONE]"), "protocol", "ended before the answer did"),
        (Fault.events(*HALF, '{"choices": [{"del'), "protocol", "cut off or is not JSON"),
        (Fault.events(*HALF, '{"choices": 3}'), "protocol", "cut off or is not JSON"),
        (Fault.events(*HALF, ERROR), "server", "upstream went away"),
        (Fault.events('{"object": "error", "message": "no memory", "code": 500}'), "server", "no memory"),
        (Fault.events('{"choices": []}', "[DONE]"), "protocol", "without any choice"),
        (Fault.events("[DONE]"), "protocol", "without any choice"),
        (Fault.events(said("", "stop"), "[DONE]"), "protocol", "neither text nor a tool call"),
        (Fault.events(said("it is", "length"), "[DONE]"), "cut", "in the middle of its answer"),
        (Fault.error_body(), "server", "overloaded"),
        (Fault.error_body(f"key {KEY}"), "server", r"key \*\*\*"),
        (Fault.events(json.dumps({"error": {"message": f"key {KEY}"}})), "server", r"key \*\*\*"),
        (Fault.html(), "protocol", "web page"),
        (Fault.raw(""), "protocol", "empty body"),
        (Fault.truncated(), "protocol", "cut off"),
        (Fault.status(500), "server", "failed"),
        (Fault.drop(), "connection", "cannot be reached"),
        (Fault.stall(), "timeout", "fell silent"),
        (Fault.hang(*HALF), "timeout", "fell silent"),
        (Fault.drip(), "timeout", "within 1 s"),
    ],
)
def test_a_broken_stream_is_an_accident_and_never_a_shorter_answer(connect, fault, kind, words):
    with LoopbackServer([], faults=[fault]) as server:
        model = connect(server, retries=0, timeout_s=0.3, deadline_s=1.0, hear=lambda _: None)
        with pytest.raises(ModelError, match=words) as caught:
            model.complete(ASK)
    assert caught.value.kind == kind


def test_after_a_broken_stream_the_answer_comes_in_one_piece_and_what_was_heard_is_void(connect):
    heard = []
    with LoopbackServer(["it is four"], faults=[Fault.events(*HALF)]) as server:
        assert connect(server, hear=heard.append).complete(ASK) == FOUR
    assert heard == [BEGIN, text("it is"), BEGIN]
    assert [r.body.get("stream") for r in server.requests] == [True, None]


def test_after_an_outage_the_stream_is_tried_again(connect):
    with LoopbackServer(["it is four"], faults=[Fault.status(503)]) as server:
        assert connect(server, hear=lambda _: None).complete(ASK) == FOUR
    assert [r.body.get("stream") for r in server.requests] == [True, True]


# ---------------------------------------------------------------- pieces of calls


def piece(**fields):
    return {"choices": [{"delta": {"tool_calls": [fields]}}]}


def head(name, arguments="", **fields):
    return piece(function={"name": name, "arguments": arguments}, **fields)


def tail(arguments, **fields):
    return piece(function={"arguments": arguments}, **fields)


ONE_TWO = [("one", '{"a":1}'), ("two", '{"b":2}')]


@pytest.mark.parametrize(
    "pieces",
    [
        [head("one", index=0, id="x"), tail('{"a":1}', index=0), head("two", index=1, id="y"),
         tail('{"b":2}', index=1)],
        [head("one", index=0, id="x"), head("two", index=1, id="y"), tail('{"a":', index=0),
         tail('{"b":2}', index=1), tail("1}", index=0)],
        [head("one", '{"a":1}', index=0, id="x"), head("two", '{"b":2}', index=0, id="y")],
        [head("one", '{"a":1}', id="x"), head("two", '{"b":2}', id="y")],
        [head("one", id="x"), tail('{"a":'), tail("1}", id=""), head("two", id="y"), tail('{"b":2}')],
        [head("one", '{"a":1}'), head("two", '{"b":2}')],
        [head("one", index=0, id="x"), tail('{"a":1}', index=0, id="x"), head("two", index=1, id="y"),
         tail('{"b":2}', index=1, id="y")],
        [head("one", index=0, id="x1"), tail('{"a":1}', index=0, id="x2"), head("two", index=1, id="y1"),
         tail('{"b":2}', index=1, id="y2")],
        [head("one", {"a": 1}, index=0), head("two", '{"b":2}', index=1)],
    ],
    ids=["in order", "interleaved", "all numbered 0", "no numbers", "no numbers, in pieces",
         "neither number nor id", "id on every piece", "a new id on every piece", "an object"],
)  # fmt: skip
def test_pieces_of_calls_find_each_other(pieces):
    stream = Stream(heard=lambda text, call: None)
    for one in (*pieces, {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}):
        stream.feed(f"data: {json.dumps(one)}\n\n".encode())
    calls = stream.finish(sent_characters=0).tool_calls
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        (name, json.loads(arguments)) for name, arguments in ONE_TWO
    ]
    assert len({call.id for call in calls}) == 2


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_events_are_read_whatever_packets_they_come_in(size, end):
    events = [": hello", "", "event: x", f"data: {said('zwölf ')}", "", "data:" + said("Uhr", "stop"), "",
              "data: [DONE]", "", ""]  # fmt: skip
    body = end.join(events).encode()
    stream = Stream(heard=lambda text, call: None)
    for start in range(0, len(body), size):
        stream.feed(body[start : start + size])
    assert stream.done
    assert stream.finish(sent_characters=0).text == "zwölf Uhr"


def test_every_numbering_of_the_profiles_is_covered_here():
    assert {profile.numbering for profile in PROFILES} == set(Numbering)
