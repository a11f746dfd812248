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
    [mcp.servers.NAME]    --mcp, MEMENTO_MCP (the names of those to use)
    [telemetry] spans     MEMENTO_SPANS
    (where it is)         MEMENTO_LIBRARY          --library
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from memento.errors import ConfigError

SandboxKind = Literal["auto", "bubblewrap", "docker", "host"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ModelSettings(_Section):
    """Which endpoint and model; nothing has a default, so nothing is ever called by surprise."""

    name: str | None = None
    """The model's name at its endpoint."""
    base_url: str | None = None
    """An OpenAI-compatible endpoint; by default OpenAI's own."""
    api_key: SecretStr | None = Field(default=None, exclude=True)
    """The endpoint's key, from the environment only. It is shown nowhere."""
    key_from: str | None = Field(default=None, exclude=True)
    """The environment variable that the key was read from; its name may be shown."""
    temperature: float | None = None
    """Sent with each request when set."""
    seed: int | None = None
    """Sent with each request when set; few endpoints keep to it."""
    timeout_s: float = Field(default=120.0, gt=0)
    """Seconds after which a call is given up."""
    local_ports: tuple[int, ...] = (11434, 1234, 8080, 8000)
    """Where servers on this machine are looked for, to be shown: Ollama, LM Studio, llama.cpp, vLLM."""


class JudgeSettings(_Section):
    """Who judges where no gold answer does; by default the model that acts, at its endpoint."""

    model: str | None = None
    """The name of the model that judges."""
    base_url: str | None = None
    """Its endpoint."""


class LoopSettings(_Section):
    rounds: int = Field(default=3, ge=0, le=20)
    """Retries of a task after its first attempt."""
    delta: float = Field(default=0.2, ge=0, le=1)
    """A skill whose utility is below this is rethought, not mended."""
    n_min: int = Field(default=3, ge=1)
    """Outcomes that a skill needs before its utility counts for that."""
    learn: bool = True
    """Whether a failure changes the library."""
    create_on_miss: bool = True
    """Whether a failure without a skill makes a new one."""
    candidates: int = Field(default=1, ge=1, le=16)
    """Rewrites per lesson, of which the gate chooses."""
    most_hunks: int = Field(default=4, ge=1)
    """Separate places that an optimising rewrite may change."""


class BudgetSettings(_Section):
    """Limits of one run; `steps` are those of one attempt. A limit that is absent is not checked."""

    steps: int = Field(default=30, ge=1)
    """Tool calls of one attempt."""
    tokens: int | None = Field(default=300_000, ge=1)
    """Tokens of one run, in and out."""
    seconds: float | None = Field(default=900.0, gt=0)
    """Seconds of one run."""
    usd: float | None = Field(default=None, gt=0)
    """Dollars of one run; a price that is unknown is not zero."""


class SandboxSettings(_Section):
    kind: SandboxKind = "auto"
    """Where untrusted code runs; auto takes the first that cannot be broken out of, never host."""
    image: str | None = None
    """Docker's image; None is the one that Memento builds."""


EmbedderKind = Literal["shipped", "words", "endpoint", "fastembed"]


class RouteSettings(_Section):
    """`words` does without vectors; `endpoint` asks `base_url` (else the model's) for those of `model`."""

    threshold: float | None = Field(default=None, ge=0, le=1)
    """Confidence below which no skill fits; by default the embedder's own."""
    embedder: EmbedderKind = "shipped"
    """What turns text into vectors."""
    model: str | None = None
    """The embedding model, for endpoint and fastembed."""
    base_url: str | None = None
    """Its endpoint; by default the model's."""
    rerank: bool = False
    """Let the language model choose where skills fit about equally well."""
    explore: bool = True
    """Where they do, give those with a short record their turn; never while [model] seed is set."""


class GateSettings(_Section):
    """`scanner` is a command that gets a skill's folder as its last argument and prints SARIF."""

    scanner: str | None = None
    """A further scanner's command line."""
    timeout_s: float = Field(default=1800.0, gt=0)
    """Seconds that one gate may take."""
    behaviour: bool = False
    """Let the model try a change's behaviour cases: 120 attempts and more, so never by surprise."""


SearchKind = Literal["searxng", "tavily", "brave", "ddgs"]


class WebSettings(_Section):
    """`search` None: SearXNG where `search_url` is set, else Tavily or Brave where a key is, else none."""

    search: SearchKind | None = None
    """The provider of the agent's web search."""
    search_url: str | None = None
    """A search endpoint; without one the agent has no web search."""
    tavily_key: SecretStr | None = Field(default=None, exclude=True)
    """Tavily's key, from the environment only. It is shown nowhere."""
    brave_key: SecretStr | None = Field(default=None, exclude=True)
    """Brave's key, from the environment only. It is shown nowhere."""
    allow_private: bool = False
    """Let the agent fetch from private addresses."""


class ServerSettings(_Section):
    """An MCP server: a program of this machine, or the address of one that runs."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = Field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    """Variables of the user's environment that it is handed; a secret cannot stand in this file."""
    url: str = ""
    token_env: str | None = None
    """The variable that holds the bearer token for `url`."""
    handed: Mapping[str, SecretStr] = Field(default_factory=dict, exclude=True)
    """Those variables with their values, of servers that are used."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either command or url")
        return self


class McpSettings(_Section):
    """memento.toml comes with a library and only says how servers are reached. `use` names those that a
    person wants, and is not read from there: else a cloned library could start programs.
    """

    servers: Mapping[Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")], ServerSettings] = Field(
        default_factory=dict
    )
    """How servers are reached, by name."""
    use: tuple[str, ...] = ()
    """Those that are asked for their tools; named by a person, never by the library."""
    offered: int = Field(default=12, ge=1)
    """Tools that the model is told of at first; it can find the others."""

    @field_validator("use", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return [name for name in re.split(r"[,\s]+", value) if name] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.use:
            if name not in self.servers:
                raise ValueError(f"there is no [mcp.servers.{name}] in memento.toml")
        return self


Rule = Literal["auto", "review", "locked"]


class ReviewSettings(_Section):
    """What lands by itself and what waits for a person. Only the landed memento.toml is asked."""

    agent: Rule = "auto"
    """Skills that the agent wrote: they land after PASS, wait for a person, or are left alone."""
    people: Rule = "review"
    """The same for skills that people wrote, the starter skills and imported ones among them."""
    where: Literal["local", "github"] = "local"
    """Where people review: on this machine, or as pull requests."""
    open_proposals: int = Field(default=20, ge=0)
    """The agent proposes no more while so many wait for a person."""
    landings_per_day: int = Field(default=50, ge=0)
    """So many changes land by themselves in 24 hours; the next ones wait for a person."""
    most_lines: int = Field(default=400, ge=0)
    """A change of more lines in a skill's folder waits for a person."""
    skills: Mapping[str, Rule] = Field(default_factory=dict)
    """Rules by pattern of a skill's name, in the order of the file; the first that fits counts."""


class TelemetrySettings(_Section):
    """OpenTelemetry spans of model calls, sent to where the OTEL_* variables say. Needs the extra [otel]."""

    spans: bool = False
    """Whether they are made."""
    content: bool = False
    """Put what is asked and answered into them, the user's data included."""


class LibrarySettings(_Section):
    main: str | None = None
    """The branch that landings go to; by default main, else master."""


class Config(_Section):
    """All settings of one run."""

    model: ModelSettings = ModelSettings()
    judge: JudgeSettings = JudgeSettings()
    loop: LoopSettings = LoopSettings()
    budget: BudgetSettings = BudgetSettings()
    sandbox: SandboxSettings = SandboxSettings()
    route: RouteSettings = RouteSettings()
    web: WebSettings = WebSettings()
    gate: GateSettings = GateSettings()
    review: ReviewSettings = ReviewSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    mcp: McpSettings = McpSettings()
    library: LibrarySettings = LibrarySettings()


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
    (
        "mcp",
        "use",
    ): "memento.toml may not start programs by itself; name the servers with --mcp or in MEMENTO_MCP",
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
