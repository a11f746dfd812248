"""Processes inside the sandbox: kept out of each other's sight, waited for, and killed to the last.

Linux only: PR_SET_DUMPABLE hides /proc/PID/{fd,mem,...} from other processes of the same user, and
PR_SET_CHILD_SUBREAPER makes orphans of any depth our children (prctl(2)).
"""

import os
import select
import signal

_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36


def become_opaque_and_adopt() -> None:
    """From now on nobody looks into this process or its forks, and every orphan becomes its child."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_DUMPABLE, 0), (_PR_SET_CHILD_SUBREAPER, 1)):
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), f"prctl({option})")


def finish(leader: int) -> None:
    """End a child that has nothing more to say."""
    try:
        os.kill(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
    os.waitpid(leader, 0)


def kill_group(leader: int) -> bool:
    """Kill what is left of a process group whose leader was waited for; whether anything was alive."""
    try:
        while os.waitpid(-leader, os.WNOHANG)[0]:
            pass  # dead already
    except ChildProcessError:
        pass  # none of them is ours to wait for
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def kill_orphans(known: set[int]) -> bool:
    """Kill children of this process that are not `known`: descendants that somebody left to us."""
    found = False
    for _ in range(100):  # an orphan's children become ours when it dies
        strangers = _children(os.getpid()) - known
        if not strangers:
            return found
        for pid in strangers:
            found = _kill(pid) or found
    return found


def _kill(pid: int) -> bool:
    """Kill and wait; False for what was dead already."""
    try:
        dead, _ = os.waitpid(pid, os.WNOHANG)
        if dead:
            return False
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return False
    return True


def _children(parent: int) -> set[int]:
    try:
        with open(f"/proc/{parent}/task/{parent}/children") as file:  # noqa: PTH123
            return {int(word) for word in file.read().split()}
    except OSError:
        return set()  # a kernel without CONFIG_PROC_CHILDREN: the sandbox's end kills them


def read_until_exit(pid: int, pipe: int) -> tuple[bytes, int]:
    """What `pid` wrote to the non-blocking `pipe` until it exited, and its exit code.

    The end of the process is what counts: a child that it left behind may hold the pipe open.
    """
    said = b""
    descriptor = os.pidfd_open(pid)
    try:
        while True:
            ready, _, _ = select.select([pipe, descriptor], [], [])
            while data := _read(pipe):
                said = (said + data)[: 1 << 16]
            if descriptor in ready:
                _, status = os.waitpid(pid, 0)
                while data := _read(pipe):
                    said = (said + data)[: 1 << 16]
                return said, os.waitstatus_to_exitcode(status)
            if pipe in ready and data == b"":
                _, status = os.waitpid(pid, 0)
                return said, os.waitstatus_to_exitcode(status)
    finally:
        os.close(descriptor)


def _read(pipe: int) -> bytes:
    try:
        return os.read(pipe, 1 << 16)
    except BlockingIOError:
        return b""
