"""The part of the harness that runs inside the sandbox. It is told what to run on standard input and
reports on standard output, one line a test, each line marked with a word that only this run knows.

What it says is evidence *against* a skill: the harness outside knows which tests must report, and a
test that did not is a failure. Determined code in the same process could still learn the word and
forge a line; the control run on the emptied skill is what catches that.
"""

import json
import os
import sys
from typing import TextIO

import pytest


class Reporter:
    """Writes one line a test, where the tested code's own prints cannot be mistaken for it."""

    def __init__(self, channel: TextIO, word: str) -> None:
        self._channel = channel
        self._word = word
        self._bad: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A skipped, xfailed or xpassed phase counts as not passed: each of them is a way not to run.
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message if crash else f"{report.when} {report.outcome}"
            self._bad.setdefault(report.nodeid, why)
        if report.when == "teardown":
            detail = self._bad.get(report.nodeid)
            self._say(id=report.nodeid.split("::", 1)[-1], passed=detail is None, detail=detail or "")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._say(id="<collection>", passed=False, detail=str(report.longrepr))

    def _say(self, **fields: object) -> None:
        self._channel.write(f"\n{self._word} {json.dumps(fields)}\n")
        self._channel.flush()

    def end(self, exit_code: int) -> None:
        """The last line: without it the run is known to have been cut short."""
        self._channel.write(f"\n{self._word} end {exit_code}\n")
        self._channel.flush()


def main() -> int:
    """Run one test file as `{"word": ..., "root": ..., "file": ...}` on standard input says."""
    order = json.loads(sys.stdin.read())
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    reporter = Reporter(channel, order["word"])
    exit_code = pytest.main(
        [
            "-q",
            "-c", "/dev/null",
            "--rootdir", order["root"],
            "--confcutdir", order["root"],
            "--noconftest",
            "--import-mode=importlib",
            "-p", "no:cacheprovider",
            "-p", "memento.testing.plugin",
            "--override-ini", "addopts=",
            order["file"],
        ],
        plugins=[reporter],
    )  # fmt: skip
    reporter.end(int(exit_code))
    return int(exit_code)


if __name__ == "__main__":
    sys.exit(main())
