"""Arms: the libraries that one dataset is run against.

    library       the library at a commit
    no skills     the model alone, with the same tools
    starter       the five starter skills, as `memento init` lays them, never changed
    read-write    starter skills whose utility and tips were learned from the train split, and whose text
                  never was: the loop without rewriting

An arm is a snapshot and its name in the records. What is measured of a library is its commit: the
record of this machine's journal (utility, remembered requests) plays no part, so that a result can be
repeated elsewhere. Only read-write has a journal of its own, because that is all it learns.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from memento.protocols import Snapshot
from memento.testing.snapshots import MemorySnapshot
from memento.types import File, Folder, Sha

LIBRARY, NO_SKILLS, STARTER, READ_WRITE = "library", "no skills", "starter", "read-write"
CURVE = "after "
"""How the names of the library's earlier commits begin; they are a curve, not controls."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One library under test."""

    name: str
    label: str
    """What the records call the library: a commit, or a name and a digest."""
    snapshot: Snapshot

    @property
    def is_commit(self) -> bool:
        """Whether it is the library at one of its commits."""
        return self.label == self.snapshot.commit and self.name not in (NO_SKILLS, STARTER, READ_WRITE)


def library_arm(snapshot: Snapshot, name: str = LIBRARY) -> Arm:
    """The library at a commit."""
    assert snapshot.commit is not None, "only what is committed can be named in a record"
    return Arm(name=name, label=snapshot.commit, snapshot=snapshot)


def no_skills() -> Arm:
    """The model alone."""
    return Arm(name=NO_SKILLS, label=NO_SKILLS, snapshot=MemorySnapshot(commit=_name({})))


def starter(files: Folder) -> Arm:
    """The starter library, from its files by their path in a library."""
    skills: dict[str, dict[str, File]] = {}
    tests: dict[str, bytes] = {}
    for path, file in files.items():
        top, _, rest = path.partition("/")
        if top == "skills" and "/" in rest:
            skill, _, name = rest.partition("/")
            skills.setdefault(skill, {})[name] = file
        elif top == "skill_tests":
            tests[rest] = file.data
    commit = _name(files)
    snapshot = MemorySnapshot(skills=skills, commit=commit)
    return Arm(name=STARTER, label=f"{STARTER} {commit[:12]}", snapshot=snapshot)


def _name(files: Mapping[str, File]) -> Sha:
    """A name for a library that is no commit; the router's index is kept under it."""
    sum_ = hashlib.sha1(usedforsecurity=False)
    for path, file in sorted(files.items()):
        sum_.update(f"{path}\0{len(file.data)}\0".encode() + file.data)
    return Sha(sum_.hexdigest())
