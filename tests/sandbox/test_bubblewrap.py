"""What only bubblewrap promises: the ways it can fail, and what it leaves behind (nothing)."""

import gc
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

import memento
from memento.errors import SandboxError
from memento.protocols import Limits
from memento.sandbox import cgroup
from memento.sandbox.bubblewrap import Bubblewrap

pytestmark = pytest.mark.real


def program(folder: Path, script: str) -> Path:
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_set_up_that_fails_is_an_accident_not_an_exit_code(tmp_path):
    broken = Bubblewrap(program=program(tmp_path, "echo 'bwrap: no user namespaces' >&2; exit 1"))
    with broken.open() as session, pytest.raises(SandboxError, match=r"no user namespaces.*start Docker"):
        session.run(["true"])


def test_a_command_that_looks_like_a_failed_set_up_is_an_answer():
    with Bubblewrap().open() as session:
        done = session.run(["sh", "-c", "echo 'bwrap: no user namespaces' >&2; exit 1"])
    assert (done.exit_code, done.stderr) == (1, b"bwrap: no user namespaces\n")


def test_the_self_test_refuses_a_bubblewrap_that_does_not_confine(tmp_path):
    script = 'while [ "$1" != -- ]; do shift; done; shift; cd /tmp; mkdir -p work; exec "$@"'
    idle = Bubblewrap(program=program(tmp_path, script))
    with pytest.raises(SandboxError):
        idle.check()


def test_a_missing_bubblewrap_is_said_with_the_way_to_get_it(tmp_path):
    with (
        pytest.raises(SandboxError, match="apt install bubblewrap"),
        Bubblewrap(program=tmp_path / "no").open(),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a control group")
def test_root_without_a_control_group_is_refused():
    sandbox = Bubblewrap(groups=lambda: nullcontext(None))
    with pytest.raises(SandboxError, match="Run as an ordinary user, or start Docker"), sandbox.open():
        pass


def test_a_session_leaves_no_folder_and_no_control_group(tmp_path):
    with Bubblewrap(scratch=tmp_path).open() as session:
        session.run(["sh", "-c", "mkdir -p a/b && chmod 000 a; sleep 100 &"])
        group = session.group
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
    assert [folder for folder in (group.folders if group else ()) if folder.exists()] == []


def test_a_session_leaves_no_descriptor_open():
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    gc.collect()  # what other tests forgot is not closed in the middle of this one
    before = opened()
    with Bubblewrap().open() as session:
        for _ in range(5):
            session.run(["sleep", "10"], limits=Limits(wall_s=0.05))
            session.run(["true"])
    assert opened() == before


def test_limits_of_one_command_do_not_stay_for_the_next():
    script = ["python3", "-c", "x = b'x' * (200 << 20); print(len(x))"]
    with Bubblewrap().open() as session:
        tight = session.run(script, limits=Limits(memory_mb=64))
        wide = session.run(script)
    assert (tight.exit_code != 0, wide.exit_code) == (True, 0)


def test_an_empty_group_of_a_dead_memento_is_swept():
    if os.geteuid() != 0:
        pytest.skip("an ordinary user may not make control groups")
    with cgroup.group() as mine:
        assert mine is not None
        parent = mine.pids.parent
    gone = subprocess.Popen(["true"])
    gone.wait()
    stale = parent / f"memento-{gone.pid}-00000000"
    stale.mkdir()
    with cgroup.group():
        assert not stale.exists()


SYSTEM_PYTHON = Path("/usr/bin/python3")

AS_SOMEBODY = """
import sys
sys.path.insert(0, {root!r}); sys.dont_write_bytecode = True
from memento.protocols import Limits
from memento.sandbox.bubblewrap import Bubblewrap
sandbox = Bubblewrap()
sandbox.check()
code = '''
import os, time
made = 0
try:
    while made < 500:
        if os.fork() == 0: time.sleep(30)
        made += 1
except BlockingIOError: print("bound")
'''
with sandbox.open() as session:
    print(session.group, session.run(["python3", "-c", code], limits=Limits(processes=20)).stdout)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_an_ordinary_user_is_bound_without_a_control_group():
    root = Path(memento.__file__).parents[1]
    version = subprocess.run([SYSTEM_PYTHON, "-V"], capture_output=True, text=True).stdout
    if tuple(map(int, version.split()[-1].split(".")[:2])) < (3, 11):
        pytest.skip("an ordinary user needs a Python of the system, 3.11 or newer")
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", AS_SOMEBODY.format(root=str(root))],
        user=65533,
        group=65533,
        extra_groups=[],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "None b'bound\\n'\n", "")


def test_memento_can_be_imported_inside_from_an_editable_install(tmp_path):
    assert shutil.which("bwrap")
    shadow = tmp_path / "main" / "memento"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text("raise SystemExit(9)")
    with Bubblewrap().open(workspace=tmp_path) as session:
        done = session.run([*session.python, "-c", "import memento; print(memento.__version__)"])
    assert (done.stdout, sys.version_info >= (3, 11)) == (f"{memento.__version__}\n".encode(), True)


def test_no_command_leaves_a_process_to_anybody_else():
    with Bubblewrap().open(limits=Limits(processes=4)) as session:
        if session.group is None:
            pytest.skip("counted in the control group, which an ordinary user may not make")
        for _ in range(3):
            session.run(["sleep", "10"], limits=Limits(wall_s=0.05))
            assert (session.group.pids / "pids.current").read_text() == "0\n"
            session.run(["true"])
            assert (session.group.pids / "pids.current").read_text() == "0\n"


def test_a_command_named_like_a_shell_builtin_is_the_program():
    with Bubblewrap().open() as session:
        assert session.run(["exit", "3"]).exit_code == 127
        assert session.run(["printf", "--version"]).stdout.startswith(b"printf (GNU coreutils)")


def test_nothing_is_said_of_a_command_that_a_signal_killed():
    with Bubblewrap().open() as session:
        done = session.run(["sh", "-c", "kill -SEGV $$"])
    assert (done.exit_code, done.stdout, done.stderr) == (139, b"", b"")


@pytest.mark.parametrize("script", ["kill -KILL $$", "kill -KILL 1; exit 137"])
def test_a_command_that_kills_what_it_can_reach_has_answered(script):
    with Bubblewrap().open() as session:
        assert session.run(["sh", "-c", script]).exit_code == 137
