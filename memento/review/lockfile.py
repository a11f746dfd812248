"""`memento.lock`: where each imported skill came from, at the library's top, in a stable order.

{"version": 1,
 "skills": {"NAME": {"source": "https://...", "commit": "ab12...", "license": "MIT",
                     "files": {"SKILL.md": "sha256 of the file as it stood in the source"}}}}

It is written once the skill has landed. An import may wait for a person meanwhile, so its proposal
carries the origin in a trailer.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from memento.errors import ConflictError, LibraryError
from memento.library import Library
from memento.library.lineage import file_at
from memento.types import FileName, Folder

PLACE = "memento.lock"
TRAILER = "Memento-Origin"
_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where one skill came from."""

    source: str
    commit: str | None
    license: str | None
    files: Mapping[FileName, str]
    """SHA-256 of each file as it stood in the source."""


def digests(folder: Folder) -> Mapping[FileName, str]:
    return {name: hashlib.sha256(file.data).hexdigest() for name, file in sorted(folder.items())}


def read_lock(data: bytes | None) -> Mapping[str, Origin]:
    """The origins by skill; none when there is no file. LibraryError when it cannot be read."""
    if data is None:
        return {}
    try:
        document = json.loads(data)
        if document["version"] != _VERSION:
            raise LibraryError(f"{PLACE} is of a later version. Use a newer Memento.")
        return {name: _origin(item) for name, item in document["skills"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LibraryError(f"{PLACE} cannot be read ({error!r}). Restore it: `git log {PLACE}`.") from error


def write_lock(origins: Mapping[str, Origin]) -> bytes:
    document = {"version": _VERSION, "skills": {name: asdict(each) for name, each in origins.items()}}
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def origin_trailer(skill: str, origin: Origin) -> Mapping[str, str]:
    """What a proposal carries of where its skill comes from."""
    return {TRAILER: json.dumps({"version": _VERSION, "skills": {skill: asdict(origin)}}, sort_keys=True)}


def record(library: Library, origins: Mapping[str, Origin]) -> None:
    """Add the origins of skills that have landed to the file, by a forward commit."""
    message = f"Record where {', '.join(origins)} came from"
    while origins:
        base = library.tip()
        known = read_lock(file_at(library.git, base, PLACE))
        try:
            library.commit_files({PLACE: write_lock({**known, **origins})}, message, {}, base=base)
        except ConflictError:  # another import wrote it meanwhile: read it again
            continue
        return


def _origin(item: Any) -> Origin:
    return Origin(
        source=str(item["source"]),
        commit=None if item["commit"] is None else str(item["commit"]),
        license=None if item["license"] is None else str(item["license"]),
        files={str(name): str(digest) for name, digest in item["files"].items()},
    )
