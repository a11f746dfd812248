"""Places where untrusted commands run."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one sandboxed command may use."""

    wall_s: float = 30.0
    cpu_s: int = 30
    memory_mb: int = 512
    processes: int = 64
    file_mb: int = 64
    """One file, and all of /tmp."""
    disk_mb: int = 512
    """All of /workspace; a command that grows it further is killed."""
    output_kb: int = 256
    """Per stream; more is cut and said so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A host folder seen read-only inside the sandbox at an absolute, neutral path."""

    source: Path
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """How a sandboxed command ended; a non-zero exit or a timeout is an answer, not an accident."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    truncated: bool = False
    seconds: float = 0.0


class SandboxSession(Protocol):
    """A confined place that lives as long as one task or one test run."""

    @property
    def python(self) -> Sequence[str]:
        """argv of an isolated Python (-I) inside that can import memento.testing and pytest."""

    def path(self, target: str) -> str:
        """How commands name `target`, a path below /workspace or a mount: as it is, except on the host."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        cwd: str = "/workspace",
        env: Mapping[str, str] = {},
        limits: Limits | None = None,
    ) -> Completed:
        """Run `argv` to its end. /workspace outlives a command; /tmp and processes may not."""


class Sandbox(Protocol):
    """Runs untrusted commands. What each backend covers and does not cover is in its docstring."""

    @property
    def name(self) -> str:
        """ "bubblewrap", "docker" or "host"; part of every cached gate verdict's key."""

    def check(self) -> None:
        """Try to break out, cheaply. Raises SandboxError, with the way to get a sandbox, when it could."""

    def open(
        self,
        *,
        workspace: Path | None = None,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
    ) -> AbstractContextManager[SandboxSession]:
        """A session whose /workspace is `workspace` (read-write; a private empty folder when None) and whose
        other visible folders are `mounts`, read-only. No network, no environment, no secrets.
        """
