"""The same work over every provider's documented ways: it comes out the same, streamed or not."""

import json

import pytest
from pydantic import BaseModel

from memento.errors import ModelError
from memento.llm.capabilities import Capabilities, Feature, Memory
from memento.llm.endpoint import Endpoint
from memento.llm.probe import probe, summed
from memento.llm.structured import ask
from memento.protocols import Message, Reply, Request, ToolCall, ToolSpec
from memento.testing import profiles
from memento.testing.loopback import Fault, LoopbackServer
from memento.testing.profiles import PROFILES

LOOK = ToolSpec(
    name="look",
    description="Look.",
    parameters={"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
)
START = (Message(role="system", content="Be brief."), Message(role="user", content="What is up there?"))
NAMES = [profile.name for profile in PROFILES]


class Grade(BaseModel):
    score: int


def model_behind(body):
    """A model that looks twice and then says what it saw; in words where it is not offered tools."""
    said = json.dumps(body["messages"])
    if body.get("tool_choice") or "response_format" in body or "JSON Schema" in said:
        return _graded(body)
    if "blue" in said and "green" in said:
        return "blue, green"
    if body.get("tools"):
        calls = (ToolCall(id="a", name="look", arguments='{"at": "sky"}'),
                 ToolCall(id="b", name="look", arguments='{"at": "sea"}'))  # fmt: skip
        return Reply(text="", tool_calls=calls)
    if "You can call these tools" in said:
        return "\n".join(
            f'<tool_call>{{"name": "look", "arguments": {{"at": "{place}"}}}}</tool_call>'
            for place in ("sky", "sea")
        )
    return "A four, I would say."


def _graded(body):
    answer = json.dumps({"score": 4})
    if body.get("tool_choice"):
        return Reply(text="", tool_calls=(ToolCall(id="g", name="Grade", arguments=answer),))
    return answer


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("profile", PROFILES, ids=NAMES)
def test_tools_work_with_every_provider(connect, profile, stream):
    heard = []
    with LoopbackServer(model_behind, profile=profile) as server:
        model = connect(server, temperature=0.0, seed=7, hear=heard.append if stream else None)
        asked = Request(purpose="act", messages=START, tools=(LOOK,))
        looking = model.complete(asked)
        assert [(c.name, json.loads(c.arguments)) for c in looking.tool_calls] == [
            ("look", {"at": "sky"}), ("look", {"at": "sea"}),
        ]  # fmt: skip
        assert len({call.id for call in looking.tool_calls}) == 2
        talk = (
            *START,
            Message(role="assistant", content=looking.text, tool_calls=looking.tool_calls),
            *(
                Message(role="tool", content=colour, tool_call_id=call.id)
                for colour, call in zip(("blue", "green"), looking.tool_calls, strict=True)
            ),
        )
        answer = model.complete(Request(purpose="act", messages=talk, tools=(LOOK,)))
    assert (answer.text, answer.tool_calls) == ("blue, green", ())
    if "tools" not in profile.refuses:
        assert all("tools" in request.body for request in server.requests), "never said in words"
    assert bool(heard) is stream
    assert answer.usage.usd == profile.cost


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("profile", PROFILES, ids=NAMES)
def test_structured_answers_work_with_every_provider(connect, profile, stream):
    with LoopbackServer(model_behind, profile=profile) as server:
        model = connect(server, temperature=0.0, seed=7, hear=(lambda _: None) if stream else None)
        assert ask(model, Request(purpose="judge", messages=START), Grade) == Grade(score=4)


@pytest.mark.parametrize("profile", PROFILES, ids=NAMES)
def test_what_was_refused_once_is_not_asked_again(connect, profile):
    with LoopbackServer(model_behind, profile=profile) as server:
        model = connect(server, temperature=0.0, seed=7)
        asked = Request(purpose="act", messages=START, tools=(LOOK,))
        model.complete(asked)
        before = len(server.requests)
        model.complete(asked)
    assert len(server.requests) == before + 1


def test_every_profile_says_where_it_is_documented():
    assert all(profile.sources for profile in PROFILES)
    assert all(source.startswith("https://") for profile in PROFILES for source in profile.sources)


def test_a_call_that_lost_its_signature_is_refused_as_gemini_does(connect):
    call = ToolCall(id="a", name="look", arguments="{}")
    talk = (*START, Message(role="assistant", content="", tool_calls=(call,)),
            Message(role="tool", content="blue", tool_call_id="a"))  # fmt: skip
    refused = pytest.raises(ModelError, match="missing a thought_signature")
    with LoopbackServer([], profile=profiles.GEMINI) as server, refused:
        connect(server).complete(Request(purpose="act", messages=talk))


# ---------------------------------------------------------------- what a probe finds


def obedient(body):
    """A model that does what the request asks of it, with all features of a good endpoint."""
    wanted = body.get("response_format", {})
    if wanted.get("type") == "json_schema":
        keys = wanted["json_schema"]["schema"]["properties"]
        return json.dumps(dict.fromkeys(keys, "blue"))
    if wanted.get("type") == "json_object":
        return '{"colour": "blue"}'
    asks_for_it = "Call the tool" in body["messages"][0]["content"]
    if body.get("tools") and (asks_for_it or isinstance(body.get("tool_choice"), dict)):
        return Reply(text="", tool_calls=(ToolCall(id="a", name="note", arguments='{"word": "yes"}'),))
    return "yes"


def endpoint(server):
    return Endpoint(model="loopback", base_url=server.base_url, clock=lambda: 0.0, timeout_s=5.0)


@pytest.mark.parametrize(
    ("profile", "cannot"),
    [
        (profiles.PLAIN, set()),
        (profiles.OPENAI, {Feature.TEMPERATURE}),
        (profiles.GEMINI, {Feature.SEED}),
        (profiles.ANTHROPIC, {Feature.JSON_SCHEMA, Feature.JSON_OBJECT}),
        (profiles.OLLAMA, {Feature.FORCED_TOOL}),
        (profiles.OLLAMA_NO_TOOLS, {Feature.TOOLS, Feature.FORCED_TOOL}),
        (profiles.OPENROUTER, {Feature.TOOLS, Feature.FORCED_TOOL}),
        (profiles.LLAMA_CPP, {Feature.TOOLS, Feature.FORCED_TOOL}),
        (profiles.VLLM, {Feature.TOOLS, Feature.FORCED_TOOL}),
        (profiles.LM_STUDIO, {Feature.JSON_OBJECT}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_probe_finds_what_the_provider_documents(profile, cannot):
    with LoopbackServer(obedient, profile=profile) as server:
        found = summed(probe(endpoint(server)))
    assert found == Capabilities(can=frozenset(set(Feature) - cannot), cannot=frozenset(cannot))


def test_an_outage_in_the_middle_of_a_probe_leaves_a_feature_unknown():
    answers = ["yes", Reply(text="", tool_calls=(ToolCall(id="a", name="note", arguments="{}"),))]
    with LoopbackServer(lambda body: answers.pop(0) if answers else obedient(body), faults=[]) as server:
        asking = probe(endpoint(server))
        first = next(asking)
        server.inject(Fault.status(503))
        second = next(asking)
        asking.close()
    assert (first.feature, first.there) == (Feature.TOOLS, True)
    assert (second.feature, second.there) == (Feature.FORCED_TOOL, None)
    assert "503" in second.detail


def test_an_endpoint_without_usage_in_its_streams_is_known_for_it():
    with LoopbackServer(obedient, usage=False) as server:
        found = summed(probe(endpoint(server)))
    assert found.cannot == {Feature.STREAM_USAGE}


def test_a_wrong_key_ends_the_probe_at_its_first_question():
    refused = pytest.raises(ModelError, match="Check OPENAI_API_KEY")
    with LoopbackServer(obedient, api_key="right") as server, refused:
        list(probe(endpoint(server)))
    assert len(server.requests) == 1


def test_what_a_probe_found_is_used_from_the_first_request_on(connect):
    known = Capabilities(cannot=frozenset({Feature.JSON_SCHEMA, Feature.JSON_OBJECT, Feature.SEED}))
    with LoopbackServer(model_behind) as server:
        model = connect(server, seed=7, known=known)
        assert ask(model, Request(purpose="judge", messages=START), Grade) == Grade(score=4)
    (request,) = server.requests
    assert request.body["tool_choice"] == {"type": "function", "function": {"name": "Grade"}}
    assert "seed" not in request.body


def test_capabilities_are_kept_by_url_and_model_and_without_credentials(tmp_path):
    memory = Memory(folder=tmp_path / "state")
    found = Capabilities(can=frozenset({Feature.TOOLS}), cannot=frozenset({Feature.SEED}))
    path = memory.keep("http://me:hunter2@host:1/v1", "m", found)
    assert "hunter2" not in path.read_text("utf-8")
    assert "hunter2" not in path.name
    assert memory.recall("http://host:1/v1/", "m") == found
    assert memory.recall("http://host:1/v1", "other") == Capabilities()
    assert memory.recall("http://host:2/v1", "m") == Capabilities()
    path.write_text('{"can": ["tools", "telepathy"], "cannot": []}', "utf-8")
    assert memory.recall("http://host:1/v1", "m") == Capabilities(can=frozenset({Feature.TOOLS}))
    path.write_text("{", "utf-8")
    assert memory.recall("http://host:1/v1", "m") == Capabilities()
    assert [p.name for p in path.parent.iterdir()] == [path.name], "nothing is left half written"
