"""The end of everything in a process namespace, seen from outside.

bwrap announces which process of the host is number 1 of the namespace that it made. The kernel kills the
namespace when that process dies, and a pidfd of it becomes readable only when that is done: waiting for
it is waiting until nothing is left.
"""

import json
import os
import select
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from memento.errors import SandboxError

PATIENCE_S = 10.0
"""For bwrap to announce itself, and for the kernel to finish killing."""


@dataclass(kw_only=True)
class Namespace:
    """One command's namespace, from the pipe on which it will be announced to its end."""

    outside: int
    inside: int
    """The pipe's end for bwrap's --info-fd."""
    first: int | None = None
    """A pidfd of its process 1."""

    @classmethod
    @contextmanager
    def announced(cls) -> Iterator["Namespace"]:
        """A namespace that a launcher is going to make."""
        outside, inside = os.pipe()
        made = cls(outside=outside, inside=inside)
        try:
            yield made
        finally:
            os.close(outside)
            for fd in (made.inside, made.first):
                if fd is not None and fd >= 0:
                    os.close(fd)

    def find(self, _launcher: int) -> None:
        """Wait for the announcement; none comes when the launcher failed before it made a namespace."""
        os.close(self.inside)
        self.inside = -1
        text = b""
        while not text.rstrip().endswith(b"}") and _readable(self.outside):
            data = os.read(self.outside, 4096)
            if not data:
                return
            text += data
        if not text:
            return
        try:
            self.first = os.pidfd_open(json.loads(text)["child-pid"])
        except ProcessLookupError:
            return  # it has ended already, and everything with it

    def kill(self, launcher: int) -> None:
        """Kill the launcher and the namespace; SandboxError when something survives."""
        if self.first is not None:
            self._kill_namespace(self.first)
            # The launcher then ends by itself; killed before, it would leave process 1 to somebody else.
            _ended(launcher)
        # Not yet waited for, so the number cannot belong to anybody else.
        os.kill(launcher, signal.SIGKILL)

    def _kill_namespace(self, first: int) -> None:
        try:
            signal.pidfd_send_signal(first, signal.SIGKILL)
        except ProcessLookupError:
            return
        if not _readable(first):
            raise SandboxError("a sandboxed process cannot be killed; the kernel or its disk hangs.")


def _ended(pid: int) -> bool:
    fd = os.pidfd_open(pid)
    try:
        return _readable(fd)
    finally:
        os.close(fd)


def _readable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(PATIENCE_S * 1000))


def sealed(stack: ExitStack, data: bytes) -> int:
    """A descriptor to read `data` from, closed with `stack`."""
    fd = os.memfd_create("memento")
    stack.callback(os.close, fd)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
