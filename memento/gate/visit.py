"""One visit to the sandbox: what it is shown, what it is asked to do, and what came out."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from memento.gate.exports import ROOT, WARM, Place, export, export_warm, fingerprint
from memento.gate.job import Job
from memento.gate.plan import Plan
from memento.gate.reports import Message, has_said, listen
from memento.protocols import Completed, Limits, Mount, Sandbox, SandboxSession

FILE_SECONDS = 55.0
LIMITS = Limits(wall_s=75.0, cpu_s=60, memory_mb=1024, processes=64, file_mb=64, output_kb=1024)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """What came out of the sandbox; only lines with the supervisor's `word` are its own."""

    done: Completed
    word: str
    changed: bool
    """What was exported was not the same afterwards."""

    @property
    def begun(self) -> bool:
        return has_said(self.done, self.word, "begin")

    @property
    def broke_off(self) -> bool:
        """The supervisor's process is gone before its end, and no limit has ended it."""
        limited = self.done.timed_out or self.done.truncated
        return self.begun and not limited and not has_said(self.done, self.word, "end")

    @property
    def messages(self) -> Mapping[int, Sequence[Message]]:
        """By the number of the job."""
        return listen(self.done, self.word)


def visit(
    sandbox: Sandbox, jobs: Sequence[Job], plans: Sequence[Plan], *, word: str, workers: int, seconds: float
) -> Visit:
    """Run `jobs` together, for `seconds` at most. Raises SandboxError, and OSError when they cannot be
    exported."""
    with tempfile.TemporaryDirectory(prefix="memento-gate-") as temporary:
        root = Path(temporary)
        places = [export(root, number, job) for number, job in enumerate(jobs)]
        export_warm(root)
        before = fingerprint(root)
        limits = _limits(len(jobs))
        limits = replace(limits, wall_s=min(limits.wall_s, seconds))
        with sandbox.open(mounts=[Mount(source=root, target=ROOT)], limits=limits) as session:
            orders = [
                _order(session, place, job, leave_out=plan.model)
                for place, job, plan in zip(places, jobs, plans, strict=True)
            ]
            done = session.run(
                [*session.python, "-m", "memento.gate.inside"],
                stdin=json.dumps(_orders(session, orders, word, workers)).encode(),
                env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            )
        return Visit(done=done, word=word, changed=fingerprint(root) != before)


def _limits(files: int) -> Limits:
    if files == 1:
        return LIMITS
    return replace(
        LIMITS,
        wall_s=LIMITS.wall_s + 3.0 * files,
        file_mb=4 * LIMITS.file_mb,
        output_kb=32 * LIMITS.output_kb,
    )


def _orders(
    session: SandboxSession, jobs: Sequence[Mapping[str, object]], word: str, workers: int
) -> Mapping[str, object]:
    return {
        "word": word,
        "root": session.path(ROOT),
        "warm": session.path(f"{ROOT}/{WARM}"),
        "scratch": session.path("/tmp"),  # noqa: S108 (the sandbox's own)
        # A host's disk has other writers; a sandbox names its folder as it is.
        "work": "/workspace" if session.path("/workspace") == "/workspace" else "",
        "workers": min(workers, len(jobs)),
        "seconds_per_file": FILE_SECONDS,
        "jobs": jobs,
    }


def _order(
    session: SandboxSession, place: Place, job: Job, *, leave_out: frozenset[str]
) -> Mapping[str, object]:
    return {
        "id": place.number,
        "file": session.path(place.test),
        "skills": session.path(place.skills),
        "routes": session.path(place.routes),
        "leave_out": sorted(leave_out),
        "reverse": job.turn % 2 == 1,
        "until_red": job.until_red,
        # POSIX zones: no database of zones is needed for them.
        "env": {"TZ": "MMT-13:30" if job.turn % 2 else "UTC0"},
    }
