"""Every skill in a line, kept in `.memento/headers.json` from one process to the next.

    {"form": .., "tree": <tree of skills/>, "check": <crc of the second line>}
    [[name, <tree of its folder>, version, description, problem], ...]

A row is true of its folder's tree for ever, so a changed skill costs one parse and the others none.
A file that is cut, altered or of another form is as good as none; it is made again.
"""

import json
import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from memento.library.git import Git
from memento.library.reader import Reader, reading
from memento.types import Sha

FORM = "1"
"""Another one when a header is read differently: what was kept before then counts for nothing."""


class Header(NamedTuple):
    """What a list shows of a skill. A tuple: 10,000 of them are made in milliseconds."""

    name: str
    tree: Sha
    version: str
    description: str
    problem: str | None
    """Why the skill cannot be used, None when it can."""


class _Kept(NamedTuple):
    tree: str
    headers: list[Header]


def read_headers(git: Git, commit: Sha, cache: Path | None) -> Sequence[Header]:
    """The headers of the skills at a commit, by name."""
    kept = _load(cache) if cache else _Kept("", [])
    with reading(git) as read:
        skills = read.object(f"{commit}:skills")
        if skills is None or skills.kind != "tree":
            return []
        if kept.tree == skills.sha:
            return kept.headers
        headers = _up_to_date(read, skills.sha, kept.headers)
    if cache:
        _save(cache, _Kept(skills.sha, headers))
    return headers


def _up_to_date(read: Reader, skills: Sha, kept: Sequence[Header]) -> list[Header]:
    folders = {name: item.sha for name, item in read.tree(skills).items() if item.is_folder}
    known = {header.name: header for header in kept if folders.get(header.name) == header.tree}
    fresh = _parsed(read, {name: sha for name, sha in folders.items() if name not in known})
    found = {**known, **{header.name: header for header in fresh}}
    return [found[name] for name in sorted(found)]


def _parsed(read: Reader, folders: dict[str, Sha]) -> list[Header]:
    if not folders:
        return []
    # Loading the parser takes as long as listing 10,000 kept headers.
    from memento.library.parsing import parse_all

    headers = []
    for name, parsed in parse_all(read, folders).items():
        skill = parsed.skill
        version, description = (skill.version, skill.description) if skill else ("", "")
        problem = None if skill else "; ".join(found.message for found in parsed.diagnostics)
        headers.append(Header(name, folders[name], version, description, problem))
    return headers


def _load(cache: Path) -> _Kept:
    nothing = _Kept("", [])
    try:
        head, _, rows = cache.read_bytes().partition(b"\n")
        about = json.loads(head)
        if about != {"form": FORM, "tree": about["tree"], "check": zlib.crc32(rows)}:
            return nothing
        return _Kept(str(about["tree"]), [Header._make(row) for row in json.loads(rows)])
    except (OSError, ValueError, TypeError, KeyError):  # none yet, or not one that we wrote
        return nothing


def _save(cache: Path, kept: _Kept) -> None:
    rows = json.dumps(kept.headers, ensure_ascii=True).encode()
    head = json.dumps({"form": FORM, "tree": kept.tree, "check": zlib.crc32(rows)}).encode()
    partial = cache.with_name(f"{cache.name}.{os.getpid()}")
    # A cache that cannot be written (a full or read-only disk) makes nothing wrong, only slow.
    with suppress(OSError):
        partial.write_bytes(head + b"\n" + rows)
        partial.replace(cache)
