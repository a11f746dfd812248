"""A control group of our own that bounds processes and memory of everything in a session.

    v1   <hierarchy of the controller>/<our own group>/memento-<pid>-<random>    one per controller
    v2   <our own group, or the one above it>/memento-<pid>-<random>

Rules
- Always below, or at most beside, the group that we are in: limits set for us stay in force.
- Only groups that already hand their controllers down are used; nobody's settings are changed.
- A group that cannot be made is None, not an accident: for an ordinary user RLIMIT_NPROC and RLIMIT_AS
  bind instead. For root they do not, and the caller must refuse.
"""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from memento.protocols import Limits

CONTROLLERS = ("pids", "memory")
NAME = "memento-"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Folders of one session's group, one per hierarchy."""

    pids: Path
    memory: Path
    unified: bool

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.pids,) if self.unified else (self.pids, self.memory)

    @property
    def entrances(self) -> tuple[str, ...]:
        """Files to write 0 to: the writer is then bound, and all its descendants."""
        return tuple(str(folder / "cgroup.procs") for folder in self.folders)

    def limit(self, limits: Limits) -> None:
        """Set the limits for the next command. The launcher itself counts as three processes."""
        size = str(limits.memory_mb << 20)
        (self.pids / "pids.max").write_text(str(limits.processes + 3))
        if self.unified:
            (self.memory / "memory.max").write_text(size)
            _write_if_there(self.memory / "memory.swap.max", "0")
        else:
            _set_v1_memory(self.memory, size)

    def kill(self) -> None:
        """SIGKILL to every member; returns when none is left or after a second."""
        for _ in range(100):
            alive = [pid for folder in self.folders for pid in _members(folder)]
            if not alive:
                return
            for pid in alive:
                _kill(pid)
            time.sleep(0.01)

    def remove(self) -> None:
        """Remove the empty group; the kernel may need a moment after the last member died."""
        self.kill()
        for folder in self.folders:
            for _ in range(100):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)
                else:
                    break


def _set_v1_memory(folder: Path, size: str) -> None:
    """memory+swap may never be below memory, so widen in one order and narrow in the other."""
    plain, both = folder / "memory.limit_in_bytes", folder / "memory.memsw.limit_in_bytes"
    for file in (plain, both, plain):
        try:
            file.write_text(size)
        except FileNotFoundError:
            continue
        except OSError:
            if file is both:
                raise


def _write_if_there(file: Path, text: str) -> None:
    if file.exists():
        file.write_text(text)


def _members(folder: Path) -> list[int]:
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
    except FileNotFoundError:
        return []


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def group() -> Iterator[Group | None]:
    """A fresh group for one session, removed at its end with all that is in it; None when we may not."""
    made = _make()
    try:
        yield made
    finally:
        if made:
            made.remove()


def _make() -> Group | None:
    homes = _homes()
    name = f"{NAME}{os.getpid()}-{secrets.token_hex(4)}"
    for unified, pids, memory in homes:
        _sweep({pids, memory})
        made = Group(pids=pids / name, memory=memory / name, unified=unified)
        try:
            for folder in made.folders:
                folder.mkdir()
            made.limit(Limits())
        except OSError:
            made.remove()
            continue
        return made
    return None


def _sweep(parents: set[Path]) -> None:
    """Remove empty groups of dead processes of ours: a killed Memento could not do it."""
    for parent in parents:
        for folder in parent.glob(f"{NAME}*-*"):
            owner = folder.name.removeprefix(NAME).split("-")[0]
            if owner.isdigit() and not Path("/proc", owner).exists():
                try:
                    folder.rmdir()
                except OSError:
                    continue  # somebody else removes it at this moment, or it has members


def _homes() -> list[tuple[bool, Path, Path]]:
    """Where a group could be made: (unified, parent for pids, parent for memory), best first."""
    ours = _own_groups()
    mounts = _mounts()
    homes = []
    if all(name in ours and name in mounts for name in CONTROLLERS):
        pids, memory = (_inside(*mounts[name], ours[name]) for name in CONTROLLERS)
        homes.append((False, pids, memory))
    if "" in ours and "" in mounts:
        own = _inside(*mounts[""], ours[""])
        homes += [(True, place, place) for place in (own, own.parent) if _hands_down(place)]
    return homes


def _hands_down(place: Path) -> bool:
    try:
        given = (place / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return all(name in given for name in CONTROLLERS)


def _own_groups() -> dict[str, str]:
    """Controller ("" for the unified hierarchy) to our group's path in it (proc_pid_cgroup(5))."""
    groups: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups |= dict.fromkeys(controllers.split(","), path)
    return groups


def _mounts() -> dict[str, tuple[Path, str]]:
    """Controller to (mount point, the group that is mounted there) (proc_pid_mountinfo(5))."""
    mounts: dict[str, tuple[Path, str]] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        head, _, tail = line.partition(" - ")
        kind, _, options = tail.split(" ", 2)
        root, point = head.split(" ")[3:5]
        if kind == "cgroup2":
            mounts.setdefault("", (Path(point), root))
        elif kind == "cgroup":
            for name in options.split(","):
                mounts.setdefault(name, (Path(point), root))
    return mounts


def _inside(point: Path, root: str, path: str) -> Path:
    return point / path.removeprefix(root.rstrip("/")).lstrip("/")
