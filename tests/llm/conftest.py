"""connect(server) -> the client, over a real connection; its waits are kept in `slept`, and not waited."""

import time
from dataclasses import dataclass, field

import pytest

from memento.llm.client import OpenAIModel

KEY = "sk-canary-0123456789abcdef"


@dataclass
class Slept:
    """Remembers the waits instead of waiting."""

    waits: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def slept():
    return Slept()


@pytest.fixture
def connect(slept):
    opened = []

    def connect(server, **changes):
        settings = {
            "model": "loopback",
            "base_url": server.base_url,
            "api_key": KEY,
            "clock": time.monotonic,
            "sleep": slept,
            "timeout_s": 5.0,
            **changes,
        }
        opened.append(OpenAIModel(**settings))
        return opened[-1]

    yield connect
    for model in opened:
        model.close()
