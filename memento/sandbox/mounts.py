"""Which mounts a sandbox takes: folders that exist, at neutral places of their own.

A target is an absolute, plain path whose first part is no system folder, not /workspace (untrusted code could
have put a link there) and not /tmp. Targets do not contain one another.
"""

from collections.abc import Sequence
from pathlib import Path

from memento.errors import SandboxError
from memento.protocols import Mount

RESERVED = frozenset(
    {
        *("bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "media", "mnt", "proc"),
        *("root", "run", "sbin", "srv", "sys", "tmp", "usr", "var", "workspace"),
    }
)


def checked(mounts: Sequence[Mount]) -> list[Mount]:
    """The mounts with resolved sources. SandboxError, naming the mount, when one is not allowed."""
    taken: list[str] = ["/opt/memento"]
    for mount in mounts:
        if reason := _wrong(mount, taken):
            raise SandboxError(f"cannot show {mount.source} at {mount.target!r} inside: {reason}.")
        taken.append(mount.target)
    return [Mount(source=mount.source.resolve(), target=mount.target) for mount in mounts]


def _wrong(mount: Mount, taken: Sequence[str]) -> str | None:
    parts = mount.target.split("/")
    if len(parts) < 2 or parts[0] or any(part in ("", ".", "..") for part in parts[1:]):
        return "the place must be an absolute, plain path"
    if "\0" in mount.target or parts[1] in RESERVED:
        return f"/{parts[1]} is reserved; use a place such as /skills"
    if any(_overlap(mount.target, other) for other in taken):
        return "another mount is there"
    if not mount.source.is_dir():
        return "it is not an existing folder"
    return None


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def workspace_of(workspace: Path | None, private: Path) -> Path:
    """The host folder that is /workspace: the given one, resolved, or a new one in `private`."""
    if workspace is None:
        made = private / "work"
        made.mkdir(mode=0o700)
        return made
    if not workspace.is_dir():
        raise SandboxError(f"the workspace {workspace} is not an existing folder; make it first.")
    return workspace.resolve()
