"""Docker: one container per session, kept warm; each command is an exec in it.

Covered
- files: the image's, read-only; /workspace, the mounts (read-only) and a /tmp in memory; nothing of the host
- environment: ours only, also where the image sets more
- processes: the container's own, never root; none survives its command
- network: none
- kernel: no capabilities, no new privileges, our system call filter (old engines' own lets io_uring and
  ptrace through), the paths that Docker masks
- resources: wall clock and CPU time, processes, memory, file size, open files, output, disk
Not covered
- holes in the kernel or in the engine: both are shared with the host
- side channels: timing, load, the clock
- a remote engine: /workspace and the mounts are folders of the engine's own host
- the disk is watched, not reserved, as with bubblewrap

The container runs as you, or as user 65534 when you are root; then /workspace belongs to that user while the
session lasts. Containers are labelled memento=1; those of a killed Memento are removed by the next one.
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, cast

from memento.errors import SandboxError
from memento.protocols import Completed, Limits, Mount
from memento.sandbox import folders, interpreter, probe
from memento.sandbox.container import LABEL, NOBODY, OUR_PROCESSES, OWNER, confinement, environment, knock
from memento.sandbox.exec import Exec
from memento.sandbox.mounts import checked, workspace_of
from memento.sandbox.prologue import KILLED, Command, run, wrap
from memento.sandbox.watch import DiskWatch

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


CONFIRMATIONS = 30
"""Looks at the container, a twentieth of a second apart, before its death is ruled out."""

# Process 1 is out of reach of signals from inside, collects orphans, and outlives `kill -9 -1`.
KEEPER = 'while :; do sleep 3600 & wait "$!"; done'

FIND_PYTHON = 'readlink -f "$(command -v python3)"'


@dataclass(frozen=True, kw_only=True)
class Docker:
    """The sandbox for hosts with a Docker engine of their own."""

    client: "DockerClient"
    image: str | None = None
    """None: the image of the Dockerfile beside this module, built when it is not there."""
    scratch: Path | None = None
    name: str = field(default="docker", init=False)

    @classmethod
    def connect(
        cls, environ: Mapping[str, str], *, image: str | None = None, scratch: Path | None = None
    ) -> "Docker":
        """Talk to the engine that `environ` names (DOCKER_HOST ...). SandboxError when none answers."""
        from docker import DockerClient
        from docker.errors import DockerException

        # An empty mapping would mean the process's own environment.
        environment = {"PATH": "", **environ}
        try:
            knock(environment)
            client = DockerClient.from_env(environment=environment, timeout=60)
            client.ping()
        except (DockerException, OSError) as error:
            raise SandboxError(
                f"the Docker engine does not answer ({error}). Start it, or point DOCKER_HOST at it."
            ) from error
        _sweep(client)
        return cls(client=client, image=image, scratch=scratch)

    def check(self) -> None:
        """Try to break out. SandboxError when it could, or when there is no usable image."""
        probe.check(self)

    @contextmanager
    def open(
        self,
        *,
        workspace: Path | None = None,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
    ) -> Iterator["DockerSession"]:
        """A session. SandboxError when a mount is not allowed or the engine refuses."""
        from docker.errors import DockerException

        with ExitStack() as stack:
            private = stack.enter_context(folders.scratch(self.scratch))
            work = workspace_of(workspace, private)
            stack.callback(folders.unlock, work)
            shown = _readable(checked(mounts), private / "mounts")
            _lend(stack, work)
            try:
                container = self._start(stack, private, work, shown, limits)
            except DockerException as error:
                raise SandboxError(f"Docker cannot start the sandbox: {error}. See `docker info`.") from error
            yield DockerSession(
                client=self.client,
                container=container,
                limits=limits,
                watch=DiskWatch(folder=work),
            )

    def _start(
        self, stack: ExitStack, private: Path, work: Path, mounts: Sequence[Mount], limits: Limits
    ) -> "Container":
        from docker.types import Mount as Bind

        image = self.image or built(self.client)
        venv = private / "python"
        venv.mkdir(mode=0o755)
        shown = [*interpreter.packages().mounts, *mounts, Mount(source=venv, target=interpreter.VENV)]
        binds = [Bind(m.target, str(m.source), type="bind", read_only=True) for m in shown]
        binds.append(Bind("/workspace", str(work), type="bind"))
        container = self.client.containers.create(image, ["-c", KEEPER], mounts=binds, **confinement(limits))
        stack.callback(container.remove, force=True, v=True)
        container.start()
        output = cast("bytes", container.exec_run(["/bin/sh", "-c", FIND_PYTHON]).output)
        found = output.decode("utf-8", "replace").strip()
        if not found.startswith("/"):
            raise SandboxError(f"there is no python3 in the image {image}; choose one that has it.")
        interpreter.write_environment(venv, found)
        return container


@dataclass(frozen=True, kw_only=True)
class DockerSession:
    """Commands run one at a time, because the end of each kills whatever runs in the container."""

    client: "DockerClient"
    container: "Container"
    limits: Limits
    watch: DiskWatch
    python: Sequence[str] = interpreter.PYTHON
    lock: threading.Lock = field(default_factory=threading.Lock)

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
        """Run `argv` to its end or its limits; SandboxError when the engine fails."""
        command, limits = Command(argv=argv, cwd=cwd, env=env), limits or self.limits
        return run(
            command,
            lambda: self._launch(command, stdin, limits),
            advice="The image needs sh, env and timeout.",
        )

    def _launch(self, command: Command, stdin: bytes, limits: Limits) -> Completed:
        from docker.errors import DockerException

        words = [f"{name}={value}" for name, value in (environment() | dict(command.env)).items()]
        inside = ["/usr/bin/env", "-i", *words, *wrap(command, limits, count=False)]
        with self.lock:
            self.watch.begin(limits.disk_mb)
            try:
                self._limit(limits)
                done = Exec(api=self.client.api, container=str(self.container.id)).run(
                    inside, stdin=stdin, limits=limits, exceeded=self.watch.exceeded
                )
                if done.exit_code == KILLED:
                    self._confirm()
                return done
            except DockerException as error:
                raise SandboxError(f"the Docker engine failed: {error}. See `docker info`.") from error

    def _confirm(self) -> None:
        """Commands cannot end the container's process 1. SandboxError when somebody outside has."""
        for _ in range(CONFIRMATIONS):
            self.container.reload()
            if self.container.status != "running":
                raise SandboxError(
                    "the container was ended from outside in the middle of a command; try again."
                )
            # The engine tells of the command's end first, of the container's a little later.
            time.sleep(0.05)

    def _limit(self, limits: Limits) -> None:
        """Bring the container's own limits to those of this command; the SDK's update knows no PidsLimit."""
        size = limits.memory_mb << 20
        api = self.client.api
        url = f"{api.base_url}/v{api.api_version}/containers/{self.container.id}/update"
        if limits != self.limits:
            data = {"Memory": size, "MemorySwap": size, "PidsLimit": limits.processes + OUR_PROCESSES}
            api.post(url, json=data).raise_for_status()


def _sweep(client: "DockerClient") -> None:
    """Remove containers whose Memento is dead; on other hosts that share the engine we cannot know."""
    from docker.errors import APIError

    for container in client.containers.list(all=True, filters={"label": LABEL}):
        host, _, pid = container.labels.get(OWNER, "").rpartition(":")
        if host == os.uname().nodename and not Path("/proc", pid).exists():
            try:
                container.remove(force=True, v=True)
            except APIError:
                continue  # another Memento removes it at this moment


def built(client: "DockerClient", *, arguments: Mapping[str, str] = {}, network: str | None = None) -> str:
    """The name of our own image, building it when the engine does not have it. SandboxError when it cannot.

    `arguments` are those of the Dockerfile beside this module, `network` is what its commands may use.
    """
    from docker.errors import APIError, BuildError, ImageNotFound

    recipe = resources.files("memento.sandbox").joinpath("Dockerfile").read_bytes()
    told = repr(sorted(arguments.items())).encode()
    tag = f"memento-sandbox:{hashlib.sha256(recipe + told).hexdigest()[:12]}"
    try:
        client.images.get(tag)
    except ImageNotFound:
        with folders.scratch() as context:
            (context / "Dockerfile").write_bytes(recipe)
            try:
                client.images.build(
                    path=str(context),
                    tag=tag,
                    rm=True,
                    forcerm=True,
                    buildargs=dict(arguments),
                    network_mode=network,
                )
            except (APIError, BuildError) as error:
                raise SandboxError(
                    f"the sandbox's Docker image cannot be built: {error}. It needs the network once; or "
                    "name an image that has python3, bash and coreutils: [sandbox] image in memento.toml."
                ) from error
    return tag


def _readable(mounts: Sequence[Mount], copies: Path) -> list[Mount]:
    """The mounts as the container's user can read them: copies when that user is not the caller."""
    if os.geteuid() != 0:
        return list(mounts)
    shown = []
    for number, mount in enumerate(mounts):
        place = copies / str(number)
        folders.copy_public(mount.source, place)
        shown.append(Mount(source=place, target=mount.target))
    return shown


def _lend(stack: ExitStack, work: Path) -> None:
    """Give `work` to the container's user when that is not the caller, and take it back at the end."""
    if os.geteuid() == 0:
        folders.chown(work, NOBODY)
        stack.callback(folders.chown, work, os.geteuid())
