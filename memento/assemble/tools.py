"""The agent's tools, the search over them, and the servers that bring more."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from memento.errors import ConfigError

if TYPE_CHECKING:
    from memento.act.offering import Rank
    from memento.act.servers import Server
    from memento.act.tools.search_providers import Provider
    from memento.config import Config, ServerSettings
    from memento.protocols import Embedder, Tool, ToolSpec

INSTALL_WEB = "pip install 'memento-skills[web]'"


def tools_of(config: "Config", clock: Callable[[], float]) -> "tuple[Tool, ...]":
    """The built-in tools. Web search is offered only where the settings say how. Raises ConfigError."""
    from memento.act.tools.addresses import system_resolver
    from memento.act.tools.edit_file import EditFile
    from memento.act.tools.list_files import ListFiles
    from memento.act.tools.read_file import ReadFile
    from memento.act.tools.search_files import SearchFiles
    from memento.act.tools.terminal import Terminal
    from memento.act.tools.web_fetch import WebFetch, plain_client
    from memento.act.tools.web_search import WebSearch
    from memento.act.tools.write_file import WriteFile

    fetch = WebFetch(
        open_client=plain_client,
        resolve=system_resolver,
        clock=clock,
        allow_private=config.web.allow_private,
    )
    files = (ReadFile(), WriteFile(), EditFile(), ListFiles(), SearchFiles())
    provider = search_of(config)
    return (Terminal(), *files, fetch, *([WebSearch(provider=provider)] if provider else []))


def search_of(config: "Config") -> "Provider | None":
    """Where the web is searched; None when the settings name no place. Raises ConfigError."""
    from memento.act.tools import search_providers as providers
    from memento.act.tools.web_fetch import plain_client

    web = config.web
    kind = web.search or ("searxng" if web.search_url else "tavily" if web.tavily_key else None)
    kind = kind or ("brave" if web.brave_key else None)
    if kind is None:
        return None
    if kind == "ddgs":
        if not find_spec("ddgs"):
            raise ConfigError(f'[web] search = "ddgs" needs another package: {INSTALL_WEB}.')
        return providers.Ddgs()
    if kind == "searxng":
        if not web.search_url:
            raise ConfigError('[web] search = "searxng" needs its address: [web] search_url')
        return providers.searxng(web.search_url, plain_client)
    key = web.tavily_key if kind == "tavily" else web.brave_key
    if key is None:
        raise ConfigError(f'[web] search = "{kind}" needs a key: set {kind.upper()}_API_KEY.')
    make = providers.tavily if kind == "tavily" else providers.brave
    return make(key.get_secret_value(), plain_client)


def servers_of(config: "Config") -> "tuple[Server, ...]":
    """The MCP servers that a person named."""
    from memento.act.servers import Server

    def server(name: str, settings: "ServerSettings") -> Server:
        handed = {variable: value.get_secret_value() for variable, value in settings.handed.items()}
        return Server(
            name=name,
            command=settings.command,
            arguments=settings.args,
            environment={**settings.env, **{v: handed[v] for v in settings.pass_env}},
            url=settings.url,
            token=handed[settings.token_env] if settings.token_env else "",
        )

    return tuple(server(name, config.mcp.servers[name]) for name in config.mcp.use)


def connect_of(config: "Config") -> "Callable[[], AbstractContextManager[Sequence[Tool]]]":
    """Connects to those servers, for one attempt at a time."""
    from memento.act.servers import connected

    servers = servers_of(config)
    return lambda: connected(servers)


def rank_of(embedder: "Callable[[], Embedder | None]") -> "Rank":
    """Tools are found as skills are: by words and vectors. The embedder is loaded when there is a choice."""

    @cache
    def ranking() -> "Callable[[str, tuple[tuple[str, str], ...]], Sequence[str]]":
        from memento.protocols import ToolSpec
        from memento.route.router import TantivyRouter
        from memento.route.tools import offered, toolset

        router = TantivyRouter(threshold=0.0, embedder=embedder())

        @cache
        def indexed(told: tuple[tuple[str, str], ...]) -> "object":
            return toolset([ToolSpec(name=name, description=about, parameters={}) for name, about in told])

        def ranked(text: str, told: tuple[tuple[str, str], ...]) -> Sequence[str]:
            return offered(router, indexed(told), text, k=len(told))  # type: ignore[arg-type]

        return ranked

    def rank(text: str, specs: "Sequence[ToolSpec]") -> Sequence[str]:
        return ranking()(text, tuple((spec.name, spec.description) for spec in specs))

    return rank
