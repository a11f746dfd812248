"""Exporting skills to where other agents look, as copies or as links.

A folder that this did not write, or that somebody changed since, is left alone. What it wrote stands in
a record beside the skills, `.memento-export.json`: the digests of each copy, the target of each link.
A copy is made aside and moved into place whole.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from memento.errors import UsageError
from memento.library.folders import read_folder
from memento.protocols import Snapshot
from memento.types import Folder

RECORD = ".memento-export.json"
PLACES = {"claude": Path(".claude/skills"), "agents": Path(".agents/skills")}


class Did(StrEnum):
    """What was done with one skill."""

    COPIED = "copied"
    LINKED = "linked"
    UNCHANGED = "unchanged"
    LEFT_ALONE = "left-alone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """The answer for one skill; `reason` says why it was left alone."""

    skill: str
    path: Path
    did: Did
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """What the record says of one skill: a link's target, or the digest of a copy."""

    link: str | None = None
    digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """Writes skills of `library` below `target`; links lead into `checkout`, the library's own folder."""

    library: Snapshot
    checkout: Path
    target: Path

    def __call__(self, names: Iterable[str], *, link: bool) -> tuple[Exported, ...]:
        """UsageError when the target cannot hold skills."""
        if self.target.exists() and not self.target.is_dir():
            raise UsageError(f"{self.target} is a file. Name a folder to export to.")
        self.target.mkdir(parents=True, exist_ok=True)
        kept = dict(_read(self.target / RECORD))
        done = []
        for name in names:
            answer, record = self._one(name, kept.get(name), link=link)
            done.append(answer)
            if record is not None and record != kept.get(name):
                kept[name] = record
                # At once: what is written must be known as ours, also when the next one fails.
                _write(self.target / RECORD, kept)
        return tuple(done)

    def _one(self, name: str, kept: _Kept | None, *, link: bool) -> tuple[Exported, _Kept | None]:
        path = self.target / name
        folder = self.library.folder(name)
        source = self.checkout / "skills" / name
        wanted = _Kept(link=str(source)) if link else _Kept(digest=digest(folder))
        if link and not source.is_dir():
            return _left(name, path, "the library has no checkout of it to link to"), None
        now = _standing(path)
        if now == wanted and kept == wanted:
            return Exported(skill=name, path=path, did=Did.UNCHANGED), wanted
        if now is not None and kept is None:
            return _left(name, path, "it was not written by memento export"), None
        if now is not None and now != kept:
            return _left(name, path, "it was changed since it was exported"), None
        _place(path, folder, source if link else None)
        return Exported(skill=name, path=path, did=Did.LINKED if link else Did.COPIED), wanted


def digest(folder: Folder) -> str:
    """SHA-256 over the names, modes and bytes of a folder."""
    whole = hashlib.sha256()
    for name, file in sorted(folder.items()):
        mode = b"x" if file.executable else b"-"
        whole.update(b"%d %s%s%d " % (len(name.encode()), name.encode(), mode, len(file.data)) + file.data)
    return whole.hexdigest()


def _left(name: str, path: Path, reason: str) -> Exported:
    return Exported(skill=name, path=path, did=Did.LEFT_ALONE, reason=reason)


def _standing(path: Path) -> _Kept | None:
    """What is at `path` now; None when nothing is."""
    if path.is_symlink():
        return _Kept(link=os.readlink(path))  # noqa: PTH115  the text, not a path
    if not path.exists():
        return None
    if not path.is_dir():
        return _Kept()
    contents = read_folder(path)
    return _Kept() if contents.strange else _Kept(digest=digest(contents.files))


def _place(path: Path, folder: Folder, link: Path | None) -> None:
    """The new state made aside, then moved to `path`; what stood there is ours, and goes."""
    with tempfile.TemporaryDirectory(prefix=".memento-export-", dir=path.parent) as aside:
        made, gone = Path(aside) / "new", Path(aside) / "old"
        if link is not None:
            made.symlink_to(link)
        else:
            _lay_out(made, folder)
        if os.path.lexists(path):
            path.rename(gone)
        made.rename(path)
        if gone.is_dir() and not gone.is_symlink():
            shutil.rmtree(gone)


def _lay_out(root: Path, folder: Folder) -> None:
    for name, file in folder.items():
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UsageError(f"refusing to export a file named {name!r}.")
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.data)
        place.chmod(0o755 if file.executable else 0o644)


def _read(path: Path) -> Mapping[str, _Kept]:
    try:
        document = json.loads(path.read_bytes())
        return {
            name: _Kept(link=item["link"], digest=item["digest"]) for name, item in document["skills"].items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} cannot be read ({error!r}). Remove it to export anew.") from error


def _write(path: Path, kept: Mapping[str, _Kept]) -> None:
    skills = {name: {"digest": each.digest, "link": each.link} for name, each in sorted(kept.items())}
    aside = path.with_name(f"{path.name}.new")
    aside.write_text(json.dumps({"version": 1, "skills": skills}, indent=2) + "\n", "utf-8")
    aside.replace(path)
