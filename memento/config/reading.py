"""Settings: `memento.toml` of the library, under environment variables, under flags.

This is the only reader of the environment. A secret (the API key) is read here, shown nowhere, and
never written to the journal or to a file.

    memento.toml          environment              flag
    [model] name          MEMENTO_MODEL            --model
    [model] base_url      OPENAI_BASE_URL          --base-url
                          OPENAI_API_KEY; where base_url is that provider's:
                          OPENROUTER_API_KEY, GEMINI_API_KEY, ANTHROPIC_API_KEY
    [judge] model         MEMENTO_JUDGE_MODEL      --judge-model
    [judge] base_url      MEMENTO_JUDGE_BASE_URL
    [sandbox] kind        MEMENTO_SANDBOX          --sandbox
    [sandbox] image       MEMENTO_SANDBOX_IMAGE
    [web] search          MEMENTO_SEARCH
    [web] search_url      MEMENTO_SEARCH_URL
                          TAVILY_API_KEY, BRAVE_API_KEY
    [mcp.servers.NAME]    MEMENTO_MCP, or --mcp: the names of those to use
    [telemetry] spans     MEMENTO_SPANS
    (where it is)         MEMENTO_LIBRARY          --library
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from memento.config.sections import Config
from memento.errors import ConfigError

_ENVIRONMENT = {
    "MEMENTO_MODEL": ("model", "name"),
    "MEMENTO_JUDGE_MODEL": ("judge", "model"),
    "MEMENTO_JUDGE_BASE_URL": ("judge", "base_url"),
    "OPENAI_BASE_URL": ("model", "base_url"),
    "OPENAI_API_KEY": ("model", "api_key"),
    "MEMENTO_SANDBOX": ("sandbox", "kind"),
    "MEMENTO_SANDBOX_IMAGE": ("sandbox", "image"),
    "MEMENTO_SEARCH": ("web", "search"),
    "MEMENTO_SEARCH_URL": ("web", "search_url"),
    "TAVILY_API_KEY": ("web", "tavily_key"),
    "BRAVE_API_KEY": ("web", "brave_key"),
    "MEMENTO_MCP": ("mcp", "use"),
    "MEMENTO_SPANS": ("telemetry", "spans"),
}

_KEYS = {
    "openrouter.ai": "OPENROUTER_API_KEY",
    "generativelanguage.googleapis.com": "GEMINI_API_KEY",
    "api.anthropic.com": "ANTHROPIC_API_KEY",
}
"""Variables that belong to one provider: its key goes to no other host."""

_FROM_FILE_REFUSED = {
    ("model", "api_key"): "memento.toml holds an API key, and it is committed to git; "
    "set OPENAI_API_KEY in the environment",
    ("web", "tavily_key"): "memento.toml holds a key, and it is committed to git; set TAVILY_API_KEY instead",
    ("web", "brave_key"): "memento.toml holds a key, and it is committed to git; set BRAVE_API_KEY instead",
    ("mcp", "use"): "memento.toml may not start programs by itself; name the servers with --mcp or in "
    "MEMENTO_MCP",
}


def load(
    toml: str, environ: Mapping[str, str], flags: Mapping[tuple[str, str], object] | None = None
) -> Config:
    """Settings from the text of memento.toml, the environment and flags, later ones winning.

    Raises ConfigError naming the setting, where it came from, and what it may be.
    """
    try:
        values: dict[str, Any] = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"memento.toml cannot be read: {error}") from error
    for (section, setting), reason in _FROM_FILE_REFUSED.items():
        if isinstance(held := values.get(section), dict) and setting in held:
            raise ConfigError(reason)
    for variable, place in _ENVIRONMENT.items():
        if environ.get(variable):
            _put(values, place, environ[variable])
    for place, value in (flags or {}).items():
        if value is not None:
            _put(values, place, value)
    _put_key(values, environ)
    try:
        return _handed(Config.model_validate(values), environ)
    except ValidationError as error:
        problems = "; ".join(
            _say(problem) for problem in error.errors(include_url=False, include_input=False)
        )
        raise ConfigError(f"a setting is wrong: {problems}") from error


def variable_of(section: str, name: str) -> str | None:
    """The environment variable of a setting."""
    return next((variable for variable, place in _ENVIRONMENT.items() if place == (section, name)), None)


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where this user's own state is kept, beside no library (XDG Base Directory)."""
    home = environ.get("XDG_STATE_HOME", "")
    base = Path(home) if home.startswith("/") else Path(environ.get("HOME", "/")) / ".local/state"
    return base / "memento"


def _put_key(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """The provider's own key for its own host, else OPENAI_API_KEY, and which of them it was."""
    model = values.get("model", {})
    url = model.get("base_url") if isinstance(model, dict) else None
    host = urlsplit(url).hostname if isinstance(url, str) else None
    variable = next(
        (name for name in (_KEYS.get(host or ""), "OPENAI_API_KEY") if name and environ.get(name)), None
    )
    if variable is not None:
        _put(values, ("model", "api_key"), environ[variable])
        _put(values, ("model", "key_from"), variable)


def _handed(config: Config, environ: Mapping[str, str]) -> Config:
    """The settings with the variables that the servers in use are handed."""
    servers = dict(config.mcp.servers)
    for name in config.mcp.use:
        wanted = {*servers[name].pass_env, *filter(None, [servers[name].token_env])}
        if missing := sorted(variable for variable in wanted if variable not in environ):
            raise ConfigError(f"[mcp.servers.{name}] needs ${missing[0]}, which is not set")
        given = {variable: SecretStr(environ[variable]) for variable in wanted}
        servers[name] = servers[name].model_copy(update={"handed": given})
    return config.model_copy(update={"mcp": config.mcp.model_copy(update={"servers": servers})})


def _put(values: dict[str, Any], place: tuple[str, str], value: object) -> None:
    section = values.setdefault(place[0], {})
    if isinstance(section, dict):
        section[place[1]] = value


def _say(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{place} is not a setting"
    variable = variable_of(*problem["loc"][:2]) if len(problem["loc"]) > 1 else None
    return f"{place}{f' (or ${variable})' if variable else ''}: {problem['msg'].lower()}"
