"""Servers on this machine: found quickly, whatever listens there, and only those that list models."""

import socket
import time
from itertools import chain, repeat
from threading import Thread

import pytest

from memento.assemble.ambience import Ambience
from memento.assemble.models import NO_MODEL, no_model
from memento.config import Config, load, state_folder
from memento.llm.local import SECONDS, LocalServer, look
from memento.testing.loopback import LoopbackServer


def patient():
    """An ambience whose clock goes back a minute after the first look: a busy machine may take its time."""
    return Ambience(clock=chain([60.0], repeat(0.0)).__next__)


def port_of(server):
    return int(server.base_url.split(":")[2].split("/")[0])


@pytest.fixture
def listener():
    """listener(answer) -> the port of something that sends `answer` and keeps the connection open."""
    opened = []

    def listen(answer: bytes):
        server = socket.create_server(("127.0.0.1", 0))
        opened.append(server)

        def serve():
            try:
                connection, _ = server.accept()
                opened.append(connection)
                connection.sendall(answer)
            except OSError:
                return

        Thread(target=serve, daemon=True).start()
        return server.getsockname()[1]

    yield listen
    for one in opened:
        one.close()


def test_a_server_that_lists_models_is_found_with_them():
    with LoopbackServer([], model="tiny") as server:
        found = look([port_of(server)], clock=time.monotonic, seconds=30.0)
    assert found == (LocalServer(base_url=server.base_url, usual="a server", models=("tiny",)),)
    assert server.requests == [], "nothing is posted"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n<html>",
        b"HTTP/1.0 200 OK\r\n\r\n[]",
        b"HTTP/1.0 404 Not Found\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 100_000,
    ],
    ids=["silence", "mail", "a page", "another API", "404", "nested"],
)
def test_what_answers_anything_else_is_left_out_in_time(listener, answer):
    begun = time.monotonic()
    assert look([listener(answer)], clock=time.monotonic) == ()
    assert time.monotonic() - begun < 30


def test_ports_are_asked_at_the_same_time(listener):
    ports = [listener(b"") for _ in range(40)]
    begun = time.monotonic()
    assert look(ports, clock=time.monotonic) == ()
    assert time.monotonic() - begun < 40 * SECONDS, "one after the other takes as long"


def test_the_message_without_a_model_shows_what_was_found_and_uses_none_of_it():
    with LoopbackServer([], model="tiny") as server:
        config = Config.model_validate({"model": {"local_ports": [port_of(server)]}})
        said = no_model(config, patient())
    assert said == (
        f"{NO_MODEL}\nfound on this machine, and used only when you name them:\n"
        f"  --base-url {server.base_url} --model tiny   (usually a server)"
    )
    assert no_model(Config.model_validate({"model": {"local_ports": []}}), Ambience()) == NO_MODEL


# ---------------------------------------------------------------- whose key goes where


@pytest.mark.parametrize(
    ("url", "key_from"),
    [
        (None, "OPENAI_API_KEY"),
        ("https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", "GEMINI_API_KEY"),
        ("https://api.anthropic.com/v1/", "ANTHROPIC_API_KEY"),
        ("https://openrouter.ai.evil.example/v1", "OPENAI_API_KEY"),
    ],
)
def test_a_providers_own_key_goes_to_its_own_host_only(url, key_from):
    names = ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_API_KEY")
    environ = {name: f"secret of {name}" for name in names} | ({"OPENAI_BASE_URL": url} if url else {})
    model = load("", environ).model
    assert model.key_from == key_from
    assert model.api_key.get_secret_value() == f"secret of {key_from}"
    assert "secret" not in repr(model) + model.model_dump_json()


def test_without_a_key_of_its_own_a_provider_gets_the_general_one():
    environ = {"OPENAI_BASE_URL": "https://openrouter.ai/api/v1", "OPENAI_API_KEY": "k"}
    assert load("", environ).model.key_from == "OPENAI_API_KEY"
    assert load("", {"OPENROUTER_API_KEY": "k"}).model.api_key is None


def test_the_users_state_is_where_the_desktop_says():
    assert str(state_folder({"HOME": "/home/ada"})) == "/home/ada/.local/state/memento"
    assert str(state_folder({"HOME": "/home/ada", "XDG_STATE_HOME": "/var/ada"})) == "/var/ada/memento"
    assert str(state_folder({"HOME": "/home/ada", "XDG_STATE_HOME": "relative"})).startswith("/home/ada")
