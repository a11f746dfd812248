"""A library made of values, for tests of whatever reads a Snapshot."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from memento.skill import parse
from memento.types import File, Folder, Sha, Skill


@dataclass(frozen=True, kw_only=True)
class MemorySnapshot:
    """Implements `memento.protocols.Snapshot` over folders in memory."""

    skills: Mapping[str, Folder] = field(default_factory=dict)
    tests: Mapping[str, bytes] = field(default_factory=dict)
    tip_text: str = ""
    modes: Mapping[str, str] = field(default_factory=dict)
    """Git modes of paths that are not plain files."""
    commit: Sha | None = None

    def entries(self) -> Mapping[str, str]:
        files = {f"skills/{s}/{name}": f for s, folder in self.skills.items() for name, f in folder.items()}
        files |= {f"skill_tests/test_{s.replace('-', '_')}.py": File(data=t) for s, t in self.tests.items()}
        return {
            path: f"{self.modes.get(path, '100755' if f.executable else '100644')} {_object_name(f.data)}"
            for path, f in sorted(files.items())
        }

    def names(self) -> Sequence[str]:
        return sorted(name for name in self.skills if self.skill(name) is not None)

    def skill(self, name: str) -> Skill | None:
        document = self.skills.get(name, {}).get("SKILL.md")
        return parse(document.data, folder=name).skill if document else None

    def folder(self, name: str) -> Folder:
        return self.skills.get(name, {})

    def test(self, name: str) -> bytes | None:
        return self.tests.get(name)

    def tips(self) -> str:
        return self.tip_text


def _object_name(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
