"""A real bubblewrap sandbox, and a library that is a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from memento.protocols import Sandbox
from memento.sandbox.bubblewrap import Bubblewrap
from memento.types import File, Skill
from tests.sandbox.conftest import sandbox_named


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A Snapshot of given folders."""

    folders: Mapping[str, Mapping[str, File]] = field(default_factory=dict)
    commit: str | None = None

    def names(self):
        return sorted(self.folders)

    def skill(self, name):
        return Skill(name=name, description="", body="") if name in self.folders else None

    def folder(self, name):
        return self.folders.get(name, {})

    def test(self, name):
        return None

    def tips(self):
        return ""


@pytest.fixture
def sandbox():
    return Bubblewrap()


@pytest.fixture(scope="module", params=["bubblewrap", "docker"])
def any_backend(request) -> Sandbox:
    return sandbox_named(request.param)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def session(sandbox, workspace):
    with sandbox.open(workspace=workspace) as session:
        yield session


@pytest.fixture
def shelf():
    return Shelf
