"""The library as stages see it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from memento.types import Folder, Sha, Skill


class Snapshot(Protocol):
    """The library at one moment: a commit, or the files of a work tree. Read-only."""

    @property
    def commit(self) -> Sha | None:
        """None for a work tree."""

    def entries(self) -> Mapping[str, str]:
        """Every path with its git mode and object name ("100644 ab12..."), for custody."""

    def names(self) -> Sequence[str]:
        """Names of all usable skills, sorted."""

    def skill(self, name: str) -> Skill | None: ...

    def folder(self, name: str) -> Folder:
        """All files of the skill's folder; empty when there is no such skill."""

    def test(self, name: str) -> bytes | None:
        """The skill's test file."""

    def tips(self) -> str:
        """The tip memory, "" when there is none."""
