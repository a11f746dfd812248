"""Bubblewrap: each command in namespaces of its own, in a file system made of what we name.

Covered
- files: only /usr (read-only), a /etc of a few lines, the mounts (read-only) and /workspace exist; nothing of
  the home folder, /tmp, /var, /run or any socket of the host
- environment: ours only; bwrap itself is started with an empty one, because /proc/1/environ shows it
- processes: none of the host's can be seen, signalled or traced; none survives its command
- network: an empty network namespace, and socket() makes AF_UNIX sockets only
- kernel: no capabilities, no new namespaces, a system call filter (seccomp.py), no set-user-id, /proc
  read-only and without the files that only its owner, who may be root, could read or write
- resources: wall clock and CPU time, processes, memory, file size, open files, output, disk
Not covered
- holes in the kernel itself: it is shared with the host
- side channels: timing, load, the clock, /proc/meminfo, the processor's caches
- what lies below /usr can be read; secrets do not belong there
- without a control group of our own (an ordinary user, usually) memory is bound per process, not in all;
  root without one is refused, because RLIMIT_NPROC does not bind root
- the disk is watched, not reserved: /workspace can be overrun by what is written in a twentieth of a second

Only /workspace lasts from one command of a session to the next; /tmp is empty at each.
"""

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from memento.errors import SandboxError
from memento.protocols import Completed, Limits, Mount
from memento.sandbox import cgroup, folders, interpreter, probe, seccomp
from memento.sandbox.layout import layout, moment
from memento.sandbox.mounts import checked, workspace_of
from memento.sandbox.namespace import Namespace, sealed
from memento.sandbox.prologue import MARK, Command, run, wrap
from memento.sandbox.supervise import Hooks, Launch, supervise
from memento.sandbox.watch import DiskWatch

INSTALL = (
    "Install it with `apt install bubblewrap` (0.8 or newer), start Docker, or give --sandbox host by hand."
)

# Joining the control groups must come before bwrap forks, and /bin/sh does it ten times as fast as Python.
JOIN = 'for f in $1; do echo 0 >"$f" || exit 1; done; shift; exec "$@"'


@dataclass(frozen=True, kw_only=True)
class Bubblewrap:
    """The sandbox for Linux hosts that let us make user namespaces."""

    program: Path = Path("/usr/bin/bwrap")
    scratch: Path | None = None
    """Where sessions keep their folders; None is the system's temporary folder."""
    groups: Callable[[], AbstractContextManager[cgroup.Group | None]] = cgroup.group
    name: str = field(default="bubblewrap", init=False)

    def check(self) -> None:
        """Try to break out. SandboxError when it could, or when bubblewrap does not work here."""
        probe.check(self)

    @contextmanager
    def open(
        self,
        *,
        workspace: Path | None = None,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
    ) -> Iterator["BubblewrapSession"]:
        """A session. SandboxError when a mount is not allowed or bubblewrap is not to be had."""
        if not self.program.exists():
            raise SandboxError(f"there is no bubblewrap at {self.program}. {INSTALL}")
        with ExitStack() as stack:
            private = stack.enter_context(folders.scratch(self.scratch))
            group = stack.enter_context(self.groups())
            if group is None and os.geteuid() == 0:
                raise SandboxError(
                    "bubblewrap as root needs a control group with pids and memory, because process limits "
                    "do not bind root, and none can be made here. Run as an ordinary user, or start Docker."
                )
            work = workspace_of(workspace, private)
            stack.callback(folders.unlock, work)
            yield BubblewrapSession(
                program=self.program,
                layout=layout(private, work, checked(mounts)),
                private=private,
                limits=limits,
                group=group,
                watch=DiskWatch(folder=work),
            )


@dataclass(frozen=True, kw_only=True)
class BubblewrapSession:
    """Each `run` is a fresh set of namespaces over the same /workspace."""

    program: Path
    layout: Sequence[str]
    private: Path
    limits: Limits
    group: cgroup.Group | None
    watch: DiskWatch
    python: Sequence[str] = interpreter.PYTHON

    def path(self, target: str) -> str:
        return target

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        cwd: str = "/workspace",
        env: Mapping[str, str] = {},
        limits: Limits | None = None,
    ) -> Completed:
        """Run `argv` to its end or its limits; SandboxError when the confinement itself broke."""
        command, limits = Command(argv=argv, cwd=cwd, env=env), limits or self.limits
        return run(
            command,
            lambda: self._launch(command, stdin, limits),
            advice="Allow unprivileged user namespaces, or start Docker.",
        )

    def _launch(self, command: Command, stdin: bytes, limits: Limits) -> Completed:
        self.watch.begin(limits.disk_mb)
        if self.group:
            self.group.limit(limits)
        options = [*self.layout, *moment(command.env, limits)]
        with ExitStack() as stack:
            arguments = sealed(stack, "\0".join(options).encode("utf-8", "surrogateescape"))
            rules = sealed(stack, seccomp.program(platform.machine()))
            namespace = stack.enter_context(Namespace.announced())
            fds = ["--args", str(arguments), "--seccomp", str(rules), "--info-fd", str(namespace.inside)]
            wrapped = wrap(command, limits, count=self.group is None, first=True)
            argv = [str(self.program), *fds, "--", *wrapped]
            if self.group:
                argv = ["/bin/sh", "-c", JOIN, "sh", " ".join(self.group.entrances), *argv]
            fds_in = (arguments, rules, namespace.inside)
            return supervise(
                Launch(argv=argv, env={}, cwd=self.private, pass_fds=fds_in, header=len(MARK), confined=True),
                stdin=stdin,
                limits=limits,
                hooks=Hooks(started=namespace.find, exceeded=self.watch.exceeded, kill=namespace.kill),
            )
