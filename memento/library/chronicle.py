"""The whole of main's past in one reading: every state of every skill, and who wrote each line.

What `lineage` tells of one skill through a few processes is told here of all of them through four.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from memento.library.git import Git
from memento.library.history import LogEntry, log
from memento.library.lineage import Origin, folded
from memento.library.snapshot import read_blobs
from memento.types import Sha

_EVERY = 10_000_000
_RAW = re.compile(r":\d{6} (\d{6}) [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*")
_COMMIT = re.compile(r"\n?([0-9a-f]{40}|[0-9a-f]{64})")
_PLACE = re.compile(r"skills/([^/]+)(/SKILL\.md)?")
_FOLDER, _FILES = "040000", ("100644", "100755")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One state of a skill's folder, from the landing that brought it."""

    landing: LogEntry
    tree: Sha | None
    """None where the skill was removed."""
    document: Sha | None
    """The blob of its SKILL.md."""


@dataclass(frozen=True, kw_only=True)
class Chronicle:
    """Main's first-parent line up to a commit."""

    git: Git
    landings: tuple[LogEntry, ...]
    """Oldest first."""
    moments: Mapping[str, tuple[Moment, ...]]
    """Of every skill that there ever was, oldest first."""

    def documents(self, skill: str) -> tuple[bytes | None, ...]:
        """The skill's SKILL.md at each of its moments, None where there was none."""
        return tuple(self._texts.get(moment.document) for moment in self.moments.get(skill, ()))

    def origins(self, skill: str) -> tuple[Origin, ...]:
        """Each line of the skill's SKILL.md as it is now."""
        commits = (moment.landing.sha for moment in self.moments.get(skill, ()))
        return folded(zip(commits, self.documents(skill), strict=True))

    @cached_property
    def age(self) -> Mapping[Sha, int]:
        """The place of each commit in the line, 0 for the oldest."""
        return {entry.sha: number for number, entry in enumerate(self.landings)}

    @cached_property
    def by_sha(self) -> Mapping[Sha, LogEntry]:
        return {entry.sha: entry for entry in self.landings}

    @cached_property
    def _texts(self) -> Mapping[Sha | None, bytes]:
        blobs = sorted({m.document for told in self.moments.values() for m in told if m.document})
        return dict(zip(blobs, read_blobs(self.git, blobs), strict=True))


def chronicle(git: Git, tip: Sha) -> Chronicle:
    """Main's past up to `tip`."""
    landings = log(git, tip, None, _EVERY, None)[::-1]
    by_sha = {entry.sha: entry for entry in landings}
    moments: dict[str, list[Moment]] = {}
    for commit, changed in reversed(list(_changes(git, tip))):
        for skill, (tree, document) in changed.items():
            past = moments.setdefault(skill, [])
            moment = Moment(
                landing=by_sha[commit],
                tree=tree,
                document=past[-1].document if document is _UNCHANGED and past else document or None,
            )
            past.append(moment)
    skills = {name: tuple(told) for name, told in moments.items() if any(m.tree for m in told)}
    return Chronicle(git=git, landings=landings, moments=skills)


_UNCHANGED = Sha("")


def _changes(git: Git, tip: Sha) -> Iterator[tuple[Sha, Mapping[str, tuple[Sha | None, Sha | None]]]]:
    """Newest first, each commit with the skills it changed: their tree and their SKILL.md afterwards."""
    asked = ("--first-parent", "--diff-merges=first-parent", "--raw", "-r", "-t", "-z", "--no-abbrev")
    plain = ("--no-renames", "--no-notes", "--format=%H", tip, "--", "skills")
    parts = iter(git("log", *asked, *plain).decode("utf-8", "surrogateescape").split("\0"))
    commit: Sha | None = None
    changed: dict[str, tuple[Sha | None, Sha | None]] = {}
    for part in parts:
        # After the first one, `git log -z` leaves the line end of the format before the raw lines.
        raw = _RAW.fullmatch(part.lstrip("\n"))
        if raw is None:
            if commit is not None:
                yield commit, changed
            started = _COMMIT.fullmatch(part)
            commit, changed = (Sha(started[1]) if started else None), {}
        elif place := _PLACE.fullmatch(next(parts)):
            _note(changed, place, mode=raw[1], sha=Sha(raw[2]))


def _note(
    changed: dict[str, tuple[Sha | None, Sha | None]], place: re.Match[str], *, mode: str, sha: Sha
) -> None:
    tree, document = changed.get(place[1], (None, _UNCHANGED))
    if place[2]:
        document = sha if mode in _FILES else None
    else:
        tree = sha if mode == _FOLDER else None
    changed[place[1]] = (tree, document)
