"""What `memento doctor` says of the sandboxes, and that it would say otherwise of one that leaks."""

import json

import pytest

from memento.cli.escape import confined, escape_suite
from memento.config import load
from memento.errors import SandboxError
from memento.sandbox.attacks import FEW
from memento.sandbox.bubblewrap import Bubblewrap
from memento.sandbox.host import Host
from tests.sandbox.conftest import docker_or_reason

QUICK = FEW[:3]


@pytest.mark.real
def test_the_suite_says_of_each_sandbox_how_many_attempts_it_contained(capsys):
    docker = docker_or_reason()
    missing = isinstance(docker, str)
    config = load("", {} if missing else {"MEMENTO_SANDBOX_IMAGE": docker.image or ""})
    code = escape_suite(config, as_json=True, only=QUICK)
    suites = json.loads(capsys.readouterr().out)
    assert (code, set(suites)) == (0, {"bubblewrap", "docker"})
    contained = {"attempts": 3, "contained": 3, "escaped": {}, "missing": ""}
    assert {key: suites["bubblewrap"][key] for key in contained} == contained
    if missing:
        assert (suites["docker"]["attempts"], suites["docker"]["missing"] != "") == (0, True)
    else:
        assert {key: suites["docker"][key] for key in contained} == contained


@pytest.mark.real
def test_the_table_names_every_attempt(capsys):
    escape_suite(load("", {}), as_json=False, only=QUICK)
    shown = capsys.readouterr().out
    assert [name for name in QUICK if name not in shown] == []
    assert "bubblewrap: 3 of 3 contained in " in shown


def test_without_any_sandbox_nothing_was_contained(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    assert escape_suite(load("", {}), as_json=True) == 2
    suites = json.loads(capsys.readouterr().out)
    assert [(suite["attempts"], suite["contained"]) for suite in suites.values()] == [(0, 0), (0, 0)]
    assert "apt install bubblewrap" in suites["bubblewrap"]["missing"]


@pytest.mark.real
def test_a_few_attempts_prove_a_sandbox():
    assert confined(Bubblewrap()) == "bubblewrap: 10 attempts to break out, all contained"


def test_a_sandbox_that_leaks_is_named_with_the_attempt_that_got_out():
    with pytest.raises(SandboxError, match="the host sandbox leaks: reads a file of the host by its path: "):
        confined(Host())
