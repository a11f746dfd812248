"""A break-out attempt with real canaries: a file, a variable and a service of the host, and a write.

It proves the absence of gross mistakes (a sandbox that confines nothing, a host that ignores its options),
in a tenth of a second. What a determined attacker would try is in the test suite.
"""

import os
import secrets
import socket
from pathlib import Path

from memento.errors import SandboxError
from memento.protocols import Limits, Sandbox
from memento.sandbox.folders import scratch

# Each line prints a word of its own when it got out. The Python is the sandbox's own, tried on the way.
SCRIPT = """
cat "$1"/canary 2>/dev/null
(echo out >"$1"/written) 2>/dev/null
cat /proc/*/environ 2>/dev/null
env
for f in "$HOME"/.ssh /root/.ssh /home/*/.ssh /run/docker.sock /var/run/docker.sock; do
  [ -e "$f" ] && echo "visible-$3 $f"
done
(: >/proc/sys/kernel/core_pattern) 2>/dev/null && echo "visible-$3 /proc/sys"
bash -c 'exec 3<>/dev/tcp/127.0.0.1/'"$2" 2>/dev/null && echo "visible-$3 loopback"
python3 -c 'print("python-" + "works")'
"""

ALLOWED = frozenset(
    {
        *(
            "HOME",
            "HOSTNAME",
            "LANG",
            "LC_CTYPE",
            "LD_LIBRARY_PATH",
            "OLDPWD",
            "PATH",
            "PWD",
            "SHLVL",
            "TMPDIR",
        ),
        *("GPG_KEY", "PYTHONDONTWRITEBYTECODE", "TMPDIR", "_"),
    }
)
"""Names that are inside whatever the host's environment is; Python images set the key."""

LIMITS = Limits(wall_s=20.0)


def check(sandbox: Sandbox) -> None:
    """SandboxError when `sandbox` lets any canary be seen or cannot run its Python."""
    nonce = secrets.token_hex(8)
    with scratch() as bait, socket.create_server(("127.0.0.1", 0)) as service:
        (bait / "canary").write_text(f"canary-{nonce}\n", "utf-8")
        service.setblocking(False)
        with sandbox.open(limits=LIMITS) as session:
            port = str(service.getsockname()[1])
            done = session.run(["/bin/sh", "-c", SCRIPT, "sh", str(bait), port, nonce])
        output = done.stdout.decode("utf-8", "replace")
        leaks = _leaks(output, nonce, bait, service)
    if leaks:
        raise SandboxError(
            f"the {sandbox.name} sandbox does not hold on this host: {'; '.join(leaks)}. "
            "Use another one, or give --sandbox host by hand for code you trust."
        )
    if "python-works" not in output:
        reason = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise SandboxError(
            f"Python does not run in the {sandbox.name} sandbox: {reason or 'no output'}. "
            "Install Memento with a Python of your distribution, of uv, or of pyenv."
        )


def _leaks(output: str, nonce: str, bait: Path, service: socket.socket) -> list[str]:
    leaks = [line.partition(" ")[2] for line in output.splitlines() if line.startswith(f"visible-{nonce}")]
    if f"canary-{nonce}" in output:
        leaks.append("a file of the host could be read")
    if (bait / "written").exists():
        leaks.append("a file of the host could be written")
    if _was_called(service):
        leaks.append("a service of the host could be reached")
    # Our own environment on purpose: what must not show inside is what this very process was given.
    foreign = _pairs(output) & set(os.environ.items())
    foreign_names = {name for name, _ in foreign if name not in ALLOWED and not name.startswith("PYTHON_")}
    if foreign_names:
        leaks.append(f"the host's environment shows ({', '.join(sorted(foreign_names))})")
    return leaks


def _pairs(output: str) -> set[tuple[str, str]]:
    lines = output.replace("\0", "\n").splitlines()
    return {(name, value) for name, equals, value in (line.partition("=") for line in lines) if equals}


def _was_called(service: socket.socket) -> bool:
    try:
        service.accept()[0].close()
    except BlockingIOError:
        return False
    return True
