"""G3: runs test files in the sandbox and decides, from outside, which tests passed.

    what runs        a test file and its skill's folder, exported read-only, with the skills it names
    what is expected the tests and cases that the file's syntax tree names, known before anything runs
    what counts      a report for each expected test, all of them passed, and an orderly end

An expected test that did not report has failed, whatever the process says of itself: `os._exit(0)`,
a crash, a hang, a skip, an empty parametrize and a test that was never collected all look the same.
So does a run that left a process behind, or changed what was exported. No conftest.py, ini file or
plugin of the tested code is honoured, for none is exported or loaded.

No verdict is an accident, which raises and is remembered by nobody: a sandbox that broke or was killed
from outside, a full disk, the end of the time that the whole gate has. Tested code can kill the
supervisor, which is a failure, and nothing above it. So a supervisor that vanished is tried once more:
what kills it twice is the tests' own doing; otherwise nobody knows, and nothing is claimed.

A run alone has a sandbox of its own. Runs of skills that did not change may share one, a process
group each: what is green there is believed, what is not is run again alone.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from memento.errors import SandboxError
from memento.gate.job import RUN, Job, Results
from memento.gate.keys import run_key
from memento.journal import Journal
from memento.protocols import Sandbox
from memento.types import Folder

# Loaded when something is to be run: a gate that knows everything need not wait for them.
if TYPE_CHECKING:
    from memento.gate.plan import Plan
    from memento.gate.visit import Visit

BATCH = 250
"""Files per sandbox: its temporary folder and its output are shared by all of them."""
RECHECK = 0.05
"""Share of cache hits that are run again, to check the cache."""


@dataclass(frozen=True, kw_only=True)
class Harness:
    """Runs test files on exported skills; passes are remembered by content."""

    sandbox: Sandbox
    journal: Journal
    new_word: Callable[[], str]
    """An unguessable word per run."""
    use_cache: bool = True
    workers: int = 2
    chance: Callable[[], float] = lambda: 1.0
    """In [0, 1); below RECHECK the cache is not believed this time."""
    clock: Callable[[], float] = lambda: 0.0
    ends: float = inf
    """When the time of the whole gate is over, by `clock`."""
    _ahead: dict[str, Results] = field(default_factory=dict, repr=False, compare=False)

    def run(self, skill: str, folder: Folder, test: bytes) -> Results:
        """One result per expected test, plus one for the run itself when it did not end in order.

        Raises SandboxError when the sandbox broke: that is no verdict.
        """
        return self.run_alone(Job(skill=skill, folder=folder, test=test))

    def run_alone(self, job: Job) -> Results:
        """The same for a job, in a sandbox of its own unless its results are known."""
        (results,) = self.run_turns([job])
        return results

    def run_turns(self, jobs: Sequence[Job]) -> list[Results]:
        """Run one test file several times, or on several states; what is not known yet shares a sandbox."""
        keys = [run_key(job, self.sandbox.name) for job in jobs]
        known = {key: results for key in keys if (results := self._known(key)) is not None}
        fresh = {key: job for key, job in zip(keys, jobs, strict=True) if key not in known}
        if fresh:
            known |= zip(fresh, self._execute(list(fresh.values())), strict=True)
        for key in fresh:
            self._remember(key, known[key])
        return [known[key] for key in keys]

    def _known(self, key: str) -> Results | None:
        if (ahead := self._ahead.get(key)) is not None:
            return ahead
        return self.journal.cache.run(key) if self.use_cache and not self._doubt() else None

    def run_together(self, jobs: Sequence[Job]) -> list[Results]:
        """Run jobs of one skill in one sandbox: nothing is remembered."""
        return self._execute(jobs) if jobs else []

    def run_ahead(self, green: Sequence[Job], red: Sequence[Job]) -> None:
        """Run jobs of unchanged skills together, and keep what `run_alone` may believe.

        `green` ones must pass: what did not pass in company is run again alone when its turn comes.
        `red` ones are controls, kept when their run ended in order.
        """
        for jobs, wanted in ((green, True), (red, False)):
            keyed = {run_key(job, self.sandbox.name): job for job in jobs}
            known = self.journal.cache.recall(keyed) if self.use_cache else {}
            keys = [key for key in keyed if key not in known]
            for start in range(0, len(keys), BATCH):
                part = keys[start : start + BATCH]
                for key, results in zip(part, self._execute([keyed[key] for key in part]), strict=True):
                    passed = all(result.passed for result in results)
                    if passed if wanted else not any(result.id == RUN for result in results):
                        self._ahead[key] = results
                        self._remember(key, results)

    def _remember(self, key: str, results: Results) -> None:
        """Passes are kept; what does not pass now is not believed to have passed before."""
        self.journal.cache.keep_run(key, results)
        if not all(result.passed for result in results):
            self.journal.cache.forget([key])

    def still(self) -> None:
        """Raises SandboxError when the time of the whole gate is over."""
        if self.clock() >= self.ends:
            raise SandboxError(
                "the whole gate took too long and was stopped: no verdict. Raise [gate] timeout_s in "
                "memento.toml, or gate fewer skills."
            )

    def _doubt(self) -> bool:
        return self.chance() < RECHECK

    def _execute(self, jobs: Sequence[Job]) -> list[Results]:
        try:
            return self._run(jobs)
        except OSError as error:
            raise SandboxError(
                f"the tests could not be run ({error}): no verdict. Is the disk of "
                f"{tempfile.gettempdir()} full?"
            ) from error

    def _run(self, jobs: Sequence[Job]) -> list[Results]:
        from memento.gate.plan import plan
        from memento.gate.reports import read_reports

        plans = [plan(job.test) for job in jobs]
        found = self._visit(jobs, plans)
        if found.broke_off and not self._visit(jobs, plans).broke_off:
            raise SandboxError(
                "the tests were ended in the middle, and were not when they were run again: something else "
                "has done it. No verdict; try again."
            )
        messages = found.messages
        return [
            read_reports(found.done, messages.get(number, ()), plan, changed=found.changed)
            for number, plan in enumerate(plans)
        ]

    def _visit(self, jobs: Sequence[Job], plans: Sequence["Plan"]) -> "Visit":
        from memento.gate.visit import visit

        self.still()
        seconds, word = self.ends - self.clock(), self.new_word()
        found = visit(self.sandbox, jobs, plans, word=word, workers=self.workers, seconds=seconds)
        self.still()
        if not found.begun:
            done = found.done
            said = done.stderr.decode("utf-8", "replace").strip()[-200:]
            raise SandboxError(
                f"the sandbox ended before any test began (exit code {done.exit_code}; {said or 'no word'}): "
                "no verdict. Try again; `memento doctor` tries the sandbox."
            )
        return found
