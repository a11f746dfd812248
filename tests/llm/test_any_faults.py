"""Whatever an endpoint does, in whatever order: a run ends within its budget, with an outcome that has a
name, and the library is what it was.

Real HTTP, the real loop with learning on, real git; only waits between tries are not waited.
"""

import os
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from memento.assemble.ambience import Ambience
from memento.assemble.loops import loop_of
from memento.assemble.models import budget_of
from memento.config import load
from memento.errors import ModelError
from memento.library import Library
from memento.llm.budget import Metered
from memento.llm.client import OpenAIModel
from memento.protocols import Reply, ToolCall
from memento.sandbox.bubblewrap import Bubblewrap
from memento.testing.faults import said
from memento.testing.loopback import Fault, LoopbackServer
from memento.types import Exercise, Gold, Result, Stop, Task

pytestmark = pytest.mark.real

TOKENS, SECONDS = 2_000, 20.0

FAULTS = st.sampled_from(
    [
        Fault.status(400, "no"),
        Fault.status(401),
        Fault.status(404),
        Fault.status(429, retry_after="3600"),
        Fault.status(429, retry_after="0"),
        Fault.status(429, kind="insufficient_quota"),
        Fault.status(500),
        Fault.html(),
        Fault.html(503),
        Fault.truncated(),
        Fault.error_body(),
        Fault.no_choices(),
        Fault.no_content(),
        Fault.raw(""),
        Fault.raw("null"),
        Fault.raw('{"choices": [{"message": {"tool_calls": [{"function": {"name": "terminal"}}]}}]}'),
        Fault.raw('{"choices": [{"message": {"content": "{}"}, "finish_reason": "length"}]}'),
        Fault.stall(0.3),
        Fault.drip(0.3),
        Fault.drop(),
        Fault.events(said("half")),
        Fault.events(said("half"), '{"error": {"message": "gone"}}'),
        Fault.events('{"choices": [{"del'),
        Fault.hang(said("half"), seconds=0.3),
    ]
)
CALLS = [
    ToolCall(id="a", name="final_answer", arguments='{"answer": "wrong"}'),
    ToolCall(id="a", name="final_answer", arguments='{"answer": '),
    ToolCall(id="a", name="terminal", arguments='{"command": "true"}'),
    ToolCall(id="", name="no_such_tool", arguments="[]"),
]
ANSWERS = st.sampled_from(
    ["wrong", "{}", '<tool_call>{"name": "terminal"', '{"fault": "tool", "skill": "files"}']
    + [Reply(text="", tool_calls=(call,)) for call in CALLS]
)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return Library.init(
        tmp_path_factory.mktemp("faulty") / "library", now=time.time, ids=lambda: "made", durable=False
    )


def refs(library):
    return library.git("for-each-ref", "--format=%(refname) %(objectname)")


def files(library):
    private = {".git", ".memento"}
    paths = (p for p in library.root.rglob("*") if p.relative_to(library.root).parts[0] not in private)
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def loop_over(library, server, *, stream):
    limits = {("budget", "tokens"): TOKENS, ("budget", "seconds"): SECONDS, ("budget", "steps"): 6,
              ("loop", "rounds"): 0, ("route", "embedder"): "words"}  # fmt: skip
    config, ambience = load("", {}, limits), Ambience()
    model = OpenAIModel(
        model="loopback", base_url=server.base_url, clock=time.monotonic, sleep=lambda _: None,
        timeout_s=0.1, deadline_s=1.0, retries=2, hear=(lambda _: None) if stream else None,
    )  # fmt: skip
    metered = Metered(model, budget_of(config), clock=ambience.clock)
    loop = loop_of(
        config=config, environ=os.environ, library=library, model=metered, sandbox=Bubblewrap(),
        ambience=ambience, tell=lambda _: None,
    )  # fmt: skip
    return loop, metered, model


def last_of(loop, task):
    """The last episode, or the accident that ended the run; anything else fails the test."""
    try:
        return list(loop.solve(Exercise(task=task, gold=Gold(answer="right"))))[-1]
    except ModelError as error:
        return error


@settings(
    max_examples=15, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(faults=st.lists(FAULTS, min_size=1, max_size=6), answers=st.lists(ANSWERS, min_size=1, max_size=4),
       stream=st.booleans())  # fmt: skip
def test_a_run_ends_within_its_budget_with_an_outcome_and_an_unchanged_library(
    library, faults, answers, stream
):
    before, there, left = refs(library), files(library), list(answers)
    task = Task(id="t", text="Say the word")

    def answer(body):
        return left.pop(0) if len(left) > 1 else left[0]

    server = LoopbackServer(answer, faults=faults).start()
    try:
        loop, metered, model = loop_over(library, server, stream=stream)
        begun = time.monotonic()
        last = last_of(loop, task)
        if isinstance(last, ModelError):
            assert last.kind
            assert str(last).strip()
        else:
            assert last.verdict.result in {Result.FAILED, Result.UNJUDGED}
            if last.trajectory.stop in {Stop.MODEL_ERROR, Stop.BUDGET}:
                assert last.verdict.result is Result.UNJUDGED, "no skill is to blame"
                assert last.trajectory.detail
        assert time.monotonic() - begun < SECONDS + 30.0
        model.close()
    finally:
        server.close()  # whether or not every fault came to pass
    assert len(server.requests) < 100
    spent = metered.spent.input_tokens + metered.spent.output_tokens
    assert spent < TOKENS + 5_000, "at most the call that crossed the limit"
    assert server.problems == []
    assert refs(library) == before
    assert files(library) == there
