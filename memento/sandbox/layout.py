"""What exists inside a bubblewrap sandbox, as bwrap's options: an allow-list, everything else is absent.

/usr /bin /lib ...   the host's, read-only            /opt/memento   the interpreter, read-only
/etc                 a few lines of our own           mounts         read-only
/proc                read-only, thinned out           /tmp /dev/shm  tmpfs of a fixed size
/dev                 null zero full random tty pts    /workspace     the workspace, read-write
"""

import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from memento.protocols import Limits, Mount
from memento.sandbox import interpreter

SHM_BYTES = 16 << 20

FIXED = [
    *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"),
    # bwrap's own process 1 would be left to the host's init as a zombie, counted in our control group.
    "--as-pid-1",
    *("--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--hostname", "sandbox", "--clearenv"),
    *("--ro-bind", "/usr", "/usr"),
]

DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
"""Major and minor numbers (Documentation/admin-guide/devices.txt)."""

LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

ETC = {
    "passwd": "root:x:0:0:root:/:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}

PUBLIC_PROC = frozenset(
    {"cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version", "cgroups"}
)
"""Files of /proc itself that programs read and that tell nothing of the host but its size and load."""

PUBLIC_PROC_FOLDERS = frozenset({"sys"})


def layout(private: Path, work: Path, mounts: Sequence[Mount]) -> list[str]:
    """Options that stay the same for a session; writes /etc and the Python environment into `private`."""
    options = [*FIXED, *_system(), *_etc(private / "etc"), *_proc(Path("/proc")), "--dev", "/dev"]
    options += _devices(private / "dev")
    options += ["--remount-ro", "/dev", "--size", str(SHM_BYTES), "--tmpfs", "/dev/shm"]  # noqa: S108 - theirs
    for mount in [*_python(private / "python"), *mounts]:
        options += ["--ro-bind", str(mount.source), mount.target]
    return [*options, "--bind", str(work), "/workspace"]


def moment(env: Mapping[str, str], limits: Limits) -> list[str]:
    """Options of one command."""
    options = ["--size", str(limits.file_mb << 20), "--tmpfs", "/tmp", "--remount-ro", "/"]  # noqa: S108 - theirs
    for name, value in (interpreter.environment() | dict(env)).items():
        options += ["--setenv", name, value]
    return options


def _system() -> list[str]:
    options = []
    for name in LINKS:
        place = Path("/", name)
        if place.is_symlink():
            options += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            options += ["--ro-bind", str(place), str(place)]
    return options


def _etc(folder: Path) -> list[str]:
    folder.mkdir()
    for name, text in ETC.items():
        (folder / name).write_text(text, "utf-8")
    options = ["--ro-bind", str(folder), "/etc"]
    cache, alternatives = Path("/etc/ld.so.cache"), Path("/etc/alternatives")
    if cache.exists():
        (folder / cache.name).touch()
        options += ["--ro-bind", str(cache), str(cache)]
    if alternatives.is_dir():
        # awk and other tools are links through this folder on Debian.
        (folder / alternatives.name).mkdir()
        options += ["--ro-bind", str(alternatives), str(alternatives)]
    return options


def _proc(host: Path) -> list[str]:
    """/proc, read-only, without what only its owner could use.

    When we are root the sandbox's user is the host's root without capabilities, and much of /proc looks at
    the user only: /proc/sys/kernel/core_pattern could be written and /proc/kpageflags read.
    """
    options = ["--proc", "/proc"]
    for entry in sorted(host.iterdir()):
        if entry.name.isdigit() or entry.is_symlink():
            continue
        if entry.is_dir() and entry.name not in PUBLIC_PROC_FOLDERS:
            options += ["--size", "4096", "--tmpfs", str(entry), "--remount-ro", str(entry)]
        elif entry.is_file() and entry.name not in PUBLIC_PROC:
            options += ["--ro-bind", "/dev/null", str(entry)]
    return [*options, "--remount-ro", "/proc"]


def _devices(folder: Path) -> list[str]:
    """Device nodes of our own instead of the host's, when we are root.

    Their owner may change their mode, and when we are root, that is who the sandbox's user is: it could
    take /dev/null away from the whole host. Where nodes cannot be made (in some containers) bwrap's stay.
    """
    if os.geteuid() != 0:
        return []
    folder.mkdir()
    options = []
    for name, (major, minor) in DEVICES.items():
        node = folder / name
        try:
            os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(major, minor))
        except PermissionError:
            return []
        node.chmod(0o666)
        options += ["--dev-bind", str(node), f"/dev/{name}"]
    return options


def _python(folder: Path) -> list[Mount]:
    """Mounts of the interpreter; fills the new `folder` with its virtual environment."""
    inside, mounts = interpreter.own_prefix()
    interpreter.write_environment(folder, inside, minors=[sys.version_info.minor])
    return [*mounts, *interpreter.packages().mounts, Mount(source=folder, target=interpreter.VENV)]
