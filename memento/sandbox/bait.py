"""What no sandboxed command may reach: a folder, a process, services and a variable of the host, planted
for the length of a test so that reaching them is seen."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memento.sandbox.folders import scratch

SECRETS = ("secret", "home/.ssh/id_rsa", "library/.git/config", "library/.git/hooks/none")
SKILL = "skills/SKILL.md"
VARIABLE = "MEMENTO_CANARY"


@dataclass(frozen=True, kw_only=True)
class Bait:
    """The planted things. `canary` is what stands in all that is secret."""

    root: Path
    canary: str
    tcp: socket.socket
    local: tuple[socket.socket, socket.socket]
    process: "subprocess.Popen[bytes]"
    name: str

    def fill(self, script: str) -> str:
        """`script` with the places of the bait in it."""
        return script.format(
            root=self.root,
            port=self.tcp.getsockname()[1],
            pid=self.process.pid,
            name=self.name,
            devices=os.geteuid() == 0,
        )

    def harmed(self) -> str:
        """What happened to the host, in a few words; "" when nothing did."""
        if self._files() != self._planted():
            return "a file of the host was changed"
        if self.process.poll() is not None:
            return "a process of the host was killed"
        if _state(self.process.pid) == "T":
            return "a process of the host was stopped"
        return "a service of the host was reached" if self._was_called() else ""

    def _files(self) -> dict[str, str]:
        return {
            str(file.relative_to(self.root)): file.read_text("utf-8", "replace")
            for file in self.root.rglob("*")
            if file.is_file()
        }

    def _planted(self) -> dict[str, str]:
        return {**dict.fromkeys(SECRETS, self.canary), SKILL: "a skill\n"}

    def _was_called(self) -> bool:
        for service in (self.tcp, *self.local):
            try:
                service.accept()[0].close()
            except BlockingIOError:
                continue
            return True
        return False


@contextmanager
def planted() -> Iterator[Bait]:
    """Bait that is gone afterwards. The variable is put into this process's own environment on purpose:
    what must not show inside is what the launcher of a sandbox was given."""
    canary, name = f"canary-{secrets.token_hex(8)}", f"memento-{secrets.token_hex(8)}"
    before = os.environ.get(VARIABLE)
    with (
        scratch() as root,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as filed,
    ):
        for place in SECRETS:
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(canary, "utf-8")
        (root / SKILL).parent.mkdir()
        (root / SKILL).write_text("a skill\n", "utf-8")
        abstract.bind(f"\0{name}")
        filed.bind(str(root / "service"))
        for service in (abstract, filed):
            service.listen()
        for service in (tcp, abstract, filed):
            service.setblocking(False)
        os.environ[VARIABLE] = canary
        with _marker(root) as process:
            try:
                yield Bait(
                    root=root, canary=canary, tcp=tcp, local=(abstract, filed), process=process, name=name
                )
            finally:
                process.kill()
                _restore(before)


def _marker(root: Path) -> "subprocess.Popen[bytes]":
    """A process whose command line names it, and whose environment holds the canary."""
    sleep = shutil.which("sleep") or "/bin/sleep"
    return subprocess.Popen([f"{root}/marker-process", "3000"], executable=sleep, cwd=root)


def _state(pid: int) -> str:
    """The state of a process (proc_pid_stat(5))."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


def _restore(before: str | None) -> None:
    if before is None:
        del os.environ[VARIABLE]
    else:
        os.environ[VARIABLE] = before
