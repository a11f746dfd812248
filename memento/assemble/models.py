"""The language models: which endpoint, what it costs, and how much may be spent."""

import time
from functools import cache
from typing import TYPE_CHECKING

from memento.assemble.ambience import Ambience
from memento.errors import ModelError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from memento.config import Config
    from memento.journal import Journal
    from memento.llm.budget import Budget, Metered
    from memento.protocols import Hear, Model


NO_MODEL = """no model is set, and Memento never answers a task with a simulated one. Ways forward:
  a hosted model     export OPENAI_API_KEY=...  and give --model NAME
  a local endpoint   give --base-url http://127.0.0.1:11434/v1 --model NAME
                     (Ollama 11434, LM Studio 1234, llama.cpp 8080, vLLM 8000)
  just to watch      memento demo"""


OPENAI_URL = "https://api.openai.com/v1"


def model_of(config: "Config", ambience: Ambience, hear: "Hear | None" = None) -> "Model":
    """The model behind the configured endpoint; ModelError with the ways forward when there is none.

    `hear` is told its replies piece by piece.
    """
    from memento.llm.capabilities import UNKNOWN, Memory
    from memento.llm.client import OpenAIModel
    from memento.llm.prices import price_of

    settings = config.model
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    if not settings.name or not (settings.base_url or key):
        raise ModelError(no_model(config, ambience), kind="auth")
    url = settings.base_url or OPENAI_URL
    memory = Memory(folder=ambience.state / "endpoints") if ambience.state else None
    model = OpenAIModel(
        model=settings.name,
        base_url=url,
        api_key=key,
        clock=ambience.clock,
        sleep=time.sleep,
        temperature=settings.temperature,
        seed=settings.seed,
        timeout_s=settings.timeout_s,
        price=price_of(settings.name, url),
        hear=hear,
        known=memory.recall(url, settings.name) if memory else UNKNOWN,
    )
    if not config.telemetry.spans:
        return model
    from memento.llm.spans import Traced

    tracer = _spans().get_tracer("memento")
    return Traced(model=model, base_url=url, tracer=tracer, content=config.telemetry.content)


@cache
def _spans() -> "TracerProvider":
    from memento.llm.spans import exporter

    return exporter()


def no_model(config: "Config", ambience: Ambience) -> str:
    """The ways to a model, with the servers that answer on this machine."""
    from memento.llm.local import look

    found = look(config.model.local_ports, clock=ambience.clock)
    lines = [
        f"  --base-url {server.base_url} --model {server.models[0] if server.models else 'NAME'}"
        f"   (usually {server.usual})"
        for server in found
    ]
    if not lines:
        return NO_MODEL
    return "\n".join([NO_MODEL, "found on this machine, and used only when you name them:", *lines])


def metered_of(config: "Config", model: "Model", journal: "Journal", ambience: Ambience) -> "Metered":
    """The model under the budget of one run of a command, its calls recorded in the journal."""
    from memento.llm.budget import Metered

    return Metered(
        model, budget_of(config), clock=ambience.clock, now=ambience.now, record=journal.calls.record
    )


def budget_of(config: "Config") -> "Budget":
    from memento.llm.budget import Budget

    limits = config.budget
    return Budget(tokens=limits.tokens, seconds=limits.seconds, usd=limits.usd)


def judge_model_of(config: "Config", acting: "Model", ambience: Ambience) -> "Model":
    """The model that judges: the one that acts, unless [judge] names another."""
    if config.judge.model is None and config.judge.base_url is None:
        return acting
    from pydantic import SecretStr

    own = config.judge.base_url in (None, config.model.base_url or OPENAI_URL)
    # The key belongs to the model's endpoint; another one is not sent it.
    changed = {
        "name": config.judge.model or config.model.name,
        "base_url": config.judge.base_url or config.model.base_url,
        "api_key": config.model.api_key if own else SecretStr(""),
    }
    settings = config.model.model_copy(update=changed)
    return model_of(config.model_copy(update={"model": settings}), ambience)
