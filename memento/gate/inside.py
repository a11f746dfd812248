"""G3: the part of the harness that runs inside the sandbox: a supervisor that no tested code shares a
process with.

    supervisor    reads the order on standard input, and is the only one to hold standard output
      file        a fork per test file, in a process group of its own: imports it, collects it
        test      a fork per test: runs it, and can speak of nothing but itself

A process that holds tested code has one end of a pipe and no other handle: a test cannot report for
another one, nor take back what another one said, and `os._exit(0)` is silence, which is a failure.
None of the three can be looked into through /proc by a script that a test starts. What is left over
when a file has ended is killed, and held against the file.

What comes out is evidence *against* a skill: the harness outside knows which tests must report.
"""

import gc
import json
import os
import selectors
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# Imported before the first fork, so that no fork imports them again.
import memento.skill.reader
import memento.testing.plugin
from memento.gate import reaping

MOST_DETAIL = 1000

__all__ = ["main"]


@dataclass(kw_only=True)
class Running:
    """A forked test file: its process, and what came out of its pipe so far."""

    job: dict[str, Any]
    pid: int
    pipe: int
    deadline: float
    said: bytearray = field(default_factory=bytearray)


class Supervisor:
    """A pytest plugin: takes over once pytest is configured, and forks where collection would start."""

    def __init__(self, order: dict[str, Any], channel: int) -> None:
        self._order = order
        self._channel = channel
        self._file: FileRun | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """In the supervisor: run all files and leave the process. In a fork: collect its file."""
        _warm_up(session, self._order["warm"])
        gc.collect()
        gc.freeze()
        self._say("begin")
        waiting = list(reversed(self._order["jobs"]))
        running: dict[int, Running] = {}
        while waiting or running:
            while waiting and len(running) < self._order["workers"]:
                started = self._fork(waiting.pop())
                if started is None:
                    assert self._file is not None
                    self._file.collect(session)
                    return True
                running[started.pid] = started
            for ended in _ended(running):
                self._report(ended, set(running))
        self._say("end")
        os._exit(0)

    def _fork(self, job: dict[str, Any]) -> Running | None:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            os.close(reading)
            os.close(self._channel)
            os.environ[memento.testing.plugin.WORK_VARIABLE] = self._order["work"]
            self._file = FileRun(job, writing, self._order["scratch"])
            return None
        os.close(writing)
        os.set_blocking(reading, False)
        return Running(
            job=job, pid=pid, pipe=reading, deadline=time.monotonic() + self._order["seconds_per_file"]
        )

    def _report(self, ended: Running, alive: set[int]) -> None:
        name = ended.job["id"]
        left = reaping.kill_group(ended.pid) | reaping.kill_orphans(alive - {ended.pid})
        for line in bytes(ended.said).splitlines():
            self._say("said", job=name, line=line.decode("utf-8", "replace"))
        self._say("done", job=name, late=time.monotonic() > ended.deadline, left=left)

    def _say(self, what: str, **fields: object) -> None:
        data = f"{self._order['word']} {json.dumps({'what': what, **fields})}\n".encode()
        while data:
            data = data[os.write(self._channel, data) :]

    # Everything below runs in a fork.

    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        assert self._file is not None
        self._file.run(item)
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if self._file is not None and report.failed:
            self._file.say(id="<collection>", passed=False, detail=str(report.longrepr)[-MOST_DETAIL:])

    def pytest_sessionfinish(self) -> None:
        if self._file is not None:
            self._file.say(end=True)
            # No exit handler of the tested code runs, nor anything of pytest that it may have changed.
            os._exit(0)


def _warm_up(session: pytest.Session, file: str) -> None:
    """Collect and run a file of our own: what pytest imports on first use, no fork imports again."""
    from _pytest.runner import runtestprotocol

    for item in session.perform_collect([file]):
        runtestprotocol(item, log=False, nextitem=None)
    session.items.clear()
    session.testscollected = 0


def _ended(running: dict[int, Running]) -> Iterator[Running]:
    """Read what has come, and yield files that are at their end or past their time."""
    with selectors.DefaultSelector() as selector:
        for run in running.values():
            selector.register(run.pipe, selectors.EVENT_READ, run)
        soonest = min(run.deadline for run in running.values())
        for key, _ in selector.select(max(0.0, min(0.5, soonest - time.monotonic()))):
            data = os.read(key.data.pipe, 1 << 16)
            key.data.said += data[: max(0, (1 << 18) - len(key.data.said))]
            if not data:
                reaping.finish(key.data.pid)
                yield _closed(running, key.data)
    for run in list(running.values()):
        # The process may be gone while a child of its keeps the pipe open.
        if time.monotonic() > run.deadline:
            reaping.finish(run.pid)
            yield _closed(running, run)
        elif os.waitpid(run.pid, os.WNOHANG)[0]:
            while data := _rest(run.pipe):
                run.said += data
            yield _closed(running, run)


def _rest(pipe: int) -> bytes:
    try:
        return os.read(pipe, 1 << 16)
    except BlockingIOError:
        return b""


def _closed(running: dict[int, Running], run: Running) -> Running:
    os.close(run.pipe)
    return running.pop(run.pid)


class FileRun:
    """One test file, in its own process."""

    def __init__(self, job: dict[str, Any], pipe: int, scratch: str) -> None:
        self._job = job
        self._pipe = pipe
        own = f"{scratch}/{job['id']}-{os.getpid()}"
        here = f"{own}/{'there/and/back' if job['reverse'] else 'here'}"
        os.makedirs(here, exist_ok=True)  # noqa: PTH103 (pathlib is slower, and this is per file)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.environ.update(job["env"], TMPDIR=own, HOME=own)
        time.tzset()
        os.chdir(here)

    def collect(self, session: pytest.Session) -> None:
        self._point()
        items = list(session.perform_collect([self._job["file"]]))
        if self._job["reverse"]:
            items.reverse()
        session.items[:] = [item for item in items if _name(item).split("[")[0] not in self._job["leave_out"]]

    def _point(self) -> None:
        """Say where skill and routes are; again before each test, whatever the file's import did."""
        os.environ[memento.testing.plugin.ROOT_VARIABLE] = self._job["skills"]
        os.environ[memento.testing.plugin.ROUTES_VARIABLE] = self._job["routes"]

    def run(self, item: pytest.Item) -> None:
        """Run one test in a fork; say what it said, or that it said nothing."""
        self._point()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(self._pipe)
            _run_here(item, writing)
        os.close(writing)
        os.set_blocking(reading, False)
        said, status = reaping.read_until_exit(pid, reading)
        os.close(reading)
        try:
            fields = json.loads(said)
            passed = fields["passed"] is True
            self.say(id=_name(item), passed=passed, detail=str(fields["detail"]))
        except (ValueError, KeyError, TypeError):
            how = f"the process of the test ended without a report (exit code {status})"
            passed = False
            self.say(id=_name(item), passed=False, detail=how)
        if self._job["until_red"] and not passed:
            item.session.shouldstop = "red"

    def say(self, **fields: object) -> None:
        data = json.dumps(fields).encode() + b"\n"
        while data:
            data = data[os.write(self._pipe, data) :]


def _run_here(item: pytest.Item, pipe: int) -> None:
    """Setup, call and teardown of one test; never returns."""
    from _pytest.runner import runtestprotocol

    details = []
    phases = 0
    for report in runtestprotocol(item, log=False, nextitem=None):
        phases += 1
        # A skipped, xfailed or xpassed phase counts as not passed: each of them is a way not to run.
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            crash = getattr(report.longrepr, "reprcrash", None)
            details.append(crash.message if crash else f"{report.when} {report.outcome}")
    fields = {"passed": not details and phases == 3, "detail": (details or [""])[0][:MOST_DETAIL]}
    os.write(pipe, json.dumps(fields).encode())
    os._exit(0)


def _name(item: pytest.Item) -> str:
    return item.nodeid.split("::", 1)[-1]


def main() -> None:
    """Run the test files that the order on standard input names; see `memento.gate.harness`."""
    order = json.loads(sys.stdin.read())
    reaping.become_opaque_and_adopt()
    channel = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    pytest.main(
        [
            "-q",
            "-s",
            "--tb=line",
            "-c", "/dev/null",
            "--rootdir", order["root"],
            # Collection begins below the first parent of this: at the file's own library, or each file
            # would pay for looking at all the others.
            "--confcutdir", str(Path(order["warm"]).parent),
            "--noconftest",
            "--import-mode=importlib",
            "-p", "no:cacheprovider",
            "-p", "no:terminalreporter",
            "-p", "no:faulthandler",
            "-p", "memento.testing.plugin",
            "--override-ini", "addopts=",
        ],
        plugins=[Supervisor(order, channel)],
    )  # fmt: skip
    sys.exit(3)


if __name__ == "__main__":
    main()
