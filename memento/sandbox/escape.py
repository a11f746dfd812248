"""The escape suite: every attack on one sandbox, and what came of it.

An attempt is contained when
- it printed no ESCAPED and no canary, and ended as a contained attempt ends;
- what it printed carries no control character once it was made safe to read;
- the host is as it was: its files, its process, its services, and no process of the attempt is left on it;
- the next command of the same session works.

A process of an attempt is known by a variable that the attempt was started with: /proc shows it to root, and
to an ordinary user for processes of their own (bubblewrap's, not Docker's).
"""

import secrets
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from memento.errors import SandboxError
from memento.protocols import Completed, Mount, Sandbox, SandboxSession
from memento.sandbox.attacks import ATTACKS, Attack
from memento.sandbox.bait import Bait, planted

ATTEMPT = "MEMENTO_ATTEMPT"
"""The variable that every process of an attempt inherits; its value is different for each."""

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one attempt; `detail` says what was not contained."""

    attempt: str
    contained: bool
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """A sandbox that is being attacked. `shown` is what makes output safe to read; in `buried_s` the kernel
    must have buried what was killed."""

    session: SandboxSession
    bait: Bait
    shown: Callable[[str], str]
    buried_s: float = 20.0

    def attempt(self, attack: Attack) -> Outcome:
        """Run one attack. SandboxError only when the sandbox itself broke without one."""
        began, token = time.monotonic(), secrets.token_hex(8)
        try:
            detail = self._detail(attack, token) or self._aftermath(attack, token)
        except SandboxError as error:
            detail = f"the sandbox broke: {error}"
        return Outcome(
            attempt=attack.name, contained=not detail, detail=detail, seconds=time.monotonic() - began
        )

    def _detail(self, attack: Attack, token: str) -> str:
        shell = attack.run == "sh"
        argv = ["/bin/sh", "-c"] if shell else [*self.session.python, "-c"]
        filled = self.bait.fill(attack.script)
        done = self.session.run([*argv, filled], env={ATTEMPT: token}, limits=attack.limits)
        if detail := self._leaked(done):
            return detail
        if done.timed_out and not attack.may_hang:
            return "it had to be stopped by the clock"
        if attack.exit_code is not None and done.exit_code != attack.exit_code:
            said = self.shown(done.stderr.decode("utf-8", "replace"))[-200:]
            return f"it ended with {done.exit_code} instead of {attack.exit_code}: {said}"
        if attack.silent and done.stdout:
            return "it printed something"
        return ""

    def _leaked(self, done: Completed) -> str:
        text = (done.stdout + done.stderr).decode("utf-8", "replace")
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        if escaped := [line for line in lines if line.startswith("ESCAPED")]:
            return self.shown(escaped[0])[:200]
        if self.bait.canary in text:
            return "a secret of the host was printed"
        host = {str(Path(device).stat().st_ino) for device in DEVICES}
        if host & {line.split()[-1] for line in lines if line.startswith("CHANGED")}:
            return "a device of the host was changed"
        if any(unicodedata.category(c) in ("Cc", "Cf") for c in self.shown(text) if c not in "\n\t"):
            return "control characters of its output reach the reader"
        return ""

    def _aftermath(self, attack: Attack, token: str) -> str:
        if harm := self.bait.harmed():
            return harm
        if attack.after_s:
            time.sleep(attack.after_s)
        alive = self.session.run(["/bin/sh", "-c", f"({attack.after or ':'}); echo alive"])
        if b"ESCAPED" in alive.stdout:
            return "something of it survived"
        if alive.stdout != b"alive\n":
            return "the next command does not work"
        return "processes of it are left on the host" if self._outlived(token) else ""

    def _outlived(self, token: str) -> bool:
        until = time.monotonic() + self.buried_s
        while found := _carries(token):
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        return found


@contextmanager
def attacked(sandbox: Sandbox, *, shown: Callable[[str], str]) -> Iterator[Attacked]:
    """A session of `sandbox` with bait around it. SandboxError when it cannot be opened."""
    with planted() as bait:
        mount = Mount(source=bait.root / "skills", target="/skills")
        with sandbox.open(mounts=[mount]) as session:
            yield Attacked(session=session, bait=bait, shown=shown)


def examine(
    sandbox: Sandbox, *, shown: Callable[[str], str], only: Sequence[str] | None = None
) -> Iterator[Outcome]:
    """The outcomes of the suite, or of the attacks named `only`, one by one."""
    with attacked(sandbox, shown=shown) as victim:
        for attack in ATTACKS:
            if only is None or attack.name in only:
                yield victim.attempt(attack)


def _carries(token: str) -> bool:
    """Whether a process of this machine was started with `token` in its environment."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it is somebody else's, or has just ended
            if f"{ATTEMPT}={token}".encode() in environment.read_bytes().split(b"\0"):
                return True
    return False
