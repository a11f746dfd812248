"""Versions of skills: semantic versioning, raised by the landing and not by the writer.

create                      0.1.0, or what the author wrote when it is a version
optimise, rollback, edit    patch     0.1.0 -> 0.1.1
discover                    minor     0.1.1 -> 0.2.0
by hand                     major
"""

import re

from memento.types import ChangeKind

_VERSION = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")
FIRST = "0.1.0"


def is_version(text: str) -> bool:
    """Whether `text` is MAJOR.MINOR.PATCH; pre-releases and build data are not used for skills."""
    return _VERSION.fullmatch(text) is not None


def bump(version: str, kind: ChangeKind) -> str:
    """The version after a change of that kind; what is not a version counts as 0.0.0."""
    major, minor, patch = _numbers(version)
    if kind is ChangeKind.CREATE:
        return FIRST if (major, minor, patch) < (0, 1, 0) else version
    if kind is ChangeKind.DISCOVER:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def newer(one: str, other: str) -> str:
    """The higher of two versions: a person may raise the major number by hand."""
    return max(one, other, key=_numbers)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if is_version(version) else (0, 0, 0)
