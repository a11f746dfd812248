"""The options of a sandboxed container: what it is allowed, which is little, and whose it is."""

import os
import platform
import socket
from typing import Any

from memento.protocols import Limits
from memento.sandbox import interpreter, seccomp

DEFAULT_ENGINE = "unix:///var/run/docker.sock"
NOBODY = 65534
LABEL, OWNER = "memento", "memento.owner"
OUR_PROCESSES = 5
"""In the container beside the command's own: the keeper and its sleep, the wrapper, timeout, the engine's."""


def knock(environment: dict[str, str]) -> None:
    """OSError when nobody listens on the engine's local socket; the SDK would leak its own socket then."""
    from docker.context import ContextAPI
    from docker.utils import kwargs_from_env

    found = kwargs_from_env(environment=environment)
    if "base_url" not in found:
        found |= ContextAPI.kwargs_from_context(environment=environment)
    scheme, _, path = found.get("base_url", DEFAULT_ENGINE).partition("://")
    if scheme in ("unix", "http+unix"):
        with socket.socket(socket.AF_UNIX) as trial:
            trial.connect(path)


def environment() -> dict[str, str]:
    return {name: value for name, value in interpreter.environment().items() if name != "LD_LIBRARY_PATH"}


def confinement(limits: Limits) -> dict[str, Any]:
    """Options of the container, as the SDK takes them."""
    from docker.types import LogConfig, Ulimit

    uid, gid = (NOBODY, NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    files = [Ulimit(name="nofile", soft=256, hard=256), Ulimit(name="core", soft=0, hard=0)]
    return {
        "entrypoint": ["/bin/sh"],
        "user": f"{uid}:{gid}",
        "labels": {LABEL: "1", OWNER: owner()},
        "network_mode": "none",
        "hostname": "sandbox",
        "working_dir": "/workspace",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={seccomp.docker_profile(platform.machine())}"],
        "pids_limit": limits.processes + OUR_PROCESSES,
        "mem_limit": limits.memory_mb << 20,
        "memswap_limit": limits.memory_mb << 20,
        "nano_cpus": 1_000_000_000,
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,mode=1777,size={limits.file_mb}m"},  # noqa: S108 - theirs
        "ipc_mode": "private",
        "shm_size": 16 << 20,
        "ulimits": files,
        "log_config": LogConfig(type=LogConfig.types.NONE),
        "auto_remove": False,
    }


def owner() -> str:
    return f"{os.uname().nodename}:{os.getpid()}"
