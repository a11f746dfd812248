"""Which sandbox one gets, and that nobody gets less than was asked for."""

import os
import subprocess

import pytest

from memento.errors import SandboxError
from memento.sandbox import choose, probe
from memento.sandbox.host import Host

NOWHERE = {"PATH": "/nowhere", "DOCKER_HOST": "unix:///nowhere/docker.sock"}


def test_without_any_sandbox_the_answer_says_how_to_get_one_and_is_never_the_host():
    with pytest.raises(SandboxError) as caught:
        choose("auto", NOWHERE)
    message = str(caught.value)
    assert message.startswith(
        "there is no sandbox to run untrusted code in.\n- bubblewrap: bubblewrap is not"
    )
    assert "\n- docker: the Docker engine does not answer" in message
    assert message.endswith(
        "Install bubblewrap with `apt install bubblewrap`, start Docker, "
        "or give --sandbox host by hand for code you trust."
    )


@pytest.mark.parametrize("kind", ["bubblewrap", "docker"])
def test_a_named_sandbox_is_not_replaced_by_another(kind):
    with pytest.raises(SandboxError):
        choose(kind, NOWHERE)


def test_the_host_is_given_only_by_name():
    assert choose("host", NOWHERE) == Host()


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(SandboxError, match="auto, bubblewrap, docker, host"):
        choose("chroot", NOWHERE)


@pytest.mark.real
def test_bubblewrap_is_the_first_choice():
    assert choose("auto", {**NOWHERE, "PATH": os.environ["PATH"]}).name == "bubblewrap"


def test_the_self_test_refuses_what_confines_nothing(tmp_path):
    with pytest.raises(SandboxError) as caught:
        probe.check(Host(scratch=tmp_path))
    message = str(caught.value)
    assert message.startswith("the host sandbox does not hold on this host: ")
    for leak in ("a file of the host could be read", "could be written", "loopback", "could be reached"):
        assert leak in message


def test_the_self_test_finds_the_hosts_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SOME_TOKEN", "s3cret")
    with subprocess.Popen(["sleep", "60"]) as another:
        with pytest.raises(SandboxError, match=r"environment shows \(.*SOME_TOKEN") as caught:
            probe.check(Host(scratch=tmp_path))
        another.kill()
    assert "s3cret" not in str(caught.value)
