"""The system call filter, as a classic BPF program for bubblewrap and as a profile for Docker.

    foreign architecture, x32 numbers          the process is killed
    clone3, openat2                            ENOSYS
    a denied call (see syscalls.py)            EPERM
    clone with a CLONE_NEW* flag               EPERM
    socket(domain) with domain != AF_UNIX      EAFNOSUPPORT
    a mode with set-user-id or set-group-id    EPERM: the workspace lies on a host disk without nosuid
    ioctl TIOCSTI, TIOCLINUX                   EPERM: they type into a terminal
    everything else                            allowed

Instruction and data layout: linux/filter.h, linux/seccomp.h, seccomp(2).
"""

import errno
import json
import struct

from memento.errors import SandboxError
from memento.sandbox.syscalls import ARCHITECTURES, UNIFIED_ABSENT, Architecture

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, ERRNO, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000

NUMBER, ARCH, ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data; an argument is 8 bytes, its low half first on both machines."""

AF_UNIX = 1
NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET (linux/sched.h)."""
SET_ID = 0o6000
TERMINAL_REQUESTS = (0x5412, 0x541C)

Instruction = tuple[int, int, int, int]
"""(code, jump when true, jump when false, constant)."""


def program(machine: str) -> bytes:
    """The filter for `machine` (as os.uname().machine has it). SandboxError for an unknown one."""
    arch = _architecture(machine)
    code: list[Instruction] = [
        (LOAD, 0, 0, ARCH),
        (JUMP_EQUAL, 1, 0, arch.audit),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
    ]
    if arch.x32_bit:
        code += [(JUMP_GREATER_EQUAL, 0, 1, arch.x32_bit), (RETURN, 0, 0, KILL_PROCESS)]
    for number in UNIFIED_ABSENT.values():
        code += _answer(number, errno.ENOSYS)
    for number in arch.denied.values():
        code += _answer(number, errno.EPERM)
    code += _when_argument(arch.clone, 0, [(JUMP_ANY_BIT, 0, 1, NEW_NAMESPACES)], errno.EPERM)
    code += _when_argument(arch.socket, 0, [(JUMP_EQUAL, 1, 0, AF_UNIX)], errno.EAFNOSUPPORT)
    for mode in arch.modes.values():
        code += _when_argument(mode.number, mode.index, [(JUMP_ANY_BIT, 0, 1, SET_ID)], errno.EPERM)
    for request in TERMINAL_REQUESTS:
        code += _when_argument(arch.ioctl, 1, [(JUMP_EQUAL, 0, 1, request)], errno.EPERM)
    code.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _answer(number: int, error: int) -> list[Instruction]:
    return [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | error)]


def _when_argument(number: int, index: int, test: list[Instruction], error: int) -> list[Instruction]:
    """Answer `error` when the call is `number` and `test` of the argument's low half falls through.

    The kernel takes these arguments as 32-bit values, so the high half does not count.
    """
    body: list[Instruction] = [
        (LOAD, 0, 0, ARGUMENTS + 8 * index),
        *test,
        (RETURN, 0, 0, ERRNO | error),
        (LOAD, 0, 0, NUMBER),
    ]
    return [(JUMP_EQUAL, 0, len(body), number), *body]


def docker_profile(machine: str) -> str:
    """The same rules as JSON for `--security-opt seccomp=`; names a kernel lacks are skipped by Docker."""
    arch = _architecture(machine)
    rules: list[dict[str, object]] = [
        _rule(sorted(arch.denied), errno.EPERM),
        _rule(sorted(UNIFIED_ABSENT), errno.ENOSYS),
        _rule(["socket"], errno.EAFNOSUPPORT, index=0, value=AF_UNIX, op="SCMP_CMP_NE"),
    ]
    rules += [_masked(["clone"], 0, 1 << n) for n in range(32) if NEW_NAMESPACES >> n & 1]
    for name, mode in arch.modes.items():
        rules += [_masked([name], mode.index, bit) for bit in (0o4000, 0o2000)]
    for request in TERMINAL_REQUESTS:
        rules.append(_rule(["ioctl"], errno.EPERM, index=1, value=request, op="SCMP_CMP_EQ"))
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules})


def _rule(
    names: list[str], error: int, *, index: int | None = None, value: int = 0, op: str = ""
) -> dict[str, object]:
    test = [] if index is None else [{"index": index, "value": value, "op": op}]
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": error, "args": test}


def _masked(names: list[str], index: int, bit: int) -> dict[str, object]:
    """A rule for one bit of an argument: in a masked comparison `value` is the mask."""
    test = [{"index": index, "value": bit, "valueTwo": bit, "op": "SCMP_CMP_MASKED_EQ"}]
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM, "args": test}


def _architecture(machine: str) -> Architecture:
    arch = ARCHITECTURES.get(machine)
    if arch is None:
        raise SandboxError(
            f"no system call filter is written for {machine}, only for {' and '.join(ARCHITECTURES)}. "
            "Run on one of these, or give --sandbox host by hand for code you trust."
        )
    return arch
