"""Sets of skills and requests as the routing benchmarks read them: DATA_DIR/*/{corpus,queries}.jsonl.

Halves, of which one has a past: skills that are right for the same request stay together, in groups of at
most TOGETHER, and the groups are dealt out, DEALS times, by fixed seeds. Were single skills dealt out, a
request with several right ones would seldom have them all on one side, and those left would be the hard ones
with few: of ultratool (two right skills a request) 59 % instead of 95, found .58 of the time by text alone,
not .63. Where each request has one right skill it is the same draw.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from memento.types import File, Folder, Sha, Skill

TOGETHER = 10
"""Skills; more would be a whole subject, and a new skill of an old subject is the harder case."""
DEALS = 3
"""One deal alone moves a figure by a point or two."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A request and the names of the skills that are right for it."""

    text: str
    relevant: frozenset[str]
    train: bool


@dataclass(frozen=True, kw_only=True)
class Skills:
    """A library that is only names, descriptions and bodies."""

    commit: Sha | None
    held: Mapping[str, Skill] = field(repr=False)

    def names(self) -> Sequence[str]:
        return sorted(self.held)

    def skill(self, name: str) -> Skill | None:
        return self.held.get(name)

    def folder(self, name: str) -> Folder:
        return {"SKILL.md": File(data=self.held[name].body.encode())} if name in self.held else {}

    def test(self, name: str) -> bytes | None:  # noqa: ARG002  the seam's name
        return None

    def entries(self) -> Mapping[str, str]:
        return {}

    def tips(self) -> str:
        return ""


def rows_of(path: Path, *fields: str) -> Sequence[Mapping[str, Any]]:
    """The objects of a JSONL file with these fields. Ends the program, naming file and line, at any other."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path} cannot be read: {error}")
    found = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            sys.exit(f"{path}, line {number} is not JSON: {error}")
        missing = [name for name in fields if not isinstance(row, dict) or name not in row]
        if missing:
            sys.exit(f"{path}, line {number} has no {', '.join(missing)}")
        found.append(row)
    return found


def read_corpus(folder: Path) -> tuple[Mapping[str, Skill], Mapping[str, str]]:
    """Skills by unique name, and that name by the set's own id (two skills may share a name)."""
    skills: dict[str, Skill] = {}
    names: dict[str, str] = {}
    for row in rows_of(folder / "corpus.jsonl", "id", "name", "description", "body"):
        name, count = str(row["name"]), 1
        while name in skills:
            count += 1
            name = f"{row['name']} {count}"
        skills[name] = Skill(name=name, description=row["description"] or "", body=row["body"] or "")
        names[row["id"]] = name
    if not skills:
        sys.exit(f"{folder / 'corpus.jsonl'} holds no skill")
    return skills, names


def read_queries(folder: Path, names: Mapping[str, str]) -> Sequence[Query]:
    """The queries whose skills are in the corpus, in an order drawn with a fixed seed."""
    found = []
    for row in rows_of(folder / "queries.jsonl", "id", "text", "relevant", "split"):
        relevant = frozenset(names[i] for i in row["relevant"] if i in names)
        if relevant:
            found.append(Query(text=row["text"], relevant=relevant, train=row["split"] == "train"))
    if not found:
        sys.exit(f"{folder / 'queries.jsonl'} holds no query for a skill of the corpus")
    return random.Random(0).sample(found, len(found))


def halves(names: Iterable[str], rights: Iterable[frozenset[str]]) -> Iterator[frozenset[str]]:
    """Of the skills `names`, DEALS times two halves; of `rights`, each a request's, few are torn apart."""
    group = {name: frozenset({name}) for name in names}
    pairs = Counter(pair for right in rights for pair in combinations(sorted(right), 2))
    for (a, b), _ in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        both = group[a] | group[b]
        if len(both) <= TOGETHER:
            group |= dict.fromkeys(both, both)
    groups = sorted(set(group.values()), key=sorted)
    for deal in range(DEALS):
        half: frozenset[str] = frozenset()
        for some in random.Random(deal).sample(groups, len(groups)):
            half |= some if len(half) < len(group) // 2 else frozenset()
        yield half
        yield frozenset(group) - half
