"""System calls that sandboxed code has no business with, and their numbers (Linux 6.x, asm/unistd.h).

A name without a number on an architecture does not exist there. Numbers from 424 on are the same
everywhere. What is not named here is allowed: the confinement is done by namespaces, dropped
capabilities and limits; this list only takes away kernel surface and the ways to build new namespaces.
"""

from dataclasses import dataclass

UNIFIED_DENIED = {
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "open_tree_attr": 467,
}

UNIFIED_ABSENT = {"clone3": 435, "openat2": 437}
"""Answered with ENOSYS, so that the C library falls back: their arguments lie in memory, where a filter
cannot look."""

X86_64_DENIED = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "bpf": 321,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "keyctl": 250,
    "add_key": 248,
    "request_key": 249,
    "mount": 165,
    "umount2": 166,
    "pivot_root": 155,
    "chroot": 161,
    "unshare": 272,
    "setns": 308,
    "kexec_load": 246,
    "kexec_file_load": 320,
    "init_module": 175,
    "finit_module": 313,
    "delete_module": 176,
    "reboot": 169,
    "swapon": 167,
    "swapoff": 168,
    "acct": 163,
    "quotactl": 179,
    "lookup_dcookie": 212,
    "settimeofday": 164,
    "clock_settime": 227,
    "adjtimex": 159,
    "clock_adjtime": 305,
    "iopl": 172,
    "ioperm": 173,
    "modify_ldt": 154,
    "personality": 135,
    "syslog": 103,
    "open_by_handle_at": 304,
    "name_to_handle_at": 303,
    "move_pages": 279,
    "migrate_pages": 256,
    "mbind": 237,
    "set_mempolicy": 238,
    "fanotify_init": 300,
    "vhangup": 153,
    "sethostname": 170,
    "setdomainname": 171,
    "uselib": 134,
    "sysfs": 139,
}

AARCH64_DENIED = {
    "ptrace": 117,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "kcmp": 272,
    "bpf": 280,
    "perf_event_open": 241,
    "userfaultfd": 282,
    "keyctl": 219,
    "add_key": 217,
    "request_key": 218,
    "mount": 40,
    "umount2": 39,
    "pivot_root": 41,
    "chroot": 51,
    "unshare": 97,
    "setns": 268,
    "kexec_load": 104,
    "kexec_file_load": 294,
    "init_module": 105,
    "finit_module": 273,
    "delete_module": 106,
    "reboot": 142,
    "swapon": 224,
    "swapoff": 225,
    "acct": 89,
    "quotactl": 60,
    "lookup_dcookie": 18,
    "settimeofday": 170,
    "clock_settime": 112,
    "adjtimex": 171,
    "clock_adjtime": 266,
    "personality": 92,
    "syslog": 116,
    "open_by_handle_at": 265,
    "name_to_handle_at": 264,
    "move_pages": 239,
    "migrate_pages": 238,
    "mbind": 235,
    "set_mempolicy": 237,
    "fanotify_init": 262,
    "vhangup": 58,
    "sethostname": 161,
    "setdomainname": 162,
}


@dataclass(frozen=True, kw_only=True)
class ModeArgument:
    """A call whose argument `index` may carry set-user-id and set-group-id bits."""

    number: int
    index: int


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Numbers of one machine; `audit` is its AUDIT_ARCH_ value (linux/audit.h)."""

    audit: int
    denied: dict[str, int]
    clone: int
    socket: int
    ioctl: int
    modes: dict[str, ModeArgument]
    x32_bit: int = 0
    """Numbers from here on belong to another ABI of the same machine; 0 when there is none."""


ARCHITECTURES = {
    "x86_64": Architecture(
        audit=0xC000003E,
        denied=X86_64_DENIED | UNIFIED_DENIED,
        clone=56,
        socket=41,
        ioctl=16,
        modes={
            "open": ModeArgument(number=2, index=2),
            "creat": ModeArgument(number=85, index=1),
            "openat": ModeArgument(number=257, index=3),
            "chmod": ModeArgument(number=90, index=1),
            "fchmod": ModeArgument(number=91, index=1),
            "fchmodat": ModeArgument(number=268, index=2),
            "fchmodat2": ModeArgument(number=452, index=2),
            "mknod": ModeArgument(number=133, index=1),
            "mknodat": ModeArgument(number=259, index=2),
        },
        x32_bit=0x40000000,
    ),
    "aarch64": Architecture(
        audit=0xC00000B7,
        denied=AARCH64_DENIED | UNIFIED_DENIED,
        clone=220,
        socket=198,
        ioctl=29,
        modes={
            "openat": ModeArgument(number=56, index=3),
            "fchmod": ModeArgument(number=52, index=1),
            "fchmodat": ModeArgument(number=53, index=2),
            "fchmodat2": ModeArgument(number=452, index=2),
            "mknodat": ModeArgument(number=33, index=2),
        },
    ),
}
