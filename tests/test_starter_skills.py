"""The five starter skills: valid, harmless, tested, and each found by its own requests and by no other's."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from memento.route import TantivyRouter
from memento.skill import check, new, parse
from memento.skill.security import findings
from memento.testing.snapshots import MemorySnapshot
from memento.types import File, Folder, Sha, Skill

ROOT = Path(__file__).parent.parent
NAMES = ("files", "skill-creator", "terminal", "web-fetch", "web-search")

EMPTY_REGION = """


# --- generated cases: each names the episode it came from ---
# --- end of generated cases ---
"""
NEIGHBOURS = {
    "pdf-forms": "Fill in and merge PDF forms. Use when asked to complete a form or combine PDF documents.",
    "csv-totals": "Calculate with tables: sums, averages and maxima of columns in CSV ledgers.",
    "calendar": "Plan dates: days between two dates, weekdays. Use when asked how many days lie apart.",
    "git-history": "Explain commits, branches and merges of a repository. Use when asked who changed a line.",
    "recipe-scaling": "Scale a recipe to another number of guests and convert kitchen units.",
}
DATA_TASKS = (
    "Add up the Amount column of ledger.csv",
    "What is the total of the Amount column in ledger.csv? Round to 2 decimals.",
    "How many days are between 2024-01-05 and 2024-03-01?",
    "Which customer has the highest revenue in sales.csv?",
    "In data.json, what is the median of the latency values?",
    "Convert the temperatures in temps.csv from Fahrenheit to Celsius",
    "Find the average of the values in the second column of the table in data.csv",
    "Which service in july.log logged the most errors? Answer with its name and how many errors it logged.",
    "How many days lie between the earliest and the latest date in events.txt?",
    "Write a haiku about rain",
)


def folder_of(name: str) -> Folder:
    root = ROOT / "skills" / name
    files = (p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(root).as_posix(): File(data=p.read_bytes()) for p in files}


def test_file(name: str) -> Path:
    return ROOT / "skill_tests" / f"test_{name.replace('-', '_')}.py"


test_file.__test__ = False  # type: ignore[attr-defined]  # a helper; pytest collects by name


def skill_of(name: str) -> Skill:
    skill = parse(folder_of(name)["SKILL.md"].data, folder=name).skill
    assert skill is not None
    return skill


def constant(name: str, key: str) -> tuple[str, ...]:
    """A module constant of a skill's test file, read without executing it, as the host reads it."""
    for node in ast.parse(test_file(name).read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == key:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{test_file(name).name} has no {key}")


STARTERS = {name: skill_of(name) for name in NAMES}
HOME = {name: folder_of(name) for name in NAMES}
STRANGERS = {
    name: {"SKILL.md": File(data=new(name=name, description=about, body=about))}
    for name, about in NEIGHBOURS.items()
}
ROUTER = TantivyRouter()
LIBRARIES = {
    "starters": MemorySnapshot(skills=HOME, commit=Sha("starters")),
    "neighbours": MemorySnapshot(skills={**HOME, **STRANGERS}, commit=Sha("neighbours")),
}
QUERIES = [(name, query) for name in NAMES for query in constant(name, "QUERIES")]
NEAR_MISSES = [(name, query) for name in NAMES for query in constant(name, "NEAR_MISSES")]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("name", "query"), QUERIES)
def test_a_starter_skill_is_reached_by_each_of_its_own_requests(library, name, query):
    assert ROUTER.route(query, LIBRARIES[library]).skill == name


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("name", "query"), NEAR_MISSES)
def test_a_starter_skill_is_not_reached_by_its_near_misses(library, name, query):
    assert ROUTER.route(query, LIBRARIES[library]).skill != name


@pytest.mark.parametrize("query", DATA_TASKS)
def test_a_task_of_a_kind_that_no_starter_is_for_fits_none(query):
    assert ROUTER.route(query, LIBRARIES["starters"]).skill is None


def test_there_are_five_starters_each_with_its_test_file():
    assert {p.name for p in (ROOT / "skills").iterdir() if p.is_dir()} == set(NAMES)
    assert {p.name for p in (ROOT / "skill_tests").glob("test_*.py")} == {test_file(n).name for n in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_satisfies_the_specification_and_carries_nothing_that_a_landing_may_not(name):
    assert check(folder_of(name), name=name) == ()
    assert findings(folder_of(name)) == ()
    skill = STARTERS[name]
    assert (skill.name, skill.version, skill.license) == (name, "1.0.0", "Apache-2.0")


def test_all_descriptions_together_leave_room_in_an_agents_catalogue():
    assert sum(len(skill.description) for skill in STARTERS.values()) < 2_000


@pytest.mark.parametrize("name", NAMES)
def test_a_starters_test_file_has_its_requests_and_an_empty_region_for_generated_cases(name):
    for key in ("QUERIES", "NEAR_MISSES"):
        found = constant(name, key)
        assert 5 <= len(found) == len(set(found)) <= 8
        assert all(isinstance(query, str) and query for query in found)
    assert test_file(name).read_text("utf-8").endswith(EMPTY_REGION)


SCRIPTS = sorted((ROOT / "skills").glob("*/scripts/*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_starters_script_explains_itself_and_needs_the_standard_library_only(script, tmp_path):
    argv = [sys.executable, "-I", "-S", str(script), "--help"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr, done.stdout.startswith("usage: ")) == (0, "", True)
    assert script.stem not in sys.stdlib_module_names  # it would shadow that module for itself


def run_skill_tests(skills: Path) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "pytest", "-q", "-rN", "-p", "no:cacheprovider", "--tb=no", "skill_tests"]
    environment = {
        "MEMENTO_SKILLS_UNDER_TEST": str(skills),
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)


def test_every_skill_test_passes_on_the_skills_and_fails_when_the_bodies_are_emptied(tmp_path):
    whole = run_skill_tests(ROOT / "skills")
    assert (whole.returncode, "passed" in whole.stdout, "failed" in whole.stdout) == (0, True, False)
    for name in NAMES:
        for path, file in folder_of(name).items():
            data = file.data
            if path == "SKILL.md":
                data = data[: data.index(b"\n---\n") + 5]
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    emptied = run_skill_tests(tmp_path)
    assert (emptied.returncode, "failed" in emptied.stdout, "passed" in emptied.stdout) == (1, True, False)
