"""Accidents are no verdict: nothing is cached, nothing is claimed. What only looks like one is a verdict."""

import json
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

from memento.changes import GateOutcome
from memento.errors import SandboxError
from memento.gate.change import Change
from memento.gate.gate import TestGate
from memento.gate.harness import Harness
from memento.gate.many import LibraryGate
from memento.gate.neighbours import neighbours
from memento.gate.routes import Board
from memento.gate.trial import runs
from memento.gate.view import View
from memento.journal import Journal
from memento.protocols import Limits, Mount, Sandbox, SandboxSession
from memento.sandbox.bubblewrap import Bubblewrap
from memento.testing.snapshots import MemorySnapshot
from memento.types import File
from tests.gate.conftest import BASE, GOOD, OLD_TEST, Gatekeeper, folder, snapshot

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


def test_a_full_disk_is_no_verdict(tmp_path: Path) -> None:
    """A real file system of 256 kB, in a name space of its own."""
    code = (
        "import sys, json; from pathlib import Path; from memento.errors import SandboxError\n"
        "from memento.gate.harness import Harness; from memento.journal import Journal\n"
        "from memento.sandbox.bubblewrap import Bubblewrap; from memento.types import File\n"
        "harness = Harness(sandbox=Bubblewrap(), journal=Journal(path=Path(sys.argv[1])),"
        " new_word=lambda: 'w' * 32)\n"
        "try:\n"
        "    harness.run('adder', {'SKILL.md': File(data=b'x' * 1_000_000)}, b'def test_a(): assert 1')\n"
        "except SandboxError as error:\n"
        "    print(json.dumps(str(error)))\n"
    )
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec",
         'mount -t tmpfs -o size=256k none "$TMPDIR"; exec "$@"', "sh",
         sys.executable, "-c", code, str(tmp_path / "journal.db")],
        env={**os.environ, "TMPDIR": str(small)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == (
        "the tests could not be run ([Errno 28] No space left on device): no verdict. "
        f"Is the disk of {small} full?"
    )
    assert kept(Journal(path=tmp_path / "journal.db")) == 0


# ---------------------------------------------------------------- what is gone, what cannot make up its mind


def test_a_skill_that_is_gone_is_a_change_that_a_human_must_agree_to(gate: Gatekeeper) -> None:
    library = LibraryGate(gate=gate.gate)
    gone = snapshot(None, None)
    assert library.chosen(BASE, gone, everything=False) == ("adder",)
    (report,) = library(BASE, gone, ("adder",))
    assert (report.outcome, report.reason) == (
        GateOutcome.INDECISIVE,
        "person: a human must say whether the skill may go",
    )


def test_tests_that_are_left_without_their_skill_are_named(gate: Gatekeeper) -> None:
    left = snapshot(None, OLD_TEST)
    library, report = LibraryGate(gate=gate.gate)(BASE, left, ("adder",))
    assert (library.outcome, report.outcome) == (GateOutcome.FAIL, GateOutcome.FAIL)
    assert library.reason == "custody: skill_tests/test_adder.py belongs to no skill"
    assert report.reason == "custody: skill_tests/test_adder.py would be left without its skill"


def test_a_test_file_that_is_gone_refuses_the_change(gate: Gatekeeper) -> None:
    bare = snapshot(folder(), None)
    (report,) = LibraryGate(gate=gate.gate)(BASE, bare, ("adder",))
    assert (report.outcome, report.reason) == (GateOutcome.FAIL, "tests: its test file is gone")


def test_a_parked_test_that_is_green_again_is_named(gate: Gatekeeper) -> None:
    parked = (
        'PARKED = (\n    "test_plain_numbers",\n)\n' + OLD_TEST.replace("plain_numbers", "again") + OLD_TEST
    )
    standing = snapshot(folder(), parked)
    report = gate(standing, base=standing, exam=None)
    assert [step.detail for step in report.steps if step.name == "parking"] == [
        "green now, take them out of PARKED: test_plain_numbers"
    ]


def neighbourly(test: str, script: str) -> MemorySnapshot:
    document = b"---\nname: user\ndescription: Use the adder.\n---\nRun `skills/adder` first.\n"
    return MemorySnapshot(
        skills={"adder": folder(script), "user": {"SKILL.md": File(data=document)}},
        tests={"adder": OLD_TEST.encode(), "user": test.encode()},
    )


def test_another_skills_test_that_is_now_red_now_green_is_named_for_a_human(harness: Harness) -> None:
    """The neighbour's test is green before the change, and after it whatever the coin says."""
    coin = (
        "import os\n\ndef test_uses(skill):\n"
        "    other = (skill.path.parent / 'adder/scripts/add.py').read_text()\n"
        "    if 'coin' in other:\n        assert os.environ['TZ'] != 'UTC0'\n    assert 'print' in other\n"
    )
    base, head = neighbourly(coin, "print(1)\n"), neighbourly(coin, "print(1)  # coin\n")
    change = Change(
        skill="adder",
        base=View(snapshot=base, journal=harness.journal),
        head=View(snapshot=head, journal=harness.journal),
        exam=None,
        exercise=None,
    )
    answer = neighbours(change, harness, Board(facts={}, before={}, after={}))
    assert (answer.outcome, answer.detail) == (
        GateOutcome.INDECISIVE,
        "tests of other skills are now red, now green: user: test_uses",
    )


def test_a_new_test_is_run_five_times_and_an_old_one_twice(harness: Harness) -> None:
    def turns(head: MemorySnapshot) -> list[int]:
        views = (View(snapshot=snapshot, journal=harness.journal) for snapshot in (BASE, head))
        base, after = views
        change = Change(skill="adder", base=base, head=after, exam=None, exercise=None)
        planned = runs(change, {}, {})
        return [job.turn for job in (planned.candidate, *planned.again)]

    assert (turns(GOOD), turns(snapshot(folder("print(2)"), OLD_TEST))) == ([0, 1, 2, 3, 4], [0, 1])
