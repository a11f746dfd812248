"""The client against a server that we did not write: @copilotkit/aimock, from npm.

    make independent     installs it, starts it with the fixtures below and runs this file

It is no part of `make test` (its name says so to pytest): it needs Node.js and the npm registry.
MEMENTO_AIMOCK is the path of aimock's command line file.
"""

import json
import os
import subprocess
import time

import httpx2
import pytest
from pydantic import BaseModel

from memento.errors import ModelError
from memento.llm.client import OpenAIModel
from memento.llm.endpoint import Endpoint
from memento.llm.local import LocalServer, look
from memento.llm.probe import probe, summed
from memento.llm.structured import ask
from memento.protocols import Message, Request, ToolSpec
from memento.testing.loopback import LoopbackServer

LOOK = ToolSpec(
    name="look",
    description="Look.",
    parameters={"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
)
BROKEN = {"content": "one two three four five six seven eight"}


class Grade(BaseModel):
    score: int


def fixture(said, response, **more):
    return {"match": {"userMessage": said}, "response": response, **more}


FIXTURES = [
    {"match": {"toolCallId": "call_b"}, "response": {"content": "blue and green"}},
    fixture("say hello", {"content": "Hello, Ada. How are you today?"}),
    fixture("look twice", {"toolCalls": [{"id": "call_a", "name": "look", "arguments": '{"at": "sky"}'},
                                         {"id": "call_b", "name": "look", "arguments": '{"at": "sea"}'}]}),
    fixture("grade this", {"content": '{"score": 4}'}),
    fixture("grade badly", {"content": "I would say four."}),
    fixture("That reply could not be used", {"content": '```json\n{"score": 3}\n```'}),
    fixture("too many", {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429}),
    fixture("wrong key", {"error": {"message": "bad key", "code": "invalid_api_key"}, "status": 401}),
    fixture("no tools please", {"error": {"message": "this model does not support tools"}, "status": 400}),
    fixture("break off", BROKEN, truncateAfterChunks=2),
    fixture("hang up", BROKEN, latency=50, disconnectAfterMs=120),
    fixture("Which colour has the sky?", {"content": "blue"}),
    fixture("yes", {"content": "yes"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aimock")
    (folder / "all.json").write_text(json.dumps({"fixtures": FIXTURES}), "utf-8")
    with LoopbackServer([]) as free:  # a port that is free now
        port = free.base_url.split(":")[2].split("/")[0]
    argv = ["node", os.environ["MEMENTO_AIMOCK"], "-p", port, "-f", str(folder), "-c", "5",
            "--log-level", "silent"]  # fmt: skip
    with subprocess.Popen(argv) as process:
        url = f"http://127.0.0.1:{port}/v1"
        for _ in range(100):
            try:
                httpx2.get(url + "/models")
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield url
        process.terminate()


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def model(server, request):
    heard = []
    model = OpenAIModel(
        model="gpt-4o", base_url=server, api_key="sk-test", clock=time.monotonic, sleep=lambda _: None,
        timeout_s=5.0, hear=heard.append if request.param else None, retries=1,
    )  # fmt: skip
    object.__setattr__(model, "heard", heard)
    yield model
    model.close()


def asked(text, *more, tools=()):
    return Request(purpose="act", messages=(Message(role="user", content=text), *more), tools=tools)


def test_text_arrives_whole_with_its_tokens(model):
    reply = model.complete(asked("say hello"))
    assert reply.text == "Hello, Ada. How are you today?"
    assert reply.usage.calls == 1
    assert reply.usage.output_tokens > 0
    if model.hear:
        assert "".join(delta.text for delta in model.heard) == reply.text
        assert len(model.heard) > 3


def test_two_tool_calls_are_answered(model):
    looking = model.complete(asked("look twice", tools=(LOOK,)))
    assert [(call.id, json.loads(call.arguments)) for call in looking.tool_calls] == [
        ("call_a", {"at": "sky"}), ("call_b", {"at": "sea"}),
    ]  # fmt: skip
    answers = (
        Message(role="assistant", content=looking.text, tool_calls=looking.tool_calls),
        Message(role="tool", content="blue", tool_call_id="call_a"),
        Message(role="tool", content="green", tool_call_id="call_b"),
    )
    assert model.complete(asked("look twice", *answers, tools=(LOOK,))).text == "blue and green"


def test_structured_answers_are_validated_and_repaired_once(model):
    assert ask(model, asked("grade this"), Grade) == Grade(score=4)
    assert ask(model, asked("grade badly"), Grade) == Grade(score=3)


@pytest.mark.parametrize(
    ("text", "kind"), [("too many", "rate-limit"), ("wrong key", "auth"), ("unheard of", "not-found")]
)
def test_accidents_have_their_kind(model, text, kind):
    with pytest.raises(ModelError) as caught:
        model.complete(asked(text))
    assert caught.value.kind == kind


@pytest.mark.parametrize("text", ["break off", "hang up"])
def test_a_stream_that_breaks_off_is_never_a_shorter_answer(model, text):
    try:
        said = model.complete(asked(text)).text
    except ModelError as error:
        said = None
        assert error.kind in {"protocol", "connection"}  # noqa: PT017 (both outcomes are right)
    assert said in (None, BROKEN["content"])


def test_a_probe_ends_with_what_it_could_see(server):
    found = summed(probe(Endpoint(model="gpt-4o", base_url=server, api_key="k", clock=time.monotonic)))
    assert {"stream", "seed", "temperature"} <= set(found.can)
    assert set(found.cannot) == {"tools", "forced_tool", "json_schema", "json_object"}, "it only says blue"


def test_it_is_found_on_this_machine(server):
    (found,) = look([int(server.split(":")[2].split("/")[0])], clock=time.monotonic, seconds=3.0)
    assert isinstance(found, LocalServer)
    assert found.base_url == server
