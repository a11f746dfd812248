"""The whole library as the gate needs it: who is there, who names whom, which requests belong to whom.

Facts about a skill follow from its files alone (and from which other skills exist), so they are kept
by content: a library that did not change is not read again.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

from memento.gate.keys import digest, harness_digest
from memento.journal import Journal
from memento.protocols import Snapshot
from memento.types import Folder, test_path

_NAMED = re.compile(rb"""["'/`]([a-z0-9][a-z0-9-]*)(?=["'/`])""")


@runtime_checkable
class Bulk(Protocol):
    """A snapshot that reads many files at once."""

    def files(self, paths: Iterable[str]) -> Mapping[str, bytes]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a skill's files say about other skills and about requests."""

    beside: tuple[str, ...] = ()
    """Other skills that its files name as a path or in quotes: its tests may use them."""
    queries: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    routed: tuple[str, ...] = ()
    tests: int = 0


@dataclass(frozen=True, kw_only=True)
class View:
    """A snapshot, asked each question once."""

    snapshot: Snapshot
    journal: Journal

    @cached_property
    def entries(self) -> Mapping[str, str]:
        return self.snapshot.entries()

    @cached_property
    def own(self) -> Mapping[str, tuple[str, ...]]:
        """Paths by skill, with its test file; every folder below skills/ is one, readable or not."""
        paths: dict[str, list[str]] = {}
        for path in self.entries:
            parts = path.split("/", 2)
            if parts[0] == "skills" and len(parts) == 3:
                paths.setdefault(parts[1], []).append(path)
        for name, own in paths.items():
            test = test_path(name)
            if test in self.entries:
                own.append(test)
        return {name: tuple(own) for name, own in sorted(paths.items())}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.own)

    def content(self, name: str) -> str:
        """Names a skill's files by content, without reading them."""
        lines = [f"{path} {self.entries[path]}" for path in self.own.get(name, ())]
        return digest("\n".join(lines).encode("utf-8", "surrogateescape"))

    def facts(self, names: Collection[str]) -> Mapping[str, Facts]:
        """The facts of these skills; those that are not known yet are read in one go."""
        there = [name for name in names if name in self.own]
        crowd = digest("\n".join(self.names).encode("utf-8", "surrogateescape"))
        keys = {
            name: digest(f"facts {harness_digest()} {crowd} {self.content(name)}".encode()) for name in there
        }
        known = self.journal.cache.recall(keys.values())
        fresh = self._read([name for name in there if keys[name] not in known])
        self.journal.cache.remember({keys[name]: _dump(facts) for name, facts in fresh.items()})
        old = {name: _load(known[keys[name]]) for name in there if name not in fresh}
        return {**old, **fresh}

    def folders(self, names: Iterable[str]) -> Mapping[str, Folder]:
        return {name: self.snapshot.folder(name) for name in names}

    def files(self, names: Collection[str]) -> Mapping[str, bytes]:
        """All files of these skills, by path."""
        if isinstance(self.snapshot, Bulk):
            return self.snapshot.files([path for name in names for path in self.own[name]])
        found: dict[str, bytes] = {}
        for name in names:
            folder = self.snapshot.folder(name)
            found |= {f"skills/{name}/{path}": file.data for path, file in folder.items()}
            test = self.snapshot.test(name)
            if test is not None:
                found[test_path(name)] = test
        return found

    def documents(self, names: Collection[str]) -> Mapping[str, bytes]:
        """The SKILL.md of each of these skills."""
        paths = {name: f"skills/{name}/SKILL.md" for name in names}
        if isinstance(self.snapshot, Bulk):
            found = self.snapshot.files([path for path in paths.values() if path in self.entries])
        else:
            found = self.files(names)
        return {name: found[path] for name, path in paths.items() if path in found}

    def _read(self, names: Collection[str]) -> Mapping[str, Facts]:
        if not names:
            return {}
        files = self.files(names)
        crowd = {name.encode() for name in self.names if name.isascii()}
        return {
            name: _facts(name, {path: files[path] for path in self.own[name] if path in files}, crowd)
            for name in names
        }


def _facts(name: str, files: Mapping[str, bytes], crowd: Collection[bytes]) -> Facts:
    named = {found for data in files.values() for found in _NAMED.findall(data) if found in crowd}
    from memento.gate.plan import plan

    try:
        test = plan(files.get(test_path(name), b""))
    except SyntaxError:
        test = plan(b"")
    return Facts(
        beside=tuple(sorted(found.decode() for found in named if found != name.encode())),
        queries=test.queries,
        near_misses=test.near_misses,
        routed=test.routed,
        tests=len(test.expected),
    )


def _dump(facts: Facts) -> str:
    return json.dumps([facts.tests, facts.beside, facts.queries, facts.near_misses, facts.routed])


def _load(text: str) -> Facts:
    tests, *parts = json.loads(text)
    beside, queries, near_misses, routed = map(tuple, parts)
    return Facts(beside=beside, queries=queries, near_misses=near_misses, routed=routed, tests=tests)
