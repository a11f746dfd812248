"""Accidents are no verdict: nothing is cached, nothing is claimed. What only looks like one is a verdict."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from memento.errors import SandboxError
from memento.gate.gate import TestGate
from memento.gate.harness import Harness
from memento.journal import Journal
from memento.protocols import Limits, Mount, Sandbox, SandboxSession
from memento.sandbox.bubblewrap import Bubblewrap
from tests.gate.conftest import OLD_TEST, folder, snapshot

pytestmark = pytest.mark.real

HANG = "import time\n\ndef test_hangs(skill):\n    time.sleep(60)\n    assert skill\n"


def kept(journal: Journal) -> int:
    """Test runs that the gate's cache holds."""
    if not journal.path.exists():
        return 0
    with closing(sqlite3.connect(journal.path)) as db:
        return int(db.execute("select count(*) from runs where value like '%test_%'").fetchone()[0])


def test_a_gate_whose_time_is_over_has_no_verdict_and_remembers_nothing(harness: Harness) -> None:
    gate = TestGate(harness=harness, clock=time.monotonic, timeout_s=2.0)
    hanging = snapshot(folder(), OLD_TEST + HANG)
    begun = time.monotonic()
    with pytest.raises(SandboxError, match="the whole gate took too long and was stopped: no verdict"):
        gate(skill="adder", base=hanging, head=hanging, exam=None)
    assert time.monotonic() - begun < 20
    assert kept(harness.journal) == 0


STARVED = Limits(wall_s=30.0, cpu_s=10, memory_mb=8, processes=64, file_mb=64, output_kb=64)


@dataclass(frozen=True, kw_only=True)
class Starved:
    """A real sandbox with too little memory to start Python."""

    inner: Sandbox
    name: str = "bubblewrap"

    def check(self) -> None:
        self.inner.check()

    def open(
        self, *, workspace: Path | None = None, mounts: Sequence[Mount] = (), limits: Limits = STARVED
    ) -> AbstractContextManager[SandboxSession]:
        return self.inner.open(workspace=workspace, mounts=mounts, limits=replace(limits, memory_mb=8))


def test_a_sandbox_that_dies_before_any_test_is_no_verdict(harness: Harness) -> None:
    starved = replace(harness, sandbox=Starved(inner=harness.sandbox))
    with pytest.raises(SandboxError, match="the sandbox ended before any test began"):
        starved.run("adder", folder(), OLD_TEST.encode())
    assert kept(harness.journal) == 0


def test_a_supervisor_that_the_tests_kill_is_a_failed_test_and_no_accident(harness: Harness) -> None:
    source = b"import os\n\ndef test_a(skill):\n    os.kill(-1, 9)\n    assert skill\n"
    assert [r.passed for r in harness.run("adder", folder(), source) if r.id == "test_a"] == [False]


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def strike(told: Path, depth: int) -> None:
    """Once a test runs in the sandbox whose bwrap wrote its number to `told`, kill a link of the chain to it.

    bwrap -> process 1 of its name space -> supervisor -> the test file's process -> the test's
    """
    chain: list[int] = []
    while len(chain) < 5:
        time.sleep(0.01)
        chain = [int(told.read_text())] if told.exists() and told.read_text().strip() else []
        with suppress(OSError):
            while chain and (below := children(chain[-1])):
                chain.append(below[-1])
    os.kill(chain[depth], signal.SIGKILL)


@pytest.mark.parametrize(
    ("depth", "message"),
    [
        (0, "the sandbox was ended from outside in the middle of a command"),
        (1, "the sandbox was ended from outside in the middle of a command"),
        (2, "the tests were ended in the middle, and were not when they were run again"),
    ],
    ids=["bwrap", "process 1", "supervisor"],
)
def test_a_sandbox_that_is_killed_from_outside_is_no_verdict(
    harness: Harness, tmp_path: Path, depth: int, message: str
) -> None:
    told, program = tmp_path / "pid", tmp_path / "bwrap"
    program.write_text(f'#!/bin/sh\necho $$ >"{told}"\nexec /usr/bin/bwrap "$@"\n')
    program.chmod(0o755)
    watched = replace(harness, sandbox=Bubblewrap(program=program))
    slow = b"import time\n\ndef test_slow(skill):\n    time.sleep(2)\n    assert skill\n"
    with ThreadPoolExecutor() as pool:
        striking = pool.submit(strike, told, depth)
        with pytest.raises(SandboxError, match=message):
            watched.run("adder", folder(), slow)
        striking.result()
    assert kept(harness.journal) == 0


FULL = """
import sys
from pathlib import Path
from memento.errors import MementoError
from memento.journal import Journal
from memento.types import File
from tests.gate.conftest import OLD_TEST, folder, make_harness

small, size = Path(sys.argv[1]), int(sys.argv[2])
harness = make_harness(Path(sys.argv[3]))
harness.journal.cache.recall([""])  # makes the file
if harness.journal.path.is_relative_to(small):
    with open(small / "rest", "wb", buffering=0) as rest:
        try:
            while rest.write(bytes(4096)):
                pass
        except OSError:
            pass
try:
    print(harness.run("adder", {**folder(), "data": File(data=bytes(size))}, OLD_TEST.encode()))
except MementoError as error:
    print(error.exit_code, error)
"""


@pytest.mark.parametrize(
    ("temporary", "state", "size", "said"),
    [
        (
            "small",
            "elsewhere",
            1_000_000,
            "2 the tests could not be run ([Errno 28] No space left on device): no",
        ),
        ("elsewhere", "small", 0, "2 the journal "),
    ],
    ids=["exports", "journal"],
)
def test_a_full_disk_is_no_verdict(tmp_path: Path, temporary: str, state: str, size: int, said: str) -> None:
    """A real file system of 256 kB, in a name space of its own."""
    for name in ("small", "elsewhere"):
        (tmp_path / name).mkdir()
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec",
         'mount -t tmpfs -o size=256k none "$2"; exec "$0" -c "$1" "$2" "$3" "$4"',
         sys.executable, FULL, str(tmp_path / "small"), str(size), str(tmp_path / state)],
        env={**os.environ, "TMPDIR": str(tmp_path / temporary), "PYTHONPATH": os.getcwd()},  # noqa: PTH109
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(said)
    assert kept(Journal(path=tmp_path / "elsewhere" / "state" / "journal.db")) == 0
