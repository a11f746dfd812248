"""The client over a real HTTP connection to the loopback endpoint."""

import time

import pytest

from memento.errors import ConfigError, ModelError
from memento.protocols import Message, Reply, Request, ToolCall, ToolSpec
from memento.testing.loopback import Fault, LoopbackServer
from memento.types import Usage
from tests.llm.conftest import KEY

LOOK = ToolSpec(name="look", description="Look.", parameters={"type": "object", "properties": {}})
ASK = Request(purpose="act", messages=(Message(role="user", content="two plus two"),))
SCHEMA = {"title": "Grade", "type": "object", "properties": {"score": {"type": "integer"}}}
FOUR = Reply(text="four", usage=Usage(calls=1, input_tokens=3, output_tokens=1, usd=None))


def failure(connect, fault, **changes):
    with LoopbackServer([], faults=[fault]) as server:
        model = connect(server, retries=0, **changes)
        with pytest.raises(ModelError) as caught:
            model.complete(ASK)
    return caught.value


def test_a_question_is_answered_with_its_usage_and_an_unknown_price(connect):
    with LoopbackServer(["four"]) as server:
        assert connect(server).complete(ASK) == FOUR
    (received,) = server.requests
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.body == {"model": "loopback", "messages": [{"role": "user", "content": "two plus two"}]}


def test_tool_calls_and_their_answers_go_over_the_wire_unchanged(connect):
    call = ToolCall(id="a", name="look", arguments='{"at": "sky"')
    talk = Request(
        purpose="act",
        messages=(
            Message(role="system", content="be brief"),
            Message(role="user", content="look"),
            Message(role="assistant", content="", tool_calls=(call,)),
            Message(role="tool", content="blue", tool_call_id="a"),
        ),
        tools=(LOOK,),
    )
    again = ToolCall(id="b", name="look", arguments="{}")
    with LoopbackServer([Reply(text="looking", tool_calls=(again,))]) as server:
        reply = connect(server).complete(talk)
    assert (reply.text, reply.tool_calls) == ("looking", (again,))
    assert server.requests[0].body["messages"][2]["tool_calls"][0]["function"] == {
        "name": "look",
        "arguments": '{"at": "sky"',
    }


def test_a_price_function_prices_the_call(connect):
    with LoopbackServer(["four"]) as server:
        model = connect(server, price=lambda usage: usage.input_tokens / 1000)
        assert model.complete(ASK).usage == Usage(calls=1, input_tokens=3, output_tokens=1, usd=0.003)


def test_an_endpoint_that_counts_no_tokens_gets_an_estimate_instead_of_zero(connect):
    with LoopbackServer(["four"], usage=False) as server:
        assert connect(server).complete(ASK).usage == Usage(
            calls=1, input_tokens=3, output_tokens=1, usd=None
        )


@pytest.mark.parametrize(
    ("unsupported", "formats", "said_in_words"),
    [
        (set(), ["json_schema"], False),
        ({"json_schema"}, ["json_schema", "json_object"], True),
        ({"json_schema", "json_object"}, ["json_schema", "json_object", "forced tool"], False),
        ({"json_schema", "json_object", "tools"}, ["json_schema", "json_object", "forced tool", None], True),
    ],
)
def test_structured_output_steps_down_and_remembers_what_worked(connect, unsupported, formats, said_in_words):
    asked = Request(purpose="judge", messages=ASK.messages, schema=SCHEMA)

    def answer(body):
        call = ToolCall(id="a", name="Grade", arguments="{}")
        return Reply(text="", tool_calls=(call,)) if "tools" in body else "{}"

    with LoopbackServer(answer, unsupported=frozenset(unsupported)) as server:
        model = connect(server)
        assert [model.complete(asked).text for _ in range(2)] == ["{}", "{}"]
    seen = [
        "forced tool" if r.body.get("tool_choice") == {"type": "function", "function": {"name": "Grade"}}
        else r.body.get("response_format", {}).get("type")
        for r in server.requests
    ]  # fmt: skip
    assert seen == [*formats, formats[-1]]
    last = server.requests[-1].body["messages"]
    assert len(last) == (2 if said_in_words else 1)
    assert ("JSON Schema" in last[-1]["content"]) is said_in_words


def test_a_request_that_is_refused_in_every_form_is_an_error_and_teaches_nothing(connect):
    asked = Request(purpose="judge", messages=ASK.messages, schema=SCHEMA)
    no = Fault.status(400, "bad prompt")
    with LoopbackServer(["{}"], faults=[no] * 4) as server:
        model = connect(server)
        with pytest.raises(ModelError, match="bad prompt"):
            model.complete(asked)
        assert model.complete(asked).text == "{}"
    assert server.requests[-1].body["response_format"]["type"] == "json_schema"


def test_a_refused_sampling_setting_is_left_out_from_then_on(connect):
    with LoopbackServer(["four", "four"], unsupported=frozenset({"temperature"})) as server:
        model = connect(server, temperature=0.0, seed=7)
        assert [model.complete(ASK).text for _ in range(2)] == ["four", "four"]
    sent = [(r.body.get("temperature"), r.body.get("seed")) for r in server.requests]
    assert sent == [(0.0, 7), (None, 7), (None, 7)]


@pytest.mark.parametrize(
    ("fault", "kind", "retryable", "words"),
    [
        (Fault.status(401), "auth", False, "Check OPENAI_API_KEY"),
        (Fault.status(403), "auth", False, "Check OPENAI_API_KEY"),
        (Fault.status(404), "not-found", False, "Check --model and the base URL"),
        (Fault.status(400), "refused", False, "Check what the model supports"),
        (Fault.status(413), "refused", False, "Check what the model supports"),
        (Fault.status(400, kind="context_length_exceeded"), "too-long", False, "larger context"),
        (Fault.status(429), "rate-limit", True, "Wait, or lower"),
        (Fault.status(429, kind="insufficient_quota"), "quota", False, "Check the account"),
        (Fault.status(500), "server", True, "use another endpoint"),
        (Fault.html(502), "server", True, "a web page"),
        (Fault.status(504), "timeout", True, "Try again"),
        (Fault.html(), "protocol", False, "Check the base URL"),
        (Fault.truncated(), "protocol", True, "cut off"),
        (Fault.raw(""), "protocol", True, "empty body"),
        (Fault.raw("[]"), "protocol", True, "not a chat completion"),
        (Fault.raw('{"choices": [{"index": 0}]}'), "protocol", True, "at choices.0.message"),
        (Fault.error_body(), "server", True, "overloaded"),
        (Fault.error_body("slow down", kind="429"), "rate-limit", True, "slow down"),
        (Fault.error_body("who?", kind="401"), "auth", False, "Check OPENAI_API_KEY"),
        (Fault.no_choices(), "protocol", True, "without any choice"),
        (Fault.no_content(), "protocol", True, "neither text nor a tool call"),
        (Fault.drop(), "connection", True, "cannot be reached"),
    ],
)
def test_each_accident_has_a_kind_and_a_way_forward(connect, fault, kind, retryable, words):
    error = failure(connect, fault)
    assert (error.kind, error.retryable) == (kind, retryable)
    assert words in str(error)


def test_a_refusal_of_the_model_is_not_an_answer(connect):
    said = '{"choices": [{"message": {"content": null, "refusal": "I will not"}}]}'
    error = failure(connect, Fault.raw(said))
    assert (error.kind, str(error)) == (
        "refused",
        "The model refused: I will not. Word the task differently.",
    )


def test_nobody_listening_is_a_connection_error_with_the_reason(connect):
    with LoopbackServer([]) as server:
        url = server.base_url
    model = connect(server, base_url=url, retries=0)
    with pytest.raises(ModelError, match=r"Connection refused.*Start the endpoint") as caught:
        model.complete(ASK)
    assert caught.value.kind == "connection"


def test_a_stall_ends_at_the_timeout(connect):
    started = time.monotonic()
    error = failure(connect, Fault.stall(), timeout_s=0.3)
    assert (error.kind, error.retryable) == ("timeout", True)
    assert time.monotonic() - started < 30


def test_a_slow_drip_ends_at_the_deadline(connect):
    started = time.monotonic()
    error = failure(connect, Fault.drip(), deadline_s=0.3)
    assert error.kind == "timeout"
    assert "within 0.3 s" in str(error)
    assert time.monotonic() - started < 30


def test_what_a_later_try_can_mend_is_tried_again_with_growing_waits(connect, slept):
    faults = [Fault.status(500), Fault.drop(), Fault.truncated()]
    with LoopbackServer(["four"], faults=faults) as server:
        assert connect(server, retries=3).complete(ASK) == FOUR
    assert slept.waits == [0.5, 1.0, 2.0]


def test_the_last_try_is_the_last(connect, slept):
    failing = pytest.raises(ModelError, match=r"failed \(500\)")
    with LoopbackServer([], faults=[Fault.status(500)] * 3) as server, failing:
        connect(server, retries=2).complete(ASK)
    assert len(server.requests) == 3
    assert slept.waits == [0.5, 1.0]


def test_what_no_later_try_can_mend_is_tried_once(connect, slept):
    failing = pytest.raises(ModelError)
    with LoopbackServer([], faults=[Fault.status(401)]) as server, failing:
        connect(server, retries=3).complete(ASK)
    assert (len(server.requests), slept.waits) == (1, [])


def test_retry_after_is_obeyed(connect, slept):
    with LoopbackServer(["four"], faults=[Fault.status(429, retry_after="7")]) as server:
        assert connect(server).complete(ASK) == FOUR
    assert slept.waits == [7.0]


def test_a_retry_after_of_an_hour_is_not_waited_for(connect, slept):
    failing = pytest.raises(ModelError, match="asks to wait 3600 s")
    with LoopbackServer([], faults=[Fault.status(429, retry_after="3600")]) as server, failing:
        connect(server, deadline_s=10_000.0).complete(ASK)
    assert (len(server.requests), slept.waits) == (1, [])


def test_no_wait_goes_past_the_deadline(connect, slept):
    failing = pytest.raises(ModelError, match="limits the rate")
    with LoopbackServer([], faults=[Fault.status(429, retry_after="20")]) as server, failing:
        connect(server, deadline_s=10.0).complete(ASK)
    assert slept.waits == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(401, f"Incorrect API key provided: {KEY}"),
        Fault.status(400, f"key {KEY}"),
        Fault.status(500, f"key {KEY}"),
        Fault.error_body(f"key {KEY}"),
    ],
)
def test_an_endpoint_that_echoes_the_key_does_not_get_it_printed(connect, fault):
    error = failure(connect, fault)
    assert KEY not in str(error)
    assert "***" in str(error)
    assert error.__suppress_context__ or error.__context__ is None


def test_the_key_is_in_no_representation_of_the_model(connect):
    with LoopbackServer([]) as server:
        assert KEY not in repr(connect(server))


def test_credentials_in_the_base_url_are_not_printed(connect):
    with LoopbackServer([]) as server:
        url = server.base_url.replace("://", "://me:hunter2@")
        model = connect(server, base_url=url, retries=0)
    with pytest.raises(ModelError) as caught:
        model.complete(ASK)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base_url": "localhost:8080/v1"}, "must start with http"),
        ({"base_url": ""}, "must start with http"),
        ({"model": ""}, "--model NAME"),
        ({"api_key": "sk-\n"}, "Copy it again"),
        ({"api_key": "sk-\u2026"}, "Copy it again"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(connect, change, words):
    with LoopbackServer([]) as server, pytest.raises(ConfigError, match=words):
        connect(server, **change)


def test_missing_and_repeated_call_ids_are_replaced_so_that_each_call_can_be_answered(connect):
    call = '{"id": %s, "type": "function", "function": {"name": "look", "arguments": %s}}'
    calls = ", ".join(
        [call % ("null", '"{}"'), call % ('"x"', "null"), call % ('"x"', '{"a": 1}'), call % ('"y"', '"no"')]
    )
    body = f'{{"choices": [{{"message": {{"content": null, "tool_calls": [{calls}]}}}}]}}'
    with LoopbackServer([], faults=[Fault.raw(body)]) as server:
        reply = connect(server).complete(ASK)
    assert reply.tool_calls == (
        ToolCall(id="call_0", name="look", arguments="{}"),
        ToolCall(id="call_1", name="look", arguments="{}"),
        ToolCall(id="call_2", name="look", arguments='{"a": 1}'),
        ToolCall(id="y", name="look", arguments="no"),
    )


def test_text_without_a_utf_8_form_does_not_end_the_call(connect):
    odd = Request(purpose="act", messages=(Message(role="user", content="cut \ud83d emoji"),))
    with LoopbackServer(["four"]) as server:
        assert connect(server).complete(odd).text == "four"
    assert server.requests[0].body["messages"][0]["content"] == "cut ? emoji"
