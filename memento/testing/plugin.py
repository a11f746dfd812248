"""The pytest fixtures of skill tests. Pure Python on purpose, because it also runs inside the sandbox,
where only pytest and the standard library are sure to work.

    skill        the skill that this test file is named after: .name .description .body .text .path
    run_script   run one of its scripts in an empty folder of its own, as the agent would
    route        which skill a request reaches: route("Add up ledger.csv") == "ledger-totals"
    solve        solve(task) -> the agent's answer; needs a model, and is not run without one

`route` takes literal text only: the gate reads the requests from the file and routes them outside,
where no tested code can touch the answer.

`run_script` refuses a script that SKILL.md does not mention: an agent would never find it, so a
test that calls it would prove nothing about the skill.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT_VARIABLE = "MEMENTO_SKILLS_UNDER_TEST"
"""Where the harness put the exported skills; by hand, the `skills` folder beside `skill_tests`."""

ROUTES_VARIABLE = "MEMENTO_ROUTES"
"""A JSON file that says which skill each request reaches, null for none."""

WORK_VARIABLE = "MEMENTO_WORK"
"""The sandbox's own work folder; set only where nobody else writes to its disks."""

SCRIPT_SECONDS = 10
SCRIPT_MEMORY_MB = 256
SCRIPT_DISK_MB = 32
"""What a script may use on the small inputs of a test; more is a failure of the test."""


@dataclass(frozen=True, kw_only=True)
class SkillUnderTest:
    """A skill as an agent reads it."""

    name: str
    description: str
    body: str
    text: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class ScriptRun:
    """What a script printed and how it ended; `files` are those it left in its folder, as text."""

    exit_code: int
    stdout: str
    stderr: str
    folder: Path

    def read(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")


def folder_of(test_file: Path) -> Path:
    """The folder of the skill that a test file is named after."""
    root = os.environ.get(ROOT_VARIABLE)
    skills = Path(root) if root else test_file.parent.parent / "skills"
    name = test_file.stem.removeprefix("test_").replace("_", "-")
    return skills / name


@pytest.fixture
def skill(request: pytest.FixtureRequest) -> SkillUnderTest:
    """The skill this file tests; the test fails when the skill is missing or cannot be read."""
    from memento.skill import parse

    folder = folder_of(request.path)
    document = folder / "SKILL.md"
    if not document.is_file():
        pytest.fail(f"there is no skill {folder.name}: {document.name} is missing")
    data = document.read_bytes()
    parsed = parse(data, folder=folder.name)
    if parsed.skill is None:
        pytest.fail(f"{folder.name}/SKILL.md cannot be used: {parsed.problems()}")
    return SkillUnderTest(
        name=parsed.skill.name,
        description=parsed.skill.description,
        body=parsed.skill.body,
        text=data.decode("utf-8", "replace"),
        path=folder,
    )


RunScript = Callable[..., ScriptRun]


@pytest.fixture
def run_script(skill: SkillUnderTest, tmp_path: Path) -> RunScript:
    """run_script("scripts/total.py", "ledger.csv", files={"ledger.csv": "..."}, stdin="") -> ScriptRun."""
    count = 0

    def run(script: str, *arguments: str, files: Mapping[str, str] = {}, stdin: str = "") -> ScriptRun:
        nonlocal count
        count += 1
        if script not in skill.body:
            pytest.fail(f"SKILL.md does not mention {script}: an agent would never run it")
        path = skill.path / script
        if not path.is_file():
            pytest.fail(f"{skill.name} has no {script}")
        folder = tmp_path / f"run-{count}"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        interpreter = ["bash"] if script.endswith(".sh") else [sys.executable, "-I"]
        return _run([*interpreter, str(path), *arguments], script, folder, stdin)

    return run


def _run(argv: list[str], script: str, folder: Path, stdin: str) -> ScriptRun:
    written = _written(folder)
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=SCRIPT_SECONDS)
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            pytest.fail(f"{script} does not end by itself, or leaves a process behind ({SCRIPT_SECONDS} s)")
    if _kill_group(process.pid):
        pytest.fail(f"{script} leaves a process behind")
    # Up to exec a child is counted with its parent's memory.
    used = (
        resource.getrusage(who).ru_maxrss >> 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    own, most = used
    if most > max(own, SCRIPT_MEMORY_MB):
        pytest.fail(f"{script} uses more than {SCRIPT_MEMORY_MB} MB of memory on a small input")
    if _written(folder) - written > SCRIPT_DISK_MB << 20:
        pytest.fail(f"{script} leaves more than {SCRIPT_DISK_MB} MB on the disk")
    return ScriptRun(exit_code=process.returncode, stdout=stdout, stderr=stderr, folder=folder)


def _written(folder: Path) -> int:
    """Bytes on the sandbox's disks, where nobody else writes; by hand, bytes in the script's folder."""
    roots, used = [folder], 0
    if os.environ.get(WORK_VARIABLE):
        roots, used = [Path(os.environ[WORK_VARIABLE])], shutil.disk_usage(folder).used
    files = (Path(top, name) for root in roots for top, _, names in os.walk(root) for name in names)
    return used + sum(file.lstat().st_size for file in files)


def _kill_group(leader: int) -> bool:
    """Kill what a script left behind; False when there is nothing."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


Route = Callable[[str], str | None]


@pytest.fixture
def route() -> Route:
    """route(request) -> the name of the skill that the request reaches, or None."""
    file = os.environ.get(ROUTES_VARIABLE)
    known: Mapping[str, str | None] = json.loads(Path(file).read_text("utf-8")) if file else {}

    def look_up(request: str) -> str | None:
        if request not in known:
            pytest.fail(f"route() takes literal text, which is routed outside the test: {request[:80]!r}")
        return known[request]

    return look_up


@pytest.fixture
def solve() -> Callable[..., str]:
    """solve(task) -> the agent's answer. The gate reads such tests as data and asks the model itself."""
    pytest.skip("needs a model: `memento gate --base REV --model NAME` asks one")
