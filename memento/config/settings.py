"""Every setting of one run: its value, where that comes from, and what it means. No secret is in it.

default  <  memento.toml, as it landed  <  environment variable  <  flag
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, SecretStr

from memento.config.reading import load, variable_of
from memento.config.sections import Config

_USER = re.compile(r"//[^/@\s\"]+@")
"""The name and the password in an address."""

Flags = Mapping[tuple[str, str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting. `value` is JSON, "(set)" for a secret."""

    name: str
    """As in `review.people`: [review] people of memento.toml."""
    value: str
    origin: str
    """"default", "memento.toml at COMMIT", "$VARIABLE" or "flag"."""
    meaning: str


def settings(toml: str, at: str, environ: Mapping[str, str], flags: Flags) -> tuple[Setting, ...]:
    """All of them, in the order of the sections. `at` names the commit of `toml`. Raises ConfigError."""
    config = load(toml, environ, flags)
    written = tomllib.loads(toml)
    return tuple(
        setting
        for section in Config.model_fields
        for setting in _section(section, getattr(config, section), written, at, environ, flags)
    )


def _section(
    section: str,
    values: BaseModel,
    written: Mapping[str, Mapping[str, object]],
    at: str,
    environ: Mapping[str, str],
    flags: Flags,
) -> Iterator[Setting]:
    dumped = values.model_dump(mode="json")
    for name, field in type(values).model_fields.items():
        value = getattr(values, name)
        if field.exclude and field.annotation != SecretStr | None:
            continue  # what was found out about a secret, no setting of its own
        variable = variable_of(section, name)
        if isinstance(value, SecretStr):
            origin = f"${getattr(values, 'key_from', None) or variable}"
        elif flags.get((section, name)) is not None:
            origin = "flag"
        elif variable is not None and environ.get(variable):
            origin = f"${variable}"
        elif name in written.get(section, {}):
            origin = f"memento.toml at {at}"
        else:
            origin = "default"
        meaning = " ".join((field.description or "").split())
        yield Setting(
            name=f"{section}.{name}", value=_shown(value, dumped.get(name)), origin=origin, meaning=meaning
        )


def _shown(value: object, dumped: object) -> str:
    if isinstance(value, SecretStr):
        return "(set)"
    return _USER.sub("//(set)@", json.dumps(_redacted(dumped), ensure_ascii=False))


def _redacted(value: object) -> object:
    """Without the values of variables that a tool server is given: people put keys there all the same."""
    if not isinstance(value, dict):
        return value
    return {
        key: dict.fromkeys(inner, "(set)") if key == "env" and isinstance(inner, dict) else _redacted(inner)
        for key, inner in value.items()
    }
