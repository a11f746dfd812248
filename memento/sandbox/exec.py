"""One command in a running container, over the engine's raw stream.

    exec:    wait for a line on standard input; kill what the last command left; run; kill again
    exec:    wait for a line on standard input; kill what the last command left; run; kill again

The line is sent when the HTTP answer has been read: output that came with it would be lost in the HTTP
client's buffer. A command that is stopped is killed by restarting the container: a second exec could not
start where a fork bomb took all processes. timeout(1) inside is for the case that we are killed.
Frames: https://docs.docker.com/reference/api/engine/ (attach to a container, stream format).
"""

import math
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from memento.errors import SandboxError
from memento.protocols import Completed, Limits
from memento.sandbox.prologue import MARK
from memento.sandbox.supervise import CHUNK, FLOOD, OVERFLOWED, TICK_S, TIMED_OUT, End

if TYPE_CHECKING:
    from docker.api.client import APIClient

KILL = "kill -s KILL -- -1 2>/dev/null"
"""All processes in the container but process 1 and the shell that says it."""

WRAPPER = f'read -r go; {KILL}; timeout -k 5 "$0" "$@"; code=$?; {KILL}; exit $code'

PATIENCE_S = 10.0
GRACE_S = 3


@dataclass(kw_only=True)
class _Frames:
    """Sorts a byte stream of frames into standard output and standard error, keeping `cap` bytes of each."""

    cap: int
    kept: dict[int, bytearray] = field(default_factory=lambda: {1: bytearray(), 2: bytearray()})
    seen: dict[int, int] = field(default_factory=lambda: {1: 0, 2: 0})
    header: bytes = b""
    stream: int = 0
    left: int = 0

    def feed(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            if not self.left:
                taken = 8 - len(self.header)
                self.header += bytes(view[:taken])
                view = view[taken:]
                if len(self.header) < 8:
                    return
                self.stream, self.left = struct.unpack(">BxxxL", self.header)
                self.header = b""
                continue
            part = view[: self.left]
            self.left -= len(part)
            view = view[len(part) :]
            self._keep(part)

    def _keep(self, part: memoryview) -> None:
        stream = 2 if self.stream == 2 else 1
        cap = self.cap + (len(MARK) if stream == 1 else 0)
        self.seen[stream] += len(part)
        self.kept[stream] += part[: max(0, cap - len(self.kept[stream]))]

    @property
    def cut(self) -> bool:
        return self.seen[1] > self.cap + len(MARK) or self.seen[2] > self.cap


@dataclass(frozen=True, kw_only=True)
class Exec:
    """Runs commands in `container`."""

    api: "APIClient"
    container: str
    clock: Callable[[], float] = time.monotonic

    def run(
        self, argv: Sequence[str], *, stdin: bytes, limits: Limits, exceeded: Callable[[], str | None]
    ) -> Completed:
        """Run `argv` to its end or its limits. docker.errors.DockerException when the engine fails."""
        began = self.clock()
        backstop = str(math.ceil(limits.wall_s) + GRACE_S)
        wrapped = ["/bin/sh", "-c", WRAPPER, backstop, *argv]
        created = self.api.exec_create(self.container, wrapped, stdin=True)["Id"]
        raw = self.api.exec_start(created, socket=True)
        # The SDK hands out a file object around the socket, which cannot be written to.
        connection = cast("socket.socket", getattr(raw, "_sock", raw))
        frames = _Frames(cap=limits.output_kb << 10)
        end = End(overflow="interrupted")
        try:
            connection.setblocking(False)
            end = self._pump(connection, frames, b"\n" + stdin, began + limits.wall_s, exceeded)
        finally:
            raw.close()
            connection.close()
            if end != End():
                self.restart()
        code = self._exit_code(created) if end == End() else TIMED_OUT if end.timed_out else OVERFLOWED
        note = f"\nkilled: {end.overflow}\n".encode() if end.overflow else b""
        return Completed(
            exit_code=code,
            stdout=bytes(frames.kept[1]),
            stderr=bytes(frames.kept[2]) + note,
            timed_out=end.timed_out,
            truncated=frames.cut,
            seconds=self.clock() - began,
        )

    def restart(self) -> None:
        """Kill every process of the container, and start its keeper again."""
        self.api.restart(self.container, timeout=0)

    def _pump(
        self,
        connection: socket.socket,
        frames: _Frames,
        data: bytes,
        deadline: float,
        exceeded: Callable[[], str | None],
    ) -> End:
        left = memoryview(data)
        poll = select.poll()
        poll.register(connection, select.POLLIN | select.POLLOUT)
        looked = self.clock()
        while (remaining := deadline - self.clock()) > 0:
            events = dict(poll.poll(1000 * min(remaining, TICK_S))).get(connection.fileno(), 0)
            if events & ~select.POLLOUT:
                received = _receive(connection)
                if received == b"":
                    return End()
                frames.feed(received or b"")
            if events & select.POLLOUT:
                left, more = _send(connection, left)
                if not more:
                    poll.modify(connection, select.POLLIN)
            if sum(frames.seen.values()) > FLOOD:
                return End(overflow=f"more than {FLOOD >> 20} MB of output")
            if self.clock() - looked >= TICK_S:
                looked = self.clock()
                if reason := exceeded():
                    return End(overflow=reason)
        return End(timed_out=True)

    def _exit_code(self, created: str) -> int:
        """The exec's exit code; the engine may need a moment after the stream has ended."""
        deadline = self.clock() + PATIENCE_S
        while self.clock() < deadline:
            state = self.api.exec_inspect(created)
            if not state["Running"] and state["ExitCode"] is not None:
                return int(state["ExitCode"])
            time.sleep(0.005)
        raise SandboxError("the Docker engine does not say how a command ended; restart the engine.")


def _receive(connection: socket.socket) -> bytes | None:
    """What has arrived, b"" at the end of the stream, None when nothing is there after all."""
    try:
        return connection.recv(CHUNK)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""


def _send(connection: socket.socket, left: memoryview) -> tuple[memoryview, bool]:
    """Send what fits; with nothing left, end the command's standard input."""
    try:
        left = left[connection.send(left[:CHUNK]) :]
        if not left:
            connection.shutdown(socket.SHUT_WR)
    except BlockingIOError:
        return left, True
    except (BrokenPipeError, ConnectionResetError):
        return left, False
    return left, bool(left)
