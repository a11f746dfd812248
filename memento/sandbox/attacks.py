# ruff: noqa: E501 - a script is easier to judge unbroken
"""Attempts to get out of a sandbox, one script each: the escape suite, for `memento doctor` and for tests.

A script prints a line that starts with ESCAPED when it did get out. Most would not harm the host even
then: they open what they must not write, and give arguments that the kernel refuses where a call itself
would do damage. Those of EXHAUSTION and SIGNALS would: never run them on the bare host. {root} is a folder
of the host with secrets, {port} a TCP service of the host on its loopback, {pid} a process of the host,
{name} an abstract socket.
"""

from dataclasses import dataclass
from typing import Literal

from memento.protocols import Limits
from memento.sandbox.attack_scripts import CALLS, FOREIGN, PYTHON, SHELL, SYSTEM_CALLS


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attempt. `run` says how: by /bin/sh, or by the sandbox's own Python."""

    name: str
    script: str
    run: Literal["sh", "python"] = "sh"
    limits: Limits | None = None
    exit_code: int | None = None
    """What a contained attempt ends with, where that is known: another code means that the script itself
    did not run as it was written, and has shown nothing."""
    silent: bool = False
    """Whether a contained attempt prints nothing at all."""
    may_hang: bool = False
    """Being stopped by the clock is an end that such a script may have."""
    after: str = ""
    """A shell script that is run `after_s` later, to see what survived."""
    after_s: float = 0.0


QUICK, BRIEF = Limits(wall_s=2.0), Limits(wall_s=1.0)
LATE = "[ -e /workspace/late ] && echo ESCAPED; rm -f /workspace/late"

EXHAUSTION = (
    Attack(
        name="forks without end",
        script="exec bash -c 'bomb() {{ bomb | bomb & }}; bomb; sleep 600'",
        limits=QUICK,
        may_hang=True,
    ),
    Attack(
        name="takes all memory",
        script="x = b'x' * (4 << 30)\nprint('ESCAPED')",
        run="python",
        limits=Limits(memory_mb=256, wall_s=60),
    ),
    Attack(
        name="fills /tmp",
        script="for i in 1 2 3 4 5 6; do head -c 30000000 /dev/zero >/tmp/f$i; done 2>/dev/null; "
        "[ $(du -sm /tmp | cut -f1) -gt 70 ] && echo ESCAPED; rm -f /tmp/f*",
    ),
    Attack(
        name="fills /dev/shm",
        script="for i in 1 2 3 4; do head -c 30000000 /dev/zero >/dev/shm/f$i; done 2>/dev/null; "
        "[ $(du -sm /dev/shm | cut -f1) -gt 70 ] && echo ESCAPED; rm -f /dev/shm/f*",
    ),
    Attack(
        name="fills the host's disk",
        # Ten times what it may: a watcher that this machine keeps waiting is late, one that is missing is not.
        script="i=0; while [ $i -lt 80 ]; do head -c 4000000 /dev/zero >f$i; i=$((i+1)); sleep 0.05; done; echo ESCAPED",
        limits=Limits(disk_mb=32, wall_s=60),
        exit_code=137,
        after="rm -f f*",
    ),
    Attack(
        name="writes one endless file",
        script="cat /dev/zero >big; [ $(wc -c <big) -gt 2000000 ] && echo ESCAPED; rm -f big",
        limits=Limits(file_mb=1, wall_s=60),
    ),
    Attack(
        name="prints without end",
        script="yes; echo ESCAPED",
        limits=Limits(output_kb=4, wall_s=60),
        exit_code=137,
    ),
    Attack(
        name="sleeps for ever", script="sleep 600; echo ESCAPED", limits=BRIEF, exit_code=124, may_hang=True
    ),
    Attack(
        name="ignores every signal",
        script="trap '' TERM INT HUP; while :; do sleep 1; done; echo ESCAPED",
        limits=BRIEF,
        exit_code=124,
        may_hang=True,
    ),
    Attack(
        name="computes for ever",
        script="while :; do :; done; echo ESCAPED",
        limits=Limits(cpu_s=1, wall_s=60),
    ),
    Attack(
        name="leaves a daemon behind",
        script="""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid(); [os.close(fd) for fd in range(3)]
        time.sleep(1); open("/workspace/late", "w").close(); os._exit(0)
    os._exit(0)
print("done")
""",
        run="python",
        exit_code=0,
        after=LATE,
        after_s=1.5,
    ),
    Attack(
        name="leaves processes behind when it is stopped",
        script="setsid sh -c 'sleep 3; touch /workspace/late' & setsid setsid sleep 600 & sleep 600",
        limits=QUICK,
        may_hang=True,
        after=LATE,
        after_s=1.5,
    ),
    Attack(
        name="waits for a writer that never comes",
        script="mkfifo pipe; cat pipe; echo ESCAPED",
        limits=BRIEF,
        may_hang=True,
        after="rm -f pipe",
    ),
)
SIGNALS = (
    Attack(name="kills everybody", script="kill -9 -1; kill -9 1; kill -9 0", limits=BRIEF, may_hang=True),
    Attack(name="stops everybody", script="kill -STOP -1; kill -STOP $PPID", limits=BRIEF, may_hang=True),
)
TERMINAL = Attack(
    name="paints the reader's terminal",
    script="printf '\\033[2J\\033]0;title\\007\\033]52;c;ZXZpbA==\\007\\033]8;;http://evil\\033\\\\x\\r\\342\\200\\256'",
    exit_code=0,
)
"""What it prints must be gone from what a reader is shown."""

LEFT_FOR_LATER = Attack(
    name="poisons the next shell",
    script="echo 'echo ESCAPED' | tee $HOME/.bashrc $HOME/.profile $HOME/.bash_profile >/dev/null",
    after="exec bash -c true",
)

KILLED_BY_FILTER = 128 + 31
"""SIGSYS."""

ATTACKS: tuple[Attack, ...] = (
    *(Attack(name=name, script=script) for name, script in SHELL.items()),
    *(Attack(name=name, script=script, run="python", exit_code=0) for name, script in PYTHON.items()),
    *(
        Attack(name=name, script=CALLS + script, run="python", exit_code=0, silent=True)
        for name, script in SYSTEM_CALLS.items()
    ),
    *(
        Attack(name=name, script=script, run="python", exit_code=KILLED_BY_FILTER, silent=True)
        for name, script in FOREIGN.items()
    ),
    TERMINAL,
    LEFT_FOR_LATER,
    *SIGNALS,
    *EXHAUSTION,
)

FEW = (
    "reads a file of the host by its path", "reads the library's .git", "reads the environment of process 1",
    "finds the Docker socket", "links to the host symbolically", "reaches a service on the host's loopback",
    "resolves a name", "mounts", "makes namespaces by unshare", "traces processes",
)  # fmt: skip
"""Names of quick ones, for a check that must not take long."""
