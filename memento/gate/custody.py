"""G0, custody: a proposal carries what was agreed upon, and nothing else. No content is executed or judged.

paths     its own skill folder and its own test file; shapes git would treat specially are refused
modes     regular files only, no symlink, no submodule; the mode of what was there stays
exam      byte for byte the file that was frozen before the rewrite existed
tests     no test that was there before is changed or gone while the skill changes, nor any name that it
          may use; requests may be added, not taken away
pins      text between <!-- memento:pin --> and <!-- memento:end-pin --> stands as it stood
version   a changed skill has a higher version
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator

from memento.gate.change import Answer, Change, failed, listed, passed
from memento.gate.lane import altered_tests
from memento.skill.hidden import hidden, mixed
from memento.skill.testfile import parked_tests
from memento.types import Folder

_REGULAR = {"100644", "100755"}
_RESERVED = re.compile(
    r"(^|/)(\.[^/]*|conftest\.py|pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|sitecustomize\.py|"
    r"[^/]*\.(?:pth|pyc|pyo|so|dll|exe))$",
    re.IGNORECASE,
)
LONGEST = 200
"""Of a path in bytes: every file system that a library is checked out on can hold it."""
PIN_FIELD = "memento-pinned"
PINNED = re.compile(r"<!--\s*memento:pin\s*-->(.*?)(?:<!--\s*memento:end-pin\s*-->|\Z)", re.DOTALL)
"""Without an end, the pin holds to the end of the file."""


def custody(change: Change) -> Answer:
    """PASS, or FAIL with the first breach."""
    for breach in _breaches(change):
        return failed(breach)
    return passed("only the skill's own folder and its exam")


def _breaches(change: Change) -> Iterator[str]:
    before, after = change.base.entries, change.head.entries
    touched = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    folder, test = change.own_paths
    if change.authored:
        strangers = [path for path in touched if not path.startswith(folder) and path != test]
        if strangers:
            yield f"it touches files that are not its own: {listed(strangers)}"
    own = [path for path in touched if path in after and (path.startswith(folder) or path == test)]
    yield from _shapes(own, {path: after[path].split()[0] for path in own})
    for path in own:
        if path in before and before[path].split()[0] != after[path].split()[0]:
            yield f"the mode of {path} changes"
    exam = change.exam
    if exam is not None and hashlib.sha256(change.test or b"").hexdigest() != exam.digest:
        yield "the test file is not the exam that was frozen before the rewrite"
    if change.changes_skill:
        yield from _altered(change, test)
        if (
            change.parent
            and change.candidate
            and not _is_higher(change.candidate.version, change.parent.version)
        ):
            yield f"the version is not raised: {change.parent.version} -> {change.candidate.version}"
    yield from _unpinned(change.before, change.after)
    if (
        change.parent
        and change.candidate
        and PIN_FIELD in {*change.parent.metadata} - {*change.candidate.metadata}
    ):
        yield f"{PIN_FIELD} is taken away"
    yield from _parked(change)


def _altered(change: Change, path: str) -> Iterator[str]:
    try:
        altered = altered_tests(change.old_test, change.test)
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: the test file does not parse: {error.msg}"
        return
    if altered:
        yield f"tests that were there before are changed or gone: {listed(altered)}"


def _parked(change: Change) -> Iterator[str]:
    """Only a rollback parks tests; anybody may take one back into service."""
    try:
        more = change.parked - parked_tests(change.old_test or b"")
    except SyntaxError:
        return  # The tests step says so, with the line.
    if more != set(change.exam.parked if change.exam else ()):
        yield f"tests are parked that no rollback parked: {listed(sorted(more))}"


def _shapes(paths: list[str], modes: dict[str, str]) -> Iterator[str]:
    folded: dict[str, str] = {}
    for path in paths:
        if modes[path] not in _REGULAR:
            yield f"{path} is not a regular file (git mode {modes[path]})"
        if _RESERVED.search(path) or ".." in path.split("/"):
            yield f"{path} has a reserved name"
        if len(path.encode("utf-8", "surrogateescape")) > LONGEST:
            yield f"{path[:60]}... is longer than {LONGEST} bytes"
        if not path.isascii() and ([*hidden(path)] or [*mixed(path)]):
            yield f"{path!a} has a name that looks like another one"
        key = unicodedata.normalize("NFC", path).casefold()
        if folded.setdefault(key, path) != path:
            yield f"{path} and {folded[key]} are one file on some systems"


def _is_higher(new: str, old: str) -> bool:
    return _numbers(new) > _numbers(old)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _unpinned(before: Folder, after: Folder) -> Iterator[str]:
    for name, file in before.items():
        kept = after[name].data.decode("utf-8", "replace") if name in after else ""
        for pin in PINNED.finditer(file.data.decode("utf-8", "replace")):
            if pin[0] not in kept:
                yield f'pinned text in {name} is changed: "{_excerpt(pin[1])}"'


def _excerpt(text: str, most: int = 60) -> str:
    words = " ".join(text.split())
    return words if len(words) <= most else f"{words[:most]}..."
