"""Runs a skill's test file in the sandbox and decides, from outside, which tests passed.

    what runs        the test file and the skill's folder, exported read-only; nothing else of the library
    what is expected the test functions that the file's syntax tree names, known before anything runs
    what counts      a line of the reporter for each expected test, all of them passed, and an orderly end

An expected test that did not report has failed, whatever the process says of itself: `os._exit(0)`,
a crash, a hang, a skip, an empty parametrize and a test that was never collected all look the same.
No conftest.py, ini file or plugin of the tested code is honoured, for none is exported or loaded.
"""

import hashlib
import json
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from memento.errors import SandboxError
from memento.journal import Journal
from memento.protocols import Completed, Limits, Mount, Sandbox
from memento.skill.testfile import base_name, expected_tests, test_file_name
from memento.types import Folder, TestResult

LIBRARY = "/library"
LIMITS = Limits(wall_s=60.0, cpu_s=50, memory_mb=1024, processes=64, file_mb=64, output_kb=1024)
RUN = "<run>"
"""Id of the pseudo test that stands for the run itself: collection, and an orderly end."""


@dataclass(frozen=True, kw_only=True)
class Harness:
    """Runs test files on exported skills; passes are remembered by content."""

    sandbox: Sandbox
    journal: Journal
    new_word: Callable[[], str]
    """An unguessable word per run."""
    use_cache: bool = True

    def run(self, skill: str, folder: Folder, test: bytes) -> tuple[TestResult, ...]:
        """One result per expected test, plus one for the run itself when it did not end in order.

        Raises SandboxError when the sandbox broke: that is no verdict.
        """
        key = self._key(skill, folder, test)
        if self.use_cache and (known := self.journal.cached_run(key)) is not None:
            return known
        results = self._execute(skill, folder, test)
        self.journal.cache_run(key, results)
        return results

    def _execute(self, skill: str, folder: Folder, test: bytes) -> tuple[TestResult, ...]:
        expected = expected_tests(test)
        word = self.new_word()
        with tempfile.TemporaryDirectory(prefix="memento-gate-") as temporary:
            root = Path(temporary)
            _export(root / "skills" / skill, folder)
            _export_file(root / "skill_tests" / test_file_name(skill), test)
            with self.sandbox.open(mounts=[Mount(source=root, target=LIBRARY)], limits=LIMITS) as session:
                library = session.path(LIBRARY)
                file = f"{library}/skill_tests/{test_file_name(skill)}"
                done = session.run(
                    [*session.python, "-m", "memento.gate.inside"],
                    stdin=json.dumps({"word": word, "root": library, "file": file}).encode(),
                    env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
                )
        return read_results(done, word, expected)

    def _key(self, skill: str, folder: Folder, test: bytes) -> str:
        """Everything that the results depend on: content, harness, interpreter, sandbox."""
        parts = [skill, platform.python_version(), self.sandbox.name, _harness_digest(), _digest(test)]
        parts += [f"{n} {_digest(f.data)} {f.executable}" for n, f in sorted(folder.items())]
        return _digest("\n".join(parts).encode())


def read_results(done: Completed, word: str, expected: tuple[str, ...]) -> tuple[TestResult, ...]:
    """The verdict on each expected test, from what the sandboxed process printed."""
    reported: dict[str, list[TestResult]] = {name: [] for name in expected}
    twice = [name for name in reported if expected.count(name) > 1]
    strange: list[TestResult] = []
    ended = False
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        mark, _, said = line.partition(" ")
        if mark != word:
            continue
        if said.startswith("end "):
            ended = True
            continue
        result = _parse(said)
        base = base_name(result.id)
        reported.get(base, strange).append(result)
    for name in twice:
        # The second definition hides the first: a failing test can be covered by an empty one.
        reported[name] = [TestResult(id=name, passed=False, detail="it is defined more than once")]
    results = [r for name, own in reported.items() for r in (own or [_silent(name, done)])]
    results += [TestResult(id=r.id, passed=False, detail=r.detail or "not in the test file") for r in strange]
    if not ended:
        results.append(TestResult(id=RUN, passed=False, detail=_how_it_ended(done)))
    elif not expected:
        results.append(TestResult(id=RUN, passed=False, detail="the file has no tests"))
    return tuple(results)


def _parse(said: str) -> TestResult:
    try:
        fields = json.loads(said)
        return TestResult(id=str(fields["id"]), passed=fields["passed"] is True, detail=str(fields["detail"]))
    except (ValueError, KeyError, TypeError):
        return TestResult(id=RUN, passed=False, detail=f"an unreadable report: {said[:200]}")


def _silent(name: str, done: Completed) -> TestResult:
    return TestResult(id=name, passed=False, detail=f"did not report: {_how_it_ended(done)}")


def _how_it_ended(done: Completed) -> str:
    if done.timed_out:
        return "the run was stopped at its time limit"
    if done.truncated:
        return "the run printed more than its output limit"
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    return f"the run ended early with exit code {done.exit_code}" + (f" ({last[0][:200]})" if last else "")


def _export(target: Path, folder: Folder) -> None:
    for name, file in folder.items():
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise SandboxError(f"refusing to export a file named {name!r}")
        _export_file(target / name, file.data)


def _export_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _harness_digest() -> str:
    parts = [
        resources.files("memento.gate").joinpath("inside.py").read_bytes(),
        resources.files("memento.testing").joinpath("plugin.py").read_bytes(),
    ]
    return _digest(b"".join(parts))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
