"""The few lines of shell that run before an untrusted command, and the commands that cannot be run at all.

    prologue:  a start mark on standard output; ulimit ...; cd CWD; exec COMMAND

It runs inside the confinement, where it starts in a millisecond (Python would need twenty), and its
limits are both soft and hard, so that the command cannot raise them. The mark tells a command that
ended with 1 from a confinement that could not be set up: nothing that the command writes comes first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from memento.errors import SandboxError
from memento.protocols import Completed, Limits

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes of a shell for a missing program and for one that cannot be executed."""

MARK = b"\x06"

MAX_ARGUMENT = (128 << 10) - 1
MAX_ARGUMENTS = 1 << 20
"""Linux: one argument, and half of what argv and environment may be together under an 8 MB stack."""

OPEN_FILES = 256

# dash calls the number of processes -p, bash calls it -u (and its -p can only be shown).
SCRIPT = """printf '\\006'
umask 022
ulimit -c 0
ulimit -f {blocks}
ulimit -n {files}
ulimit -t {cpu}
ulimit -v {memory}
{processes}
cd "$1" || exit 126
shift
{become}
"""
BECOME = 'exec "$@"'
KILLED, WAS_KILLED = 137, 237
"""A shell's exit code for SIGKILL, and the one by which process 1 says that the command got it."""

# As process 1 the shell stays, because the kernel ignores most signals to that process; what it would say
# about a child that a signal killed is not the command's. The subshell keeps builtins from standing in.
# No signal from inside ends process 1: when it ends by KILLED itself, somebody outside has done it.
STAY = f"""exec 3>&2 2>/dev/null
(exec "$@") 2>&3 3>&-
code=$?
[ $code = {KILLED} ] && exit {WAS_KILLED}
exit $code"""
PROCESSES = "ulimit -u {0} 2>/dev/null || ulimit -p {0}"


@dataclass(frozen=True, kw_only=True)
class Command:
    """What a session is asked to run."""

    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]


def wrap(command: Command, limits: Limits, *, count: bool, first: bool = False) -> list[str]:
    """argv that limits itself and becomes `command`.

    `count`: bound the number of processes here, too. `first`: it will be process 1 of a namespace.
    """
    script = SCRIPT.format(
        blocks=limits.file_mb * 2048,  # of 512 bytes, in every POSIX shell's /bin/sh mode
        files=OPEN_FILES,
        cpu=limits.cpu_s,
        memory=limits.memory_mb << 10,
        become=STAY if first else BECOME,
        processes=PROCESSES.format(limits.processes) if count else "",
    )
    return ["/bin/sh", "-c", script, "sh", command.cwd, *command.argv]


def run(command: Command, launch: Callable[[], Completed], *, advice: str) -> Completed:
    """The answer to `command`, which `launch` runs wrapped; what every session's `run` comes down to.

    SandboxError, ending with `advice`, when the confinement could not be set up.
    """
    if refused := refuse(command):
        return refused
    done = launch()
    if done.stdout.startswith(MARK):
        return replace(done, stdout=done.stdout[len(MARK) :])
    if done.timed_out:
        return done
    said = done.stderr.decode("utf-8", "replace").strip() or "no reason was given"
    raise SandboxError(f"a command could not be started in the sandbox: {said}. {advice}")


def refuse(command: Command) -> Completed | None:
    """The answer to a command that no system could start, None when it may be tried.

    SandboxError when the caller, not the command, is wrong: an empty argv or a relative `cwd`.
    """
    if not command.argv:
        raise SandboxError("an empty command was to be run; give at least a program name.")
    if not command.cwd.startswith("/"):
        raise SandboxError(
            f"the working directory {command.cwd!r} is not absolute; give one below /workspace."
        )
    if bad := [key for key in command.env if not key or "=" in key]:
        raise SandboxError(f"{bad[0]!r} is not the name of an environment variable.")
    words = [*command.argv, command.cwd, *(f"{key}={value}" for key, value in command.env.items())]
    reason = _unusable(words)
    if reason is None:
        return None
    return Completed(exit_code=NOT_EXECUTABLE, stdout=b"", stderr=f"cannot run this: {reason}\n".encode())


def _unusable(words: list[str]) -> str | None:
    if any("\0" in word for word in words):
        return "it contains a NUL character"
    try:
        sizes = [len(word.encode("utf-8", "surrogateescape")) for word in words]
    except UnicodeEncodeError:
        return "it contains half of a surrogate pair"
    if max(sizes) > MAX_ARGUMENT or sum(sizes) > MAX_ARGUMENTS:
        return f"argument list too long (at most {MAX_ARGUMENT} bytes each); write a file and run that"
    return None
