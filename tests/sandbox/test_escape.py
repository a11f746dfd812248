"""What untrusted code tries on a real sandbox: the escape suite, attack by attack, and what needs more
than a script to see."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from memento.act.clean import clean
from memento.protocols import Completed, Limits, Sandbox, SandboxSession
from memento.sandbox.attacks import ATTACKS, EXHAUSTION, FEW, SIGNALS, Attack
from memento.sandbox.bait import planted
from memento.sandbox.escape import Attacked, Outcome, attacked, examine
from memento.sandbox.host import Host

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def victim(confining: Sandbox) -> Iterator[Attacked]:
    with attacked(confining, shown=clean) as victim:
        yield victim


@pytest.fixture(scope="module")
def session(victim: Attacked) -> SandboxSession:
    return victim.session


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "_"))
def test_is_contained_what(victim, attack):
    outcome = victim.attempt(attack)
    assert outcome == Outcome(attempt=attack.name, contained=True, seconds=outcome.seconds)


def test_the_suite_has_an_attack_for_every_name_of_the_short_one():
    assert len(ATTACKS) >= 80
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.name for attack in ATTACKS} > set(FEW)


HARMLESS = (
    "reads a file of the host by its path",
    "lists home folders",
    "reaches a service on the host's loopback",
    "connects to a socket in the host's files",
    "sees a process of the host",
    "reads command lines of the host",
    "uses set-user-id programs",
    "traces processes",
    "calls by x32 numbers",
)


def test_the_suite_sees_that_the_bare_host_contains_nothing():
    """The suite can fail: on a place that confines nothing, every one of these is said to have got out."""
    outcomes = list(examine(Host(), shown=clean, only=HARMLESS))
    assert {outcome.attempt for outcome in outcomes} == set(HARMLESS)
    assert [outcome.attempt for outcome in outcomes if outcome.contained] == []


class Says:
    """A session whose commands do as they are told here."""

    python = ("python3",)

    def __init__(self, *completed, harm=lambda _env: None):
        self.completed = list(completed)
        self.harm = harm

    def run(self, argv, *, env=None, limits=None):
        self.harm(env or {})
        return self.completed.pop(0)


def done(stdout=b"", code=0, stderr=b"", timed_out=False):
    return Completed(exit_code=code, stdout=stdout, stderr=stderr, timed_out=timed_out)


ALIVE = done(b"alive\n")


@pytest.mark.parametrize(
    ("attack", "completed", "detail"),
    [
        (Attack(name="a", script=""), [done(b"ESCAPED here\n"), ALIVE], "ESCAPED here"),
        (Attack(name="a", script=""), [done(b"x {canary} y"), ALIVE], "a secret of the host was printed"),
        (Attack(name="a", script=""), [done(stderr=b"{canary}"), ALIVE], "a secret of the host was printed"),
        (Attack(name="a", script=""), [done(timed_out=True, code=124)], "it had to be stopped by the clock"),
        (
            Attack(name="a", script="", exit_code=0),
            [done(code=1, stderr=b"no")],
            "it ended with 1 instead of 0: no",
        ),
        (Attack(name="a", script="", silent=True), [done(b"x")], "it printed something"),
        (Attack(name="a", script=""), [done(), done(b"")], "the next command does not work"),
        (
            Attack(name="a", script="", after="x"),
            [done(), done(b"ESCAPED\nalive\n")],
            "something of it survived",
        ),
        (Attack(name="a", script=""), [done(), ALIVE], ""),
    ],
)
def test_an_attempt_that_was_not_contained_is_said_to_be_so(attack, completed, detail):
    with planted() as bait:
        filled = [
            Completed(
                exit_code=c.exit_code,
                stdout=c.stdout.replace(b"{canary}", bait.canary.encode()),
                stderr=c.stderr.replace(b"{canary}", bait.canary.encode()),
                timed_out=c.timed_out,
            )
            for c in completed
        ]
        outcome = Attacked(session=Says(*filled), bait=bait, shown=clean).attempt(attack)
    assert (outcome.contained, outcome.detail) == (not detail, detail)


def test_output_that_would_paint_a_terminal_is_an_escape_when_nobody_cleans_it():
    paint = done(b"\x1b[2J")
    with planted() as bait:
        dirty = Attacked(session=Says(paint, ALIVE), bait=bait, shown=str).attempt(ATTACKS[0])
        clean_ = Attacked(session=Says(paint, ALIVE), bait=bait, shown=clean).attempt(ATTACKS[0])
    assert (dirty.detail, clean_.contained) == ("control characters of its output reach the reader", True)


def test_harm_to_the_host_is_seen():
    seen = []
    for harm in (
        lambda bait: (bait.root / "secret").write_text("evil"),
        lambda bait: (bait.root / "new").write_text("evil"),
        lambda bait: (bait.root / "library/.git/hooks/none").unlink(),
        lambda bait: bait.process.kill() or bait.process.wait(),
        lambda bait: os.kill(bait.process.pid, 19) or time.sleep(0.1),
    ):
        with planted() as bait:
            session = Says(done(), ALIVE, harm=lambda _env, bait=bait, harm=harm: harm(bait))
            seen.append(Attacked(session=session, bait=bait, shown=clean).attempt(ATTACKS[0]).detail)
    assert seen == [*["a file of the host was changed"] * 3, "a process of the host was killed",
                    "a process of the host was stopped"]  # fmt: skip


def test_a_process_that_outlives_its_attempt_is_seen():
    left = []

    def leave(env):
        if env:
            left.append(subprocess.Popen(["sleep", "60"], env={**os.environ, **env}))

    try:
        with planted() as bait:
            session = Says(done(), ALIVE, harm=leave)
            attacked_ = Attacked(session=session, bait=bait, shown=clean, buried_s=0.1)
            outcome = attacked_.attempt(ATTACKS[0])
    finally:
        for process in left:
            process.kill()
            process.wait()
    assert (len(left), outcome.detail) == (1, "processes of it are left on the host")


def test_no_attack_that_could_harm_is_run_on_the_bare_host_by_these_tests():
    assert not set(HARMLESS) & {attack.name for attack in (*EXHAUSTION, *SIGNALS)}


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


def test_no_more_processes_than_allowed_are_made(session):
    done = session.run([*session.python, "-c", FORKS], limits=Limits(processes=20, wall_s=10))
    assert 5 < int(done.stdout) <= 22


def test_the_limit_of_a_session_holds_for_its_commands(confining):
    with confining.open(limits=Limits(processes=20, wall_s=10)) as session:
        assert 5 < int(session.run([*session.python, "-c", FORKS]).stdout) <= 22


def test_mounts_and_packages_are_mounted_read_only(session):
    lines = session.run(["cat", "/proc/self/mountinfo"]).stdout.decode().splitlines()
    options = {line.split()[4]: line.split()[5].split(",")[0] for line in lines}
    theirs = {place: mode for place, mode in options.items() if place.startswith(("/skills", "/opt/memento"))}
    assert set(theirs) >= {"/skills", "/opt/memento/site", "/opt/memento/python"}
    assert set(theirs.values()) == {"ro"}
    assert (options["/"], options["/workspace"]) == ("ro", "rw")


def test_many_processes_together_take_no_more_than_allowed(session):
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
    done = session.run([*session.python, "-c", code], limits=Limits(memory_mb=256, wall_s=20))
    assert done.stdout.strip() in (b"", b"1", b"2", b"3", b"4"), "10 times 60 MB do not fit in 256 MB"


NAME = "memento-7f3a9c51"


def test_what_goes_to_tmp_is_not_on_the_hosts_tmp(session):
    session.run(["sh", "-c", f"echo x >/tmp/{NAME}"])
    assert not Path("/tmp", NAME).exists()


def test_a_link_in_the_workspace_does_not_become_a_mount_point(confining, tmp_path):
    with confining.open(workspace=tmp_path) as session:
        session.run(
            [
                "sh",
                "-c",
                "cd /workspace; ln -s /etc link; rm -rf /workspace/*; rmdir /workspace; ln -s / /workspace",
            ]
        )
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_tree_too_deep_for_anybody_can_be_removed(confining):
    deeper = "os.mkdir('d'); os.chdir('d'); i % 100 or os.chmod('.', 0o300)"
    code = f"import os\nfor i in range(2500): {deeper}"
    with confining.open() as session:
        done = session.run([*session.python, "-c", code])
        assert done.exit_code == 0, done


def test_the_self_test_passes_and_is_quick(confining):
    began = time.monotonic()
    confining.check()
    assert time.monotonic() - began < 5
