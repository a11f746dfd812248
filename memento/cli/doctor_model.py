"""The checks of `memento doctor` about models: the settings, servers on this machine, a probe."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from memento.cli.workplace import Check, open_workplace
from memento.errors import LibraryError, MementoError

if TYPE_CHECKING:
    from memento.config import Config

NONE = Check(
    name="model",
    ok=False,
    detail="no model is set; `memento run` needs one, `memento demo` does not",
    fix="export OPENAI_API_KEY or OPENAI_BASE_URL, and MEMENTO_MODEL",
)


def model(name: str, library_dir: Path | None) -> Check:
    """Whether a model is set, and where."""
    from memento.cli.say import asked

    try:
        config = _config(library_dir)
    except MementoError as error:
        return Check(name=name, ok=False, detail=str(error), fix="correct the setting that is named")
    settings = config.model
    if not settings.name or not (settings.base_url or settings.api_key):
        return NONE
    return Check(name=name, ok=True, detail=asked(config, settings.name).split(maxsplit=1)[1])


def local(name: str, library_dir: Path | None) -> Check:
    """Servers on this machine: shown, and used only when they are chosen."""
    from memento.llm.local import look

    try:
        ports = _config(library_dir).model.local_ports
    except MementoError as error:
        return Check(name=name, ok=False, detail=str(error), fix="correct the setting that is named")
    found = look(ports, clock=time.monotonic)
    where = ", ".join(str(port) for port in ports)
    if not found:
        return Check(name=name, ok=True, detail=f"no model server answers on this machine (ports {where})")
    said = [f"{one.base_url} ({one.usual}'s port): {', '.join(one.models) or 'no model'}" for one in found]
    return Check(name=name, ok=True, detail="; ".join(said) + "; used only with --base-url")


def probe(library_dir: Path | None) -> Iterator[Check]:
    """What the endpoint can do with the model, asked with a few small questions, and kept."""
    from memento.assemble.models import OPENAI_URL
    from memento.config import state_folder
    from memento.llm.capabilities import Memory
    from memento.llm.endpoint import Endpoint
    from memento.llm.probe import probe as ask
    from memento.llm.probe import summed

    try:
        settings = _config(library_dir).model
        if not settings.name or not (settings.base_url or settings.api_key):
            yield NONE
            return
        key = settings.api_key.get_secret_value() if settings.api_key else ""
        url = settings.base_url or OPENAI_URL
        endpoint = Endpoint(
            model=settings.name, base_url=url, api_key=key, clock=time.monotonic, timeout_s=settings.timeout_s
        )
        answers = []
        for answer in ask(endpoint):
            answers.append(answer)
            word = {True: "yes", False: "no", None: "unknown"}[answer.there]
            detail = f"{word}: {answer.detail}" if answer.detail else word
            yield Check(name=f"probe {answer.feature}", ok=True, detail=detail)
        path = Memory(folder=state_folder(os.environ) / "endpoints").keep(url, settings.name, summed(answers))
        yield Check(name="probe kept", ok=True, detail=str(path))
    except MementoError as error:
        yield Check(name="probe", ok=False, detail=str(error), fix="mend what it says, and probe again")


def _config(library_dir: Path | None) -> "Config":
    """The library's settings where there is one, else those of the environment."""
    from memento.config import load

    try:
        return open_workplace(library_dir).config
    except LibraryError:
        return load("", os.environ)
