"""Runs one trusted launcher on the host and never lets it block, flood or outlive us.

Rules
- Both streams are drained to the end but only the first `Limits.output_kb` of each is kept; a command
  that writes more than FLOOD in all is killed. Standard input is fed without waiting for a reader.
- `wall_s` is counted here, outside; `Watch.exceeded` is asked every TICK_S while the command runs.
- A command that is killed has answered; a confinement that is killed is an accident.
- When the launcher has ended, for whatever reason, `Kill.all` removes what it left behind before the
  streams are read for the last time: a forgotten child that holds a pipe open cannot keep us.
"""

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memento.errors import SandboxError
from memento.protocols import Completed, Limits
from memento.sandbox.prologue import KILLED, WAS_KILLED

FLOOD = 64 << 20
"""Bytes of output after which a command is killed instead of drained."""

CHUNK = 1 << 16
TICK_S = 0.05

TIMED_OUT = 124
"""Exit code of a command that ran out of wall clock, as timeout(1) has it."""

OVERFLOWED = 137
"""Exit code of a command that was killed for what it wrote, as a shell reports SIGKILL."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What to start on the host. `env` is the whole environment."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    pass_fds: tuple[int, ...] = ()
    header: int = 0
    """Bytes of standard output that come before the command's own and do not count."""
    confined: bool = False
    """The command has a process 1 of its own, which says how it ended (`prologue.STAY`)."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a backend adds: called with the launcher's pid once, while it runs, and to kill all of it."""

    started: Callable[[int], None] = lambda _pid: None
    exceeded: Callable[[], str | None] = lambda: None
    """A sentence when the command used up something that only a look from outside shows."""
    kill: Callable[[int], None]
    """Kill everything the launcher started; called exactly once, also after a normal end."""


@dataclass(kw_only=True)
class _Stream:
    fd: int
    cap: int
    kept: bytearray = field(default_factory=bytearray)
    seen: int = 0

    def drain(self) -> bool:
        """Read what is there; False at the end of the stream."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return True
        self.seen += len(data)
        self.kept += data[: max(0, self.cap - len(self.kept))]
        return bool(data)

    def drain_rest(self) -> None:
        """Read what is buffered in the pipe; nobody who could write to it is left alive."""
        before = -1
        while self.seen != before:
            before = self.seen
            if not self.drain():
                return

    @property
    def cut(self) -> bool:
        return self.seen > self.cap


@dataclass(kw_only=True)
class _Feed:
    fd: int
    data: memoryview

    def push(self) -> bool:
        """Write what fits; False when there is nothing left or nobody reads."""
        try:
            self.data = self.data[os.write(self.fd, self.data[:CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        return bool(self.data)


@dataclass(frozen=True, kw_only=True)
class End:
    """How a command was stopped; neither means that it ended by itself."""

    timed_out: bool = False
    overflow: str | None = None


def supervise(
    launch: Launch,
    *,
    stdin: bytes,
    limits: Limits,
    hooks: Hooks,
    clock: Callable[[], float] = time.monotonic,
) -> Completed:
    """Run `launch` to its end or its limits. OSError when it cannot be started at all.

    SandboxError when the confinement, which the command cannot reach, was ended from outside.
    """
    began = clock()
    process = subprocess.Popen(
        launch.argv,
        # Never the host's /dev/null: its owner, who the sandboxed user may be, could fchmod it.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=launch.env,
        cwd=launch.cwd,
        pass_fds=launch.pass_fds,
        start_new_session=True,
        bufsize=0,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        cap = limits.output_kb << 10
        streams = [
            _Stream(fd=process.stdout.fileno(), cap=cap + launch.header),
            _Stream(fd=process.stderr.fileno(), cap=cap),
        ]
        feed = _Feed(fd=process.stdin.fileno(), data=memoryview(stdin))
        end = End(overflow="interrupted")
        try:
            hooks.started(process.pid)
            end = _pump(process, streams, feed, deadline=began + limits.wall_s, hooks=hooks, clock=clock)
        finally:
            hooks.kill(process.pid)
            code = process.wait()
        for stream in streams:
            stream.drain_rest()
    if launch.confined:
        code = _said_by_process_1(code, end)
    out, err = streams
    return Completed(
        exit_code=_exit_code(code, end),
        stdout=bytes(out.kept),
        stderr=bytes(err.kept) + (f"\nkilled: {end.overflow}\n".encode() if end.overflow else b""),
        timed_out=end.timed_out,
        truncated=out.cut or err.cut,
        seconds=clock() - began,
    )


def _said_by_process_1(code: int, end: End) -> int:
    """The command's own exit code. SandboxError when process 1, or who started it, did not end by itself."""
    if end == End() and (code < 0 or code == KILLED):
        raise SandboxError(
            "the sandbox was ended from outside in the middle of a command. The kernel's log tells of a lack "
            "of memory; otherwise look for who kills processes here, and try again."
        )
    return KILLED if code == WAS_KILLED else code


def _exit_code(code: int, end: End) -> int:
    if end.timed_out:
        return TIMED_OUT
    if end.overflow:
        return OVERFLOWED
    return code if code >= 0 else 128 - code


def _pump(
    process: "subprocess.Popen[bytes]",
    streams: list[_Stream],
    feed: _Feed,
    *,
    deadline: float,
    hooks: Hooks,
    clock: Callable[[], float],
) -> End:
    """Move bytes until the launcher ends, the deadline passes or something overflows."""
    pidfd = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(pidfd, selectors.EVENT_READ)
            for stream in streams:
                os.set_blocking(stream.fd, False)
                selector.register(stream.fd, selectors.EVENT_READ, stream.drain)
            os.set_blocking(feed.fd, False)
            selector.register(feed.fd, selectors.EVENT_WRITE, feed.push)
            looked = clock()
            while (left := deadline - clock()) > 0:
                for key, _ in selector.select(min(left, TICK_S)):
                    if key.fd == pidfd:
                        return End()
                    if not key.data():
                        selector.unregister(key.fd)
                        _close_feed(process, key.fd)
                if sum(stream.seen for stream in streams) > FLOOD:
                    return End(overflow=f"more than {FLOOD >> 20} MB of output")
                if clock() - looked >= TICK_S:
                    looked = clock()
                    if reason := hooks.exceeded():
                        return End(overflow=reason)
            return End(timed_out=True)
    finally:
        os.close(pidfd)


def _close_feed(process: "subprocess.Popen[bytes]", fd: int) -> None:
    """Let the reader of standard input see its end."""
    if process.stdin and not process.stdin.closed and process.stdin.fileno() == fd:
        process.stdin.close()
