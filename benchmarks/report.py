"""How long a report of a large library takes, and how soon its index opens.

python benchmarks/report.py [--json] [--skills 1000] [--episodes 10000] [--open]

write    a new Python process: `memento report` over a library of so many skills, two landings each on a
         fifth of them, and so many episodes in the journal; wall time of the whole process
memory   its largest resident memory
open     Chromium, headless: from the start of the navigation to the `load` event and to the first paint
         after the script has run, of index.html from the folder; median of 5
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from memento.journal import Journal
from memento.library import Library
from memento.types import (
    Blame,
    Episode,
    Fault,
    Result,
    Route,
    Sha,
    Step,
    Stop,
    Task,
    Trajectory,
    Usage,
    Verdict,
)

STEPS = 4
WORDS = ("count", "sum", "total", "ledger", "file", "date", "service", "error", "column", "header", "row")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Times in seconds."""

    skills: int
    episodes: int
    pages: int
    megabytes: float
    write_s: float
    memory_mb: float
    open_s: float | None
    """None where it was not asked for."""


def document(number: int, version: int) -> str:
    topic = " ".join(WORDS[(number + k) % len(WORDS)] for k in range(4))
    lines = [f"{n}. Look at the {topic}, then do step {n} of it.\n" for n in range(1, 20)]
    more = "".join(f"\n- Mind the case {version}.{n}.\n" for n in range(version))
    return (
        f"---\nname: skill-{number:05d}\n"
        f"description: Does {topic} number {number}. Use when asked for {topic}.\n"
        f"metadata:\n  memento-version: 0.1.{version}\n---\n\n# {topic.title()}\n\nRun it:\n\n"
        f"```sh\npython3 scripts/run.py FILE\n```\n\n{''.join(lines)}\n## Cases\n{more}\n"
    )


def history(root: Path, skills: int) -> None:
    """A library whose every fifth skill was changed twice, one landing each."""

    def data(text: str) -> str:
        return f"data {len(text.encode())}\n{text}\n"

    def landing(message: str, when: int, files: dict[str, str]) -> str:
        written = "".join(f"M 100644 inline {path}\n{data(text)}" for path, text in files.items())
        return f"commit refs/heads/main\ncommitter x <x@x> {when} +0000\n{data(message)}{written}"

    first = {".gitignore": ".memento/\n"}
    for number in range(skills):
        first[f"skills/skill-{number:05d}/SKILL.md"] = document(number, 0)
        tests = "".join(f"def test_{k}(skill):\n    assert skill.body\n\n\n" for k in range(5))
        first[f"skill_tests/test_skill_{number:05d}.py"] = tests
    stream = [landing("A library", 1_750_000_000, first)]
    for version in (1, 2):
        for number in range(0, skills, 5):
            id_ = f"p{version}x{number:05d}"
            trailers = (
                f"Memento-Proposal: {id_}\nMemento-Skill: skill-{number:05d}\nMemento-Kind: optimise\n"
                f"Memento-Idea: mind the case {version}\nMemento-Task: t{number}\n"
                f"Memento-Episode: e{number}\nMemento-Model: some-model\nMemento-Gate: PASS E2\n"
            )
            files = {f"skills/skill-{number:05d}/SKILL.md": document(number, version)}
            stream.append(landing(f"Land it\n\n{trailers}", 1_750_000_000 + 3600 * (number + version), files))
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, input="".join(stream).encode(), check=True)


def past(library: Library, skills: int, episodes: int) -> None:
    """Episodes in the journal, written as the journal itself writes them, in one transaction."""
    journal = Journal(path=library.state / "journal.db")
    trees = {header.name: header.tree for header in library.at().headers()}
    for number in range(episodes):
        journal.record(attempt(number, f"skill-{number % skills:05d}", trees))


def attempt(number: int, skill: str, trees: dict[str, Sha]) -> Episode:
    failed = number % 3 == 0
    step = Step(
        index=1, thought="Look first.", tool="terminal", arguments='{"command":"ls"}', output="a.csv\n" * 40
    )
    return Episode(
        id=f"e{number}",
        task=Task(id=f"t{number}", text=f"Add up column {number} of the file and answer with the total."),
        attempt=0,
        library=Sha("a" * 40),
        model="some-model",
        route=Route(skill=skill, confidence=0.8),
        skill_tree=trees[skill],
        trajectory=Trajectory(
            steps=(step,) * STEPS,
            answer="42",
            stop=Stop.ANSWERED,
            usage=Usage(calls=5, input_tokens=900, output_tokens=100, usd=0.001),
        ),
        verdict=Verdict(result=Result.FAILED if failed else Result.PASSED, rationale="", by="checker"),
        blame=Blame(fault=Fault.TOOL, skill=skill, explanation="it forgets the header") if failed else None,
        started=1_750_000_000.0 + 60 * number,
    )


def opening(index: Path) -> float:
    """Seconds until the index has loaded, its script has run, and the next frame is there."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    painted = (
        "const done = arguments[0];requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0));"
    )
    try:
        times: list[float] = []
        for _ in range(5):
            driver.get("about:blank")
            driver.get(index.as_uri())
            times.append(float(driver.execute_async_script(painted)) / 1000)
        return statistics.median(times)
    finally:
        driver.quit()


def measure(skills: int, episodes: int, *, opened: bool) -> Measured:
    with tempfile.TemporaryDirectory() as place:
        root, folder = Path(place) / "library", Path(place) / "report"
        history(root, skills)
        library = Library.open(root, now=time.time, ids=lambda: "x", durable=False)
        past(library, skills, episodes)
        program = "from memento.cli.main import main; main()"
        command = [
            sys.executable,
            "-c",
            program,
            "report",
            "--library",
            str(root),
            "-o",
            str(folder),
            "--json",
        ]
        begun = time.perf_counter()
        said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        spent = time.perf_counter() - begun
        return Measured(
            skills=skills,
            episodes=episodes,
            pages=said["pages"],
            megabytes=round(said["bytes"] / 1e6, 1),
            write_s=round(spent, 2),
            memory_mb=round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1),
            open_s=round(opening(folder / "index.html"), 3) if opened else None,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--skills", type=int, default=1_000)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--open", action="store_true", help="also measure in Chromium")
    asked = parser.parse_args()
    found = measure(asked.skills, asked.episodes, opened=asked.open)
    if asked.json:
        print(json.dumps(asdict(found), indent=2))
    else:
        for name, value in asdict(found).items():
            print(f"{name:10} {value}")


if __name__ == "__main__":
    main()
