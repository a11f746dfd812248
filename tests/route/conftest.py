"""Libraries in memory: the seam that a router reads, with a count of what it read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from memento.types import Folder, Sha, Skill


@dataclass(kw_only=True)
class Library:
    """Skills at a commit; `listed` counts how often they were enumerated."""

    commit: Sha | None
    held: dict[str, Skill] = field(default_factory=dict)
    tests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, str] = field(default_factory=dict)
    listed: int = 0

    def entries(self) -> Mapping[str, str]:
        return self.blobs

    def names(self) -> Sequence[str]:
        self.listed += 1
        return sorted(self.held)

    def skill(self, name: str) -> Skill | None:
        return self.held.get(name)

    def folder(self, name: str) -> Folder:
        return {}

    def test(self, name: str) -> bytes | None:
        return self.tests.get(name)

    def tips(self) -> str:
        return ""


MakeLibrary = Callable[..., Library]


@pytest.fixture
def make_library() -> MakeLibrary:
    """make_library(("name", "description", "body"), ..., commit="c1") -> Library."""

    def make(*skills: tuple[str, str, str], commit: str | None = "c1") -> Library:
        held = {name: Skill(name=name, description=about, body=body) for name, about, body in skills}
        return Library(commit=Sha(commit) if commit else None, held=held)

    return make


@pytest.fixture
def workshop(make_library) -> Library:
    """Four skills that share no word in their heads."""
    return make_library(
        ("tide-tables", "Predict high and low water at a harbour.", "Look at the moon phase first."),
        ("bread-baking", "Bake sourdough loaves.", "Knead, rest, fold. Weigh flour and salt."),
        ("chess-openings", "Explain an opening and its traps.", "Start from the pawn structure."),
        ("translation", "Übersetze Briefe; 翻译信件。", "Keep names."),
    )
