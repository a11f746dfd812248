"""What the file tools do: a program that runs inside the sandbox (Python 3.9 or newer, nothing but its
standard library). One request as JSON on standard input; text on standard output; exit code 1 and a
sentence on standard error when it cannot be done.

Rules
- A path is resolved with all its links. What it leads to must lie in a root: /workspace, or for reading
  also /skill.
- Then it is opened from the root down, one folder at a time, and no link is followed any more: what was
  checked is what is opened, also when somebody swaps a folder for a link in between.
- Regular files only, and nothing that blocks: a FIFO, a socket or a device is refused.
- A write makes a new file and renames it into place: it is all there or not at all, and a hard link to
  another file is replaced and not written through.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from typing import BinaryIO, NamedTuple

PRIVATE = ".memento"
"""The folder of /workspace in which tools keep what is theirs; not listed, not searched."""

MOST_CHARACTERS = 7000
MOST_ENTRIES = 500
MOST_MATCHES = 100
MOST_LINE = 300
MOST_SEARCHED = 5_000_000
DEPTH = 4
HIDDEN = str.maketrans(dict.fromkeys([*map(chr, range(32)), "\x7f"], "?"))


class Refused(Exception):  # noqa: N818 (an answer to the caller)
    """What cannot be done, in a sentence that the caller can act on."""


class Request(NamedTuple):
    """What is to be done; a field that the deed does not need keeps its default."""

    do: str
    path: str
    roots: dict[str, str]
    """/workspace and /skill, each with the place where it really is (they differ on the bare host)."""
    first_line: int = 1
    last_line: int | None = None
    content: str = ""
    old: str = ""
    new: str = ""
    pattern: str = ""
    literal: bool = False
    files: str = "*"


class Place:
    """A path below a root: its name for people, the root, and the names that lead down from it."""

    def __init__(self, request: Request, *, write: bool) -> None:
        self.asked = request.path
        roots = {name: os.path.realpath(real) for name, real in request.roots.items()}
        real = os.path.realpath(self._absolute(roots))
        allowed = ["/workspace"] if write else list(roots)
        for name in allowed:
            root = roots[name]
            if real == root or real.startswith(root + "/"):
                self.root = root
                self.parts = [part for part in real[len(root) :].split("/") if part]
                if write and self.parts[:1] == [PRIVATE]:
                    raise Refused(f"{PRIVATE} is where the tools keep their own; choose another name")
                below = "/".join(self.parts)
                self.name = below or "." if name == "/workspace" else f"{name}/{below}".rstrip("/")
                return
        where = "/workspace" if write else " and ".join(allowed)
        raise Refused(f"{self.asked} does not lie in {where}")

    def _absolute(self, roots: dict[str, str]) -> str:
        for name, real in roots.items():
            if self.asked == name or self.asked.startswith(name + "/"):
                return real + self.asked[len(name) :]
        if self.asked.startswith("/"):
            return self.asked
        return f"{roots['/workspace']}/{self.asked}"

    def folder(self, *, make: bool = False) -> int:
        """A descriptor of the folder that holds the last name."""
        at = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        for part in self.parts[:-1]:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=at)
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        return at

    def directory(self) -> int:
        """A descriptor of the folder that the path is."""
        at = self.folder()
        if not self.parts:
            return at
        return os.open(self.parts[-1], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)


def opened(at: int, name: str, said: str) -> BinaryIO:
    """A regular file for reading, in bytes."""
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        raise Refused(f"{said} is a folder; use list_files" if stat.S_ISDIR(mode) else f"{said} is no file")
    return os.fdopen(fd, "rb")


def contents(place: Place) -> BinaryIO:
    if not place.parts:
        raise Refused(f"{place.name} is a folder; use list_files")
    return opened(place.folder(), place.parts[-1], place.name)


def read(request: Request) -> str:
    place = Place(request, write=False)
    first, last = request.first_line, request.last_line
    shown: list[str] = []
    room, number, stopped = MOST_CHARACTERS, 0, 0
    with contents(place) as file:
        if b"\0" in file.read(8192):
            size = os.fstat(file.fileno()).st_size
            raise Refused(f"{place.name} is binary ({size} bytes); look at it with a program in the terminal")
        file.seek(0)
        for number, raw in enumerate(file, 1):
            if number < first or stopped or (last is not None and number > last):
                continue
            line = raw.decode("utf-8", "replace")
            if len(line) > room and not shown:
                line = f"{line[:room]}\n[line {number} is {len(line)} characters long; this is its start]\n"
            elif len(line) > room:
                stopped = number
                continue
            shown.append(line)
            room -= len(line)
    if first > number and number:
        raise Refused(f"{place.name} has {number} lines")
    text = "".join(shown)
    if stopped:
        text += f"[lines {first} to {stopped - 1} of {number}; read on with first_line {stopped}]\n"
    return text or "(empty)"


def put(place: Place, data: bytes) -> None:
    if not place.parts:
        raise Refused(f"{place.name} is a folder")
    at, name = place.folder(make=True), place.parts[-1]
    mode = 0o644
    try:
        there = os.stat(name, dir_fd=at, follow_symlinks=False)
        if not stat.S_ISREG(there.st_mode):
            raise Refused(f"{place.name} is a folder or no file")
        mode = stat.S_IMODE(there.st_mode)
    except FileNotFoundError:
        pass
    new = f".{name[:100]}.{os.getpid()}.new"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=at)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode & 0o777)
        os.rename(new, name, src_dir_fd=at, dst_dir_fd=at)
    except OSError:
        os.unlink(new, dir_fd=at)
        raise


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def write(request: Request) -> str:
    data = encoded(request.content)
    put(Place(request, write=True), data)
    return f"(wrote {len(data)} bytes)"


def edit(request: Request) -> str:
    place = Place(request, write=True)
    with contents(place) as file:
        data = file.read()
    old, new = encoded(request.old), encoded(request.new)
    if not old:
        raise Refused("old is empty; give the exact text to replace, or use write_file")
    if old == new:
        raise Refused("old and new are the same")
    found = data.count(old)
    if found == 0:
        raise Refused(f"{place.name} does not hold that text{_nearly(data, old)}; nothing was changed")
    if found > 1:
        places = ", ".join(str(data[: m.start()].count(b"\n") + 1) for m in re.finditer(re.escape(old), data))
        raise Refused(
            f"{place.name} holds that text {found} times (lines {places}); give more of what stands "
            "around it; nothing was changed"
        )
    put(place, data.replace(old, new))
    return f"(replaced, in line {data[: data.index(old)].count(bytes([10])) + 1})"


def _nearly(data: bytes, old: bytes) -> str:
    """A hint when the text is there but for blanks and line ends."""
    words = old.split()
    pattern = rb"\s+".join(re.escape(word) for word in words)
    near = re.search(pattern, data) if words else None
    if near is None:
        return ""
    line = data[: near.start()].count(b"\n") + 1
    return f" (line {line} differs from it in blanks or line ends only; read that line and copy it exactly)"


def list_(request: Request) -> str:
    place = Place(request, write=False)
    lines: list[str] = []
    for name, kind, size in walk(place.directory(), "", DEPTH):
        if len(lines) == MOST_ENTRIES:
            lines.append(f"[more than {MOST_ENTRIES} entries; list a folder of this one]")
            break
        lines.append(f"{kind} {size} {name.translate(HIDDEN)}")
    return "\n".join(lines) or "(empty)"


def walk(fd: int, prefix: str, depth: int) -> Iterator[tuple[str, str, int]]:
    """(path, kind, bytes) of what is below an open folder, in order of name; links are not followed."""
    try:
        with os.scandir(fd) as entries:
            here = sorted((e.name, e.stat(follow_symlinks=False)) for e in entries if e.name != PRIVATE)
        for name, about in here:
            kind = stat.S_IFMT(about.st_mode)
            letter = {stat.S_IFDIR: "d", stat.S_IFREG: "f", stat.S_IFLNK: "l"}.get(kind, "?")
            yield prefix + name, letter, about.st_size
            if letter == "d" and depth > 1:
                try:
                    below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
                except OSError:
                    continue
                yield from walk(below, prefix + name + "/", depth - 1)
    finally:
        os.close(fd)


def search(request: Request) -> str:
    place = Place(request, write=False)
    pattern = _compiled(request)
    lines: list[str] = []
    for base, name in _searched(place, request.files):
        for number, line in _matching(base, name, pattern):
            if len(lines) == MOST_MATCHES:
                return "\n".join([*lines, f"[more than {MOST_MATCHES} lines; search for something narrower]"])
            shown = line if len(line) <= MOST_LINE else f"{line[:MOST_LINE]} [...]"
            lines.append(f"{name.translate(HIDDEN)}:{number}: {shown}")
    return "\n".join(lines) or "(nothing found)"


def _compiled(request: Request) -> re.Pattern[str]:
    text = re.escape(request.pattern) if request.literal else request.pattern
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise Refused(f"the pattern is no regular expression ({error}); set literal for plain text") from None


def _searched(place: Place, glob: str) -> Iterator[tuple[int, str]]:
    """(open folder, path below it) of the files to look into."""
    try:
        fd = place.directory()
    except NotADirectoryError:
        yield place.folder(), place.parts[-1]
        return
    for name, kind, size in walk(os.dup(fd), "", 20):
        if kind == "f" and size <= MOST_SEARCHED and fnmatch(name.rpartition("/")[2], glob):
            yield fd, name


def _matching(base: int, name: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    *folders, last = name.split("/")
    at = os.dup(base)
    try:
        for folder in folders:
            below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        with opened(at, last, name) as file:
            data = file.read(MOST_SEARCHED + 1)
    except (OSError, Refused):
        return  # what vanished or may not be read holds nothing for us
    finally:
        os.close(at)
    if b"\0" in data[:8192]:
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if pattern.search(line):
            yield number, line


DO = {"read": read, "write": write, "edit": edit, "list": list_, "search": search}


def main() -> None:
    request = Request(**json.load(sys.stdin))
    try:
        said = DO[request.do](request)
    except Refused as refused:
        sys.exit(f"{refused}.")
    except OSError as error:
        sys.exit(f"{request.path}: {error.strerror}.")
    sys.stdout.buffer.write(said.encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
