"""Model servers on this machine, found by asking 127.0.0.1 at the ports they usually have.

Found servers are shown and never used unless they are chosen: whatever listens there may be anybody's.
A look costs at most `seconds` in all, and sends nothing but GET /v1/models.
"""

import json
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

USUAL = {11434: "Ollama", 1234: "LM Studio", 8080: "llama.cpp", 8000: "vLLM"}
"""Ports by the server that has them as its default."""

SECONDS = 0.3
MOST_BYTES = 1_000_000
MOST_MODELS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalServer:
    """A server that lists models; `models` may be empty when none is loaded."""

    base_url: str
    usual: str
    """What usually has this port; what really listens is not known."""
    models: tuple[str, ...]


def look(
    ports: Sequence[int], *, clock: Callable[[], float], seconds: float = SECONDS
) -> tuple[LocalServer, ...]:
    """The servers that answer, in the order of `ports`; what answers anything else is left out."""
    if not ports:
        return ()
    end = clock() + seconds
    with ThreadPoolExecutor(max_workers=len(ports)) as pool:
        found = pool.map(lambda port: _look(port, clock, end), ports)
        return tuple(server for server in found if server is not None)


def _look(port: int, clock: Callable[[], float], end: float) -> LocalServer | None:
    try:
        models = _models(_get(port, clock, end))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    usual = USUAL.get(port, "a server")
    return LocalServer(base_url=f"http://127.0.0.1:{port}/v1", usual=usual, models=models)


def _get(port: int, clock: Callable[[], float], end: float) -> bytes:
    """The body of the answer. HTTP/1.0, so that it ends where the connection ends."""
    left = end - clock()
    with socket.create_connection(("127.0.0.1", port), timeout=max(left, 0.001)) as connection:
        connection.sendall(
            f"GET /v1/models HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n\r\n".encode()
        )
        data = b""
        while len(data) < MOST_BYTES:
            left = end - clock()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            part = connection.recv(65536)
            if not part:
                break
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise ValueError("no list of models")
    return body


def _models(body: bytes) -> tuple[str, ...]:
    listed = json.loads(body)["data"] or []  # Ollama says null when it has none
    names = [str(model["id"]) for model in listed]
    return tuple(names[:MOST_MODELS])
