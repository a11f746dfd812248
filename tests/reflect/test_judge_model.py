"""Another model may judge than the one that acts: over real connections, and with no key but its own."""

import time

import pytest

from memento.assemble.ambience import Ambience
from memento.assemble.models import judge_model_of, model_of
from memento.config import load
from memento.protocols import Message, Request
from memento.testing.loopback import LoopbackServer

ASK = Request(purpose="judge", messages=(Message(role="user", content="well?"),))
QUIET = Ambience(clock=time.monotonic)


def judge(environ, flags=None):
    config = load("", environ, flags or {})
    acting = model_of(config, QUIET)
    return acting, judge_model_of(config, acting, QUIET)


def test_by_default_the_acting_model_judges():
    acting, judging = judge({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "MEMENTO_MODEL": "one"})
    assert judging is acting


def test_another_model_of_the_same_endpoint_judges_with_the_same_key():
    with LoopbackServer(["yes"], model="judge", api_key="sk-acting-key") as server:
        environ = {
            "OPENAI_BASE_URL": server.base_url,
            "MEMENTO_MODEL": "one",
            "OPENAI_API_KEY": "sk-acting-key",
        }
        acting, judging = judge(environ, {("judge", "model"): "judge"})
        assert (acting.name, judging.complete(ASK).text) == ("one", "yes")


@pytest.mark.parametrize("variable", ["MEMENTO_JUDGE_BASE_URL", None])
def test_another_endpoint_judges_and_is_not_sent_the_first_ones_key(variable):
    with LoopbackServer(["yes"], model="judge") as server:
        environ = {
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "MEMENTO_MODEL": "one",
            "OPENAI_API_KEY": "sk-secret-1",
        }
        flags = {("judge", "model"): "judge"}
        if variable:
            environ[variable] = server.base_url
        else:
            flags["judge", "base_url"] = server.base_url
        _, judging = judge(environ, flags)
        assert judging.complete(ASK).text == "yes"
    assert "sk-secret-1" not in str(server.requests)
