"""Tasks that are scored by tests: a look at the workspace which the agent left behind, in the sandbox.

    /tests       the task's tests, read-only, never seen by the agent
    workspace    read-only at /app; tests that look into /root are made to look there
    verdict      pytest files: every test passed and the report that pytest wrote says so; an
                 os._exit(0) leaves no report and is no pass
                 only a test.sh: the reward that it wrote to /logs/verifier/reward.txt is at least 1

Python tests are run by our pytest, not by the task's test.sh: such scripts install pytest from the
network, and there is none in here. What else the script would have set up is not there. The bare host
has no such places: these tasks need bubblewrap or Docker.
"""

import re
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from memento.evals.datasets.items import ByTests
from memento.protocols import Completed, Limits, Mount, Sandbox, SandboxSession
from memento.types import Folder, Task

PLACE = "/app"
ELSEWHERE = {b"/logs/verifier": b"/workspace/verifier", b"/root/": b"/app/"}
"""Places that the format's tests name and that the sandbox has not, and what stands for them."""
REPORT = "/workspace/report.xml"
REWARD = "/workspace/verifier/reward.txt"


@dataclass(frozen=True, kw_only=True)
class TestChecker:
    """Runs the tests of a task when its attempt ends; `passed` is asked by the judge afterwards."""

    __test__ = False  # pytest would collect a class of this name

    sandbox: Sandbox
    tests: Mapping[str, ByTests]
    """By task id."""
    results: dict[str, bool] = field(default_factory=dict)

    def __call__(self, task: Task, workspace: Path) -> None:
        """Keep whether the workspace passes. SandboxError when it could not be looked at."""
        self.results.pop(task.id, None)
        if task.id in self.tests:
            self.results[task.id] = passes(self.tests[task.id], workspace, self.sandbox)


def passes(check: ByTests, workspace: Path, sandbox: Sandbox) -> bool:
    """Whether the state of `workspace` passes the tests."""
    with tempfile.TemporaryDirectory(prefix="memento-tests-") as temporary:
        tests, private = Path(temporary) / "tests", Path(temporary) / "work"
        private.mkdir()
        lay(check.tests, tests)
        mounts = [Mount(source=tests, target="/tests"), Mount(source=workspace, target=PLACE)]
        limits = Limits(wall_s=check.timeout_s, cpu_s=int(check.timeout_s) + 1)
        with sandbox.open(workspace=private, mounts=mounts, limits=limits) as session:
            names = sorted(path.name for path in tests.glob("test_*.py"))
            if names:
                done = _pytest(session, names)
                return done.exit_code == 0 and _all_passed(private / "report.xml")
            session.run(["mkdir", "-p", session.path("/workspace/verifier")])
            session.run(["bash", session.path("/tests/test.sh")], cwd="/workspace")
            return _reward(private / "verifier/reward.txt") >= 1


def _pytest(session: SandboxSession, names: list[str]) -> Completed:
    command = [*session.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:memento"]
    command += [f"--rootdir={session.path('/tests')}", f"--junitxml={session.path(REPORT)}"]
    return session.run([*command, *(session.path(f"/tests/{name}") for name in names)])


def lay(files: Folder, folder: Path) -> None:
    """The tests as files, with the places that they name put where the sandbox has them."""
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = file.data
        for theirs, ours in ELSEWHERE.items() if path.suffix in (".sh", ".py") else ():
            data = data.replace(theirs, ours)
        path.write_bytes(data)
        path.chmod(0o755 if file.executable else 0o644)


def _all_passed(report: Path) -> bool:
    try:
        suites = list(ElementTree.parse(report).iter("testsuite"))  # noqa: S314
    except (OSError, ElementTree.ParseError):
        return False
    ran = sum(int(suite.get("tests", 0)) for suite in suites)
    bad = sum(int(suite.get(kind, 0)) for suite in suites for kind in ("failures", "errors", "skipped"))
    return ran > 0 and bad == 0


def _reward(path: Path) -> float:
    try:
        text = path.read_text("utf-8", "replace").strip()
    except OSError:
        return 0.0
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else 0.0
