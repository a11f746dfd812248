"""A sandbox that is chosen, and proven by trying to break out, when something is first to be run.

A gate that answers everything from what it knows runs nothing, and need not wait for the proof.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

from memento.protocols import Limits, Mount, Sandbox, SandboxSession

_CHOOSING = Lock()


@dataclass(frozen=True, kw_only=True)
class LazySandbox:
    """Implements `memento.protocols.Sandbox`. `name` is what was asked for: "auto" is any that holds."""

    name: str
    choose: Callable[[], Sandbox]

    def check(self) -> None:
        """Raises SandboxError when there is none."""
        self._chosen  # noqa: B018 (choosing checks)

    def open(
        self, *, workspace: Path | None = None, mounts: Sequence[Mount] = (), limits: Limits = Limits()
    ) -> AbstractContextManager[SandboxSession]:
        with _CHOOSING:
            chosen = self._chosen
        return chosen.open(workspace=workspace, mounts=mounts, limits=limits)

    @cached_property
    def _chosen(self) -> Sandbox:
        return self.choose()
