"""Connected MCP servers: their tools, for the length of one attempt.

Rules
- A program is started on the host and is not sandboxed: it is the person's own, and it is there for what
  the sandbox must not have (the network, an account, a data base). It runs in an empty folder and sees of
  the environment the names that the SDK hands on (HOME, PATH, SHELL, TERM, USER, LOGNAME) and what its
  settings name. It sees neither the workspace nor the model's key.
- What it says is from outside: bounded, and tainted. Its standard error goes to a file, not to a terminal.
- A server that cannot be started, or that dies, is a ToolError: the environment's fault, not the skill's.
  An error that it reports is an answer (exit code 1), and so is a call that takes too long (124).
- A name is mcp__<server>__<tool>, so it is never that of a built-in tool.

The SDK is asynchronous: one event loop in a thread of its own is the bridge, and it is nowhere else.
"""

import logging
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memento.act.clean import clean
from memento.act.tools.mcp_tool import McpTool, full_name
from memento.errors import ToolError
from memento.protocols import Tool
from memento.sandbox.folders import scratch

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal
    from mcp import Client

INSTALL = "connected tools need the MCP SDK: pip install 'memento-skills[mcp]'."
START_S = 30.0
"""To start, to agree on a protocol and to list the tools; a package may have to be fetched first."""
CALL_S = 120.0
MOST_TOOLS = 500


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server as the settings name it: a program, or the address of one that runs already."""

    name: str
    command: str = ""
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: str = ""
    token: str = field(default="", repr=False)
    """Sent to `url` as a bearer token."""
    call_s: float = CALL_S
    start_s: float = START_S


@contextmanager
def connected(servers: Sequence[Server]) -> Iterator[Sequence[Tool]]:
    """The tools of all `servers`, in their order. ToolError when one of them cannot be connected to."""
    if not servers:
        yield ()
        return
    try:
        from anyio.from_thread import start_blocking_portal
    except ModuleNotFoundError as error:
        raise ToolError(INSTALL) from error
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        portal = stack.enter_context(start_blocking_portal())
        yield [tool for server in servers for tool in _tools(stack, portal, server, folder)]


def _tools(stack: ExitStack, portal: "BlockingPortal", server: Server, folder: Path) -> list[Tool]:
    place = folder / server.name
    place.mkdir()
    # A file of its own descriptor: the server's shares its position, and reading would move that.
    said = folder / f"{server.name}.err"
    client = _entered(stack, portal, server, place, said)
    tools: list[Tool] = []
    names: set[str] = set()
    try:
        listed = portal.call(_listed, client)
    except _accidents() as error:
        raise ToolError(_complaint(server, "does not list its tools", error, said)) from error
    for tool in listed[:MOST_TOOLS]:
        if (name := full_name(server.name, tool.name)) in names:
            continue  # two of its names differ only in characters that no model may use; the first one stays
        names.add(name)
        tools.append(
            McpTool(
                name=name,
                description=tool.description or tool.title or "",
                parameters=tool.input_schema,
                call=_caller(portal, client, tool.name, server, said),
            )
        )
    return tools


def _entered(stack: ExitStack, portal: "BlockingPortal", server: Server, place: Path, said: Path) -> "Client":
    """The client, connected, and disconnected with `stack`."""
    try:
        from mcp import Client  # noqa: F401 (whether it is there)
    except ModuleNotFoundError as error:
        raise ToolError(INSTALL) from error
    # It would print what a server said that is no message, escapes and all, to the terminal.
    logging.getLogger("mcp").addHandler(logging.NullHandler())
    connection = portal.wrap_async_context_manager(_connection(server, place, said))
    failure: BaseException | None = None
    try:
        client = connection.__enter__()
    except* _accidents() as group:
        failure = group
    if failure is not None:
        raise ToolError(_complaint(server, "cannot be started", failure, said)) from failure
    stack.callback(_leave, connection)
    return client


def _leave(connection: "AbstractContextManager[Client]") -> None:
    # Never with the exception that ends the attempt: the SDK would wrap it in a group of its own.
    try:
        connection.__exit__(None, None, None)
    except* _accidents():
        pass  # it was dead before, and that was said when it died


@asynccontextmanager
async def _connection(server: Server, place: Path, said: Path) -> "AsyncIterator[Client]":
    import anyio
    import httpx2
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    with anyio.fail_after(server.start_s) as patience, said.open("w", encoding="utf-8") as errors:
        async with httpx2.AsyncClient(headers=headers, timeout=server.call_s) as http:
            if server.url:
                transport = streamable_http_client(server.url, http_client=http)
            else:
                parameters = StdioServerParameters(
                    command=server.command,
                    args=list(server.arguments),
                    env=dict(server.environment),
                    cwd=place,
                )
                transport = stdio_client(parameters, errlog=errors)
            async with Client(transport, read_timeout_seconds=server.call_s) as client:
                patience.deadline = math.inf
                yield client


async def _listed(client: "Client") -> list[Any]:
    tools: list[Any] = []
    cursor: str | None = None
    while len(tools) < MOST_TOOLS:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return tools


def _caller(portal: "BlockingPortal", client: "Client", tool: str, server: Server, said: Path) -> Any:
    def call(arguments: Mapping[str, Any]) -> Any:
        """The SDK's result; None when it took too long. ToolError when the server is gone."""
        from mcp import MCPError
        from mcp_types import REQUEST_TIMEOUT

        try:
            return portal.call(client.call_tool, tool, dict(arguments))
        except MCPError as error:
            if error.code == REQUEST_TIMEOUT:
                return None
            raise ToolError(_complaint(server, f"failed at {tool}", error, said)) from error
        except _accidents() as error:
            raise ToolError(_complaint(server, f"failed at {tool}", error, said)) from error

    return call


def _accidents() -> tuple[type[Exception], ...]:
    """What the SDK and the transports below it raise when a server is not there or goes away."""
    import anyio
    import httpx2
    from mcp import MCPError

    gone = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream)
    return (OSError, MCPError, httpx2.HTTPError, httpx2.InvalidURL, *gone)


def _complaint(server: Server, what: str, error: BaseException, said: Path) -> str:
    heard_at_last = said.read_bytes()[-2000:].decode("utf-8", "replace") if said.exists() else ""
    last = clean(heard_at_last).strip().splitlines()[-1:]
    reason = re.sub(r"\s+", " ", clean(_innermost(error, server))).strip()
    where = f"[mcp.servers.{server.name}] in memento.toml"
    heard = f" It said last: {last[0][:300].strip().rstrip('.')}." if last else ""
    return f'the MCP server "{server.name}" {what}: {reason or "no reason was given"}.{heard} See {where}.'


def _innermost(error: BaseException, server: Server) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"no answer within {server.start_s:g} s" if type(error) is TimeoutError else str(error)
