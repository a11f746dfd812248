"""The pytest fixtures of skill tests. Pure Python on purpose, because it also runs inside the sandbox,
where only pytest and the standard library are sure to work.

    skill        the skill that this test file is named after: .name .description .body .text .path
    run_script   run one of its scripts in an empty folder of its own, as the agent would

`run_script` refuses a script that SKILL.md does not mention: an agent would never find it, so a
test that calls it would prove nothing about the skill.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT_VARIABLE = "MEMENTO_SKILLS_UNDER_TEST"
"""Where the harness put the exported skills; by hand, the `skills` folder beside `skill_tests`."""

SCRIPT_SECONDS = 20


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


def _folder_of(test_file: Path) -> Path:
    root = os.environ.get(ROOT_VARIABLE)
    skills = Path(root) if root else test_file.parent.parent / "skills"
    name = test_file.stem.removeprefix("test_").replace("_", "-")
    return skills / name


@pytest.fixture
def skill(request: pytest.FixtureRequest) -> SkillUnderTest:
    """The skill this file tests; the test fails when the skill is missing or cannot be read."""
    from memento.skill import parse

    folder = _folder_of(request.path)
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
        done = subprocess.run(
            [*interpreter, str(path), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=SCRIPT_SECONDS,
            check=False,
        )
        return ScriptRun(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr, folder=folder)

    return run
