"""Runs test files in the sandbox and decides, from outside, which tests passed.

    what runs        a test file and its skill's folder, exported read-only, with the skills it names
    what is expected the tests and cases that the file's syntax tree names, known before anything runs
    what counts      a report for each expected test, all of them passed, and an orderly end

An expected test that did not report has failed, whatever the process says of itself: `os._exit(0)`,
a crash, a hang, a skip, an empty parametrize and a test that was never collected all look the same.
So does a run that left a process behind, or changed what was exported. No conftest.py, ini file or
plugin of the tested code is honoured, for none is exported or loaded.

No verdict is an accident, which raises and is remembered by nobody: a sandbox that broke before any
test began, a full disk, the end of the time that the whole gate has.

A run alone has a sandbox of its own. Runs of skills that did not change may share one, a process
group each: what is green there is believed, what is not is run again alone.
"""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

from memento.changes import TestResult
from memento.errors import SandboxError
from memento.gate.exports import ROOT, WARM, Place, export, export_warm, fingerprint
from memento.gate.keys import run_key
from memento.journal import Journal
from memento.protocols import Limits, Mount, Sandbox
from memento.types import Folder

__all__ = ["RUN", "Harness", "Job", "Results"]


Results = tuple[TestResult, ...]

RUN = "<run>"
"""Id of the pseudo test that stands for the run itself: collection, and an orderly end."""

FILE_SECONDS = 55.0
LIMITS = Limits(wall_s=75.0, cpu_s=60, memory_mb=1024, processes=64, file_mb=64, output_kb=1024)
BATCH = 250
"""Files per sandbox: its temporary folder and its output are shared by all of them."""
RECHECK = 0.05
"""Share of cache hits that are run again, to check the cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One test file to run on one state of a skill."""

    skill: str
    folder: Folder
    test: bytes
    beside: Mapping[str, Folder] = field(default_factory=dict)
    """Other skills that the files of this one name."""
    routes: Mapping[str, str | None] = field(default_factory=dict)
    """What `route(request)` answers."""
    turn: int = 0
    """Of runs of the same content. Odd ones have another order, time zone and working directory; the
    hash seed always differs."""
    until_red: bool = False
    """Stop at the first red test: all that a mutant needs."""


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
        """Run one content several times; those turns whose results are not known share a sandbox."""
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
        from memento.gate.reports import has_begun, listen, read_reports

        self.still()
        word = self.new_word()
        plans = [plan(job.test) for job in jobs]
        with tempfile.TemporaryDirectory(prefix="memento-gate-") as temporary:
            root = Path(temporary)
            places = [export(root, number, job) for number, job in enumerate(jobs)]
            export_warm(root)
            before = fingerprint(root)
            limits = _limits(len(jobs))
            limits = replace(limits, wall_s=min(limits.wall_s, self.ends - self.clock()))
            with self.sandbox.open(mounts=[Mount(source=root, target=ROOT)], limits=limits) as session:
                orders = [
                    _order(place, job, leave_out=plan.model, path=session.path)
                    for place, job, plan in zip(places, jobs, plans, strict=True)
                ]
                order = {
                    "word": word,
                    "root": session.path(ROOT),
                    "warm": session.path(f"{ROOT}/{WARM}"),
                    "scratch": session.path("/tmp"),  # noqa: S108 (the sandbox's own)
                    # A host's disk has other writers; a sandbox names its folder as it is.
                    "work": "/workspace" if session.path("/workspace") == "/workspace" else "",
                    "workers": min(self.workers, len(jobs)),
                    "seconds_per_file": FILE_SECONDS,
                    "jobs": orders,
                }
                done = session.run(
                    [*session.python, "-m", "memento.gate.inside"],
                    stdin=json.dumps(order).encode(),
                    env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
                )
            changed = fingerprint(root) != before
        self.still()
        messages = listen(done, word)
        if not has_begun(done, word):
            said = done.stderr.decode("utf-8", "replace").strip()[-200:]
            raise SandboxError(
                f"the sandbox ended before any test began (exit code {done.exit_code}; {said or 'no word'}): "
                "no verdict. Try again; `memento doctor` tries the sandbox."
            )
        return [
            read_reports(done, messages.get(number, ()), plan, changed=changed)
            for number, plan in enumerate(plans)
        ]


def _limits(files: int) -> Limits:
    if files == 1:
        return LIMITS
    return Limits(
        wall_s=LIMITS.wall_s + 3.0 * files,
        cpu_s=LIMITS.cpu_s,
        memory_mb=LIMITS.memory_mb,
        processes=LIMITS.processes,
        file_mb=4 * LIMITS.file_mb,
        output_kb=32 * LIMITS.output_kb,
    )


def _order(
    place: Place, job: Job, *, leave_out: frozenset[str], path: Callable[[str], str]
) -> dict[str, object]:
    return {
        "id": place.number,
        "file": path(place.test),
        "skills": path(place.skills),
        "routes": path(place.routes),
        "leave_out": sorted(leave_out),
        "reverse": job.turn % 2 == 1,
        "until_red": job.until_red,
        # POSIX zones: no database of zones is needed for them.
        "env": {"TZ": "MMT-13:30" if job.turn % 2 else "UTC0"},
    }
