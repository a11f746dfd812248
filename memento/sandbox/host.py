"""The host itself: for code that somebody trusts, and only when named by hand.

Covered
- accidents: a command that runs on, forks on or writes on is killed with its process group
- resources: wall clock and CPU time, memory and file size per process, open files, output, disk
- environment: ours only, with a private HOME
- mounts are copies: what a command does to them does not reach their source
Not covered
- everything else. Commands run as you: they read and write whatever you can, use the network, see and
  signal your processes, and a child that leaves its process group survives

There is no /workspace here and no place for a mount: ask `session.path` how to name them.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from memento.protocols import Completed, Limits, Mount
from memento.sandbox import folders, interpreter
from memento.sandbox.mounts import checked, workspace_of
from memento.sandbox.prologue import MARK, Command, run, wrap
from memento.sandbox.supervise import Hooks, Launch, supervise
from memento.sandbox.watch import DiskWatch


@dataclass(frozen=True, kw_only=True)
class Host:
    """No sandbox, behind the same seam."""

    scratch: Path | None = None
    """Where sessions keep their folders; None is the system's temporary folder."""
    name: str = field(default="host", init=False)

    def check(self) -> None:
        """Nothing to try: the host confines nothing, and whoever named it by hand was told so."""

    @contextmanager
    def open(
        self,
        *,
        workspace: Path | None = None,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
    ) -> Iterator["HostSession"]:
        """A session; SandboxError when a mount is not allowed, as in a real sandbox."""
        allowed = checked(mounts)
        with folders.scratch(self.scratch) as private:
            work = workspace_of(workspace, private)
            places = {"/workspace": work, "/tmp": private / "tmp"}  # noqa: S108 - the sandbox's own
            places["/tmp"].mkdir()  # noqa: S108
            for mount in allowed:
                place = private / "mounts" / mount.target.lstrip("/")
                shutil.copytree(mount.source, place, symlinks=True)
                places[mount.target] = place
            (private / "bin").mkdir()
            (private / "bin" / "python3").symlink_to(sys.executable)
            try:
                yield HostSession(
                    private=private,
                    places=places,
                    limits=limits,
                    watch=DiskWatch(folder=work),
                )
            finally:
                folders.unlock(work)


@dataclass(frozen=True, kw_only=True)
class HostSession:
    """A folder of its own and a process group per command."""

    private: Path
    places: Mapping[str, Path]
    limits: Limits
    watch: DiskWatch
    python: Sequence[str] = (sys.executable, "-I", "-B")

    def path(self, target: str) -> str:
        """Where `target` really lies; a path outside /workspace, /tmp and the mounts is itself."""
        for place, folder in self.places.items():
            if target == place or target.startswith(f"{place}/"):
                return str(folder) + target[len(place) :]
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
        """Run `argv` to its end or its limits."""
        command, limits = Command(argv=argv, cwd=self.path(cwd), env=env), limits or self.limits
        return run(
            command, lambda: self._launch(command, stdin, limits), advice="Install a POSIX shell at /bin/sh."
        )

    def _launch(self, command: Command, stdin: bytes, limits: Limits) -> Completed:
        self.watch.begin(limits.disk_mb)
        return supervise(
            # Processes are not counted: RLIMIT_NPROC would count all that the user runs.
            Launch(
                argv=wrap(command, limits, count=False),
                env=self._environment(command.env),
                cwd=self.private,
                header=len(MARK),
            ),
            stdin=stdin,
            limits=limits,
            hooks=Hooks(exceeded=self.watch.exceeded, kill=_kill_group),
        )

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        temporary = self.path("/tmp")  # noqa: S108 - the sandbox's own
        ours = {"HOME": temporary, "TMPDIR": temporary, "PATH": f"{self.private}/bin:{interpreter.PATH}"}
        return interpreter.environment() | ours | dict(env)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return  # cannot be while the leader is not waited for, except on kernels that reap early
