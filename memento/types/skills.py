"""A skill as git has it: files, folders, versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NewType

Sha = NewType("Sha", str)
"""A full git object name (40 hex digits, 64 in a SHA-256 repository)."""

BYTES_AS_BASE64: dict[str, Any] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}
"""pydantic's default writes bytes as UTF-8, which files need not be."""

FileName = str
"""A POSIX path, relative to the folder it is a file of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file's bytes and whether git marks it executable."""

    __pydantic_config__: ClassVar[dict[str, Any]] = BYTES_AS_BASE64

    data: bytes
    executable: bool = False


Folder = Mapping[FileName, File]
"""A skill's folder: SKILL.md and whatever lies beside it, by relative POSIX path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skill:
    """One version of one skill, as its SKILL.md states it (Agent Skills specification)."""

    name: str
    description: str
    body: str
    version: str = "0.0.0"
    license: str | None = None
    compatibility: str | None = None
    allowed_tools: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    tree: Sha | None = None
    """The git tree of the skill's folder; it names this version in the journal."""


class ChangeKind(StrEnum):
    """Why a change is proposed; the landing bumps the version accordingly."""

    CREATE = "create"
    OPTIMISE = "optimise"
    DISCOVER = "discover"
    ROLLBACK = "rollback"
    EDIT = "edit"
    RETIRE = "retire"
    """The skill goes: its folder is empty in the rewrite, and its test file goes with it."""


def test_path(skill: str) -> str:
    """Where a skill's tests are in a library; a hyphen cannot stand in a module's name."""
    return f"skill_tests/test_{skill.replace('-', '_')}.py"


test_path.__test__ = False  # type: ignore[attr-defined]  # pytest would collect a function of this name
