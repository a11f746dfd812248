"""Which sandboxes the contract and the escape suite run on.

bubblewrap and the host are always there; Docker when an engine answers. MEMENTO_TEST_DOCKER=1 makes its
absence a failure; MEMENTO_TEST_IMAGE names an image that is there already instead of building ours.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from memento.errors import SandboxError
from memento.protocols import Sandbox, SandboxSession
from memento.sandbox.bubblewrap import Bubblewrap
from memento.sandbox.host import Host


@cache
def docker_or_reason() -> Sandbox | str:
    from memento.sandbox.docker import Docker

    image = os.environ.get("MEMENTO_TEST_IMAGE")
    try:
        return Docker.connect(os.environ, **({"image": image} if image else {}))
    except SandboxError as error:
        return str(error)


def sandbox_named(name: str) -> Sandbox:
    if name == "host":
        return Host()
    if name == "bubblewrap":
        program = shutil.which("bwrap")
        assert program, "bubblewrap is not installed: apt install bubblewrap"
        return Bubblewrap(program=Path(program))
    found = docker_or_reason()
    if isinstance(found, str):
        if os.environ.get("MEMENTO_TEST_DOCKER") == "1":
            pytest.fail(found)
        pytest.skip(found)
    return found


real = pytest.mark.real

EACH = ["host", pytest.param("bubblewrap", marks=real), pytest.param("docker", marks=real)]


@pytest.fixture(scope="module", params=EACH)
def any_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return sandbox_named(request.param)


@pytest.fixture(scope="module", params=["bubblewrap", "docker"])
def confining(request: pytest.FixtureRequest) -> Sandbox:
    return sandbox_named(request.param)


Opener = Callable[..., SandboxSession]


@pytest.fixture
def opened(any_sandbox: Sandbox) -> Iterator[Opener]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(any_sandbox.open(**options))


@pytest.fixture(scope="module")
def lasting(any_sandbox: Sandbox) -> Iterator[SandboxSession]:
    with any_sandbox.open() as session:
        yield session


@pytest.fixture
def session(lasting: SandboxSession) -> Iterator[SandboxSession]:
    """A session with an empty workspace; opening one for each test would take most of the tests' time."""
    yield lasting
    lasting.run(["/bin/sh", "-c", "rm -rf ./* ./.[!.]*"])
