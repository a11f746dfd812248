"""What untrusted code tries on a real sandbox. After each attempt the host is as it was, and the next
command of the same session works."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from memento.protocols import Limits, Mount, Sandbox, SandboxSession
from tests.sandbox.attacks import CALLS, FOREIGN, PYTHON, SHELL, SYSTEM_CALLS

pytestmark = pytest.mark.real

CANARY = "canary-7f3a9c51"
QUICK = Limits(wall_s=2.0)


@dataclass(frozen=True, kw_only=True)
class Bait:
    """A folder, a process and services of the host that no sandboxed command may reach."""

    root: Path
    tcp: socket.socket
    local: tuple[socket.socket, socket.socket]
    process: subprocess.Popen
    name: str

    def fill(self, script: str) -> str:
        return script.format(
            root=self.root,
            port=self.tcp.getsockname()[1],
            pid=self.process.pid,
            name=self.name,
            devices=os.geteuid() == 0,
        )

    def files(self) -> dict[str, str]:
        return {str(f.relative_to(self.root)): f.read_text() for f in self.root.rglob("*") if f.is_file()}

    def was_called(self) -> bool:
        for service in (self.tcp, *self.local):
            service.setblocking(False)
            try:
                service.accept()[0].close()
            except BlockingIOError:
                continue
            return True
        return False


@pytest.fixture(scope="module")
def bait(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bait]:
    root = tmp_path_factory.mktemp("bait")
    for name in (
        "secret",
        "home/.ssh/id_rsa",
        "library/.git/config",
        "library/.git/hooks/none",
        "skills/SKILL.md",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{CANARY}\n")
    name = f"memento-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as filed,
        subprocess.Popen(["bash", "-c", f"exec -a {root}/marker-process sleep 3000"], cwd=root) as process,
    ):
        abstract.bind(f"\0{name}")
        filed.bind(str(root / "service"))
        abstract.listen()
        filed.listen()
        yield Bait(root=root, tcp=tcp, local=(abstract, filed), process=process, name=name)
        process.kill()


@pytest.fixture(scope="module")
def attacked(confining: Sandbox, bait: Bait) -> Iterator[SandboxSession]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMENTO_CANARY", CANARY)
        with confining.open(mounts=[Mount(source=bait.root / "skills", target="/skills")]) as session:
            yield session


@pytest.fixture(autouse=True)
def unharmed(attacked: SandboxSession, bait: Bait) -> Iterator[None]:
    before = bait.files()
    yield
    assert bait.files() == before
    assert bait.process.poll() is None
    assert not bait.was_called()
    assert attacked.run(["echo", "alive"]).stdout == b"alive\n"


@pytest.mark.parametrize("attempt", SHELL)
def test_a_shell_script_that(attacked, bait, attempt):
    done = attacked.run(["/bin/sh", "-c", bait.fill(SHELL[attempt])])
    assert done.timed_out is False
    assert b"ESCAPED" not in done.stdout, done.stdout
    if "mount" not in attempt:
        assert CANARY.encode() not in done.stdout + done.stderr


@pytest.mark.parametrize("attempt", PYTHON)
def test_a_python_script_that(attacked, bait, attempt):
    done = attacked.run([*attacked.python, "-c", bait.fill(PYTHON[attempt])])
    assert (done.exit_code, done.stderr) == (0, b"")
    assert b"ESCAPED" not in done.stdout, done.stdout
    host = {str(node.stat().st_ino) for node in map(Path, ("/dev/null", "/dev/zero", "/dev/urandom"))}
    assert not host & {line.split()[-1] for line in done.stdout.decode().splitlines() if "CHANGED" in line}


@pytest.mark.parametrize("attempt", SYSTEM_CALLS)
def test_a_system_call_that(attacked, bait, attempt):
    done = attacked.run([*attacked.python, "-c", bait.fill(CALLS) + SYSTEM_CALLS[attempt]])
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("attempt", FOREIGN)
def test_a_process_is_killed_that(attacked, attempt):
    done = attacked.run([*attacked.python, "-c", FOREIGN[attempt]])
    assert (done.exit_code, done.stdout) == (128 + 31, b"")


def test_a_fork_bomb_ends_with_its_command(attacked):
    began = time.monotonic()
    before = process_count()
    attacked.run(["bash", "-c", "bomb() { bomb | bomb & }; bomb; sleep 600"], limits=QUICK)
    assert time.monotonic() - began < 15
    assert process_count() < before + 20


def process_count() -> int:
    return sum(entry.name.isdigit() for entry in Path("/proc").iterdir())


FORKS = """
import os, time
made = 0
try:
    while made < 500:
        if os.fork() == 0: time.sleep(60)
        made += 1
except BlockingIOError: pass
print(made)
"""


def test_no_more_processes_than_allowed_are_made(attacked):
    done = attacked.run([*attacked.python, "-c", FORKS], limits=Limits(processes=20, wall_s=10))
    assert 5 < int(done.stdout) <= 22


def test_the_limit_of_a_session_holds_for_its_commands(confining):
    with confining.open(limits=Limits(processes=20, wall_s=10)) as session:
        assert 5 < int(session.run([*session.python, "-c", FORKS]).stdout) <= 22


def test_mounts_and_packages_are_mounted_read_only(attacked):
    lines = attacked.run(["cat", "/proc/self/mountinfo"]).stdout.decode().splitlines()
    options = {line.split()[4]: line.split()[5].split(",")[0] for line in lines}
    theirs = {place: mode for place, mode in options.items() if place.startswith(("/skills", "/opt/memento"))}
    assert set(theirs) >= {"/skills", "/opt/memento/site", "/opt/memento/python"}
    assert set(theirs.values()) == {"ro"}
    assert (options["/"], options["/workspace"]) == ("ro", "rw")


def test_a_memory_bomb_ends_itself_only(attacked):
    done = attacked.run([*attacked.python, "-c", "x = b'x' * (4 << 30)"], limits=Limits(memory_mb=256))
    assert done.exit_code in (1, 137)
    assert done.timed_out is False


def test_many_processes_together_take_no_more_than_allowed(attacked):
    if os.geteuid() != 0:
        pytest.skip("bound in all only with a control group, which an ordinary user may not make")
    code = """
import os, time
for _ in range(10):
    if os.fork() == 0:
        x = b'x' * (60 << 20)
        time.sleep(30)
        os._exit(0)
time.sleep(3)
dead = 0
while os.waitpid(-1, os.WNOHANG)[0]: dead += 1
print(10 - dead)
"""
    done = attacked.run([*attacked.python, "-c", code], limits=Limits(memory_mb=256, wall_s=20))
    assert done.stdout.strip() in (b"", b"1", b"2", b"3", b"4"), "10 times 60 MB do not fit in 256 MB"


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_a_disk_in_memory_has_an_end(attacked, place):
    script = (
        f"for i in 1 2 3 4 5 6; do head -c 30000000 /dev/zero >{place}/f$i; done; du -sm {place} | cut -f1"
    )
    done = attacked.run(["sh", "-c", script])
    assert int(done.stdout or b"0") <= 66
    assert b"No space left" in done.stderr or done.exit_code == 137


def test_what_goes_to_tmp_is_not_on_the_hosts_tmp(attacked):
    attacked.run(["sh", "-c", f"echo x >/tmp/{CANARY}"])
    assert not Path("/tmp", CANARY).exists()


def test_a_daemon_does_not_survive_its_command(attacked):
    code = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid(); [os.close(fd) for fd in range(3)]
        time.sleep(1.5); open("/workspace/late", "w").close(); os._exit(0)
    os._exit(0)
print("done")
"""
    assert attacked.run([*attacked.python, "-c", code]).stdout == b"done\n"
    time.sleep(2)
    assert attacked.run(["ls", "/workspace/late"]).exit_code != 0


def test_a_daemon_does_not_survive_a_timeout(attacked):
    script = "setsid sh -c 'sleep 4; touch /workspace/late' & setsid setsid sleep 600 & sleep 600"
    assert attacked.run(["sh", "-c", script], limits=QUICK).timed_out
    time.sleep(2.5)
    assert attacked.run(["ls", "/workspace/late"]).exit_code != 0


def test_signals_to_everybody_reach_nobody_outside(attacked):
    attacked.run(["sh", "-c", "kill -9 -1; kill -9 1; kill -9 0"], limits=QUICK)
    attacked.run(["sh", "-c", "kill -STOP -1; kill -STOP $PPID"], limits=QUICK)


def test_a_profile_written_in_home_is_not_run_by_the_next_command(attacked):
    attacked.run(["sh", "-c", "echo 'echo POISONED' | tee $HOME/.bashrc $HOME/.profile $HOME/.bash_profile"])
    assert attacked.run(["bash", "-c", "true"]).stdout == b""


def test_a_link_in_the_workspace_does_not_become_a_mount_point(confining, bait, tmp_path):
    with confining.open(workspace=tmp_path) as session:
        session.run(
            [
                "sh",
                "-c",
                f"cd /workspace; ln -s {bait.root} link; rm -rf /workspace/*; rmdir /workspace; "
                "ln -s / /workspace",
            ]
        )
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_tree_too_deep_for_anybody_can_be_removed(confining):
    deeper = "os.mkdir('d'); os.chdir('d'); i % 100 or os.chmod('.', 0o300)"
    code = f"import os\nfor i in range(5000): {deeper}"
    with confining.open() as session:
        done = session.run([*session.python, "-c", code])
        assert done.exit_code == 0, done


def test_a_fifo_with_no_writer_is_only_a_slow_command(attacked):
    done = attacked.run(["sh", "-c", "mkfifo pipe; cat pipe"], limits=QUICK)
    assert done.timed_out
    attacked.run(["rm", "-f", "pipe"])


def test_the_self_test_passes_and_is_quick(confining):
    began = time.monotonic()
    confining.check()
    assert time.monotonic() - began < 5
