"""What the documentation shows is run, and what it measures names the command that measured it.

Blocks fenced as ```console are run from top to bottom, in one fresh folder per page:

    $ memento ...     is run as written, by bash, and must exit 0; other programs are not run here
                      `memento init DIR` makes the library that the commands below it work in
    output            must appear: each line in the order shown, among the lines that were printed;
                      a line that ends in ... is a beginning; a line of ... alone is anything

A number with a unit of measurement (12 ms, 88 %, 250 MB) must stand in a paragraph, a list item or a
table that names a command in backticks. A limit or a default is no measurement: say "at most",
"under", "needs" or "default".
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md") if (ROOT / name).is_file()]

UNITS = r"(?:ms|s|seconds?|minutes?|MB|GB|kB|%|percent|times faster|x faster|tasks/s|requests/s)"
MEASUREMENT = re.compile(rf"(?<![\w.`-])\d[\d,.]*\s?{UNITS}(?![\w`])")
LIMIT = re.compile(r"\b(at most|under|up to|needs?|default|limit|within|at least)\b", re.IGNORECASE)
COMMAND = re.compile(r"`(?:make|memento|pytest|python3?|benchmarks?/|git|time|du|pip) ?[^`]*`")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One command of a page, and the output that the page promises."""

    command: str
    output: tuple[str, ...]


def shown(text: str) -> Iterator[Shown]:
    for block in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.splitlines()
            yield Shown(command=command, output=tuple(line for line in output if line.strip()))


def missing(expected: tuple[str, ...], printed: str) -> str | None:
    """The first shown line that was not printed, or None."""
    lines = iter([line.rstrip() for line in printed.splitlines()])
    for wanted in expected:
        start, dots, _ = wanted.partition("...") if wanted.endswith("...") else (wanted, "", "")
        if not any(line.startswith(start) if dots else line == wanted.rstrip() for line in lines):
            return wanted
    return None


def run_page(text: str, folder: Path) -> list[str]:
    """The commands that were run; AssertionError for one that failed or printed something else."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder), "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    ran = []
    for step in shown(text):
        if not step.command.startswith("memento "):
            continue
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", step.command], cwd=folder, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"$ {step.command}\n{done.stdout}{done.stderr}"
        line = missing(step.output, done.stdout + done.stderr)
        assert line is None, f"$ {step.command}\nnever printed: {line}\n{done.stdout}{done.stderr}"
        if made := re.match(r"memento init (\S+)", step.command):
            environment["MEMENTO_LIBRARY"] = str(folder / made.group(1))
        ran.append(step.command)
    return ran


def paragraphs(text: str) -> list[str]:
    """Prose, list items and whole tables, without fenced blocks and indented code."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [part for part in re.split(r"\n\s*\n|\n(?=[-*] |\d+\. )", prose) if part.strip()]


def unfounded(text: str) -> list[str]:
    """The measurements that no command stands behind."""
    return [
        found.group(0)
        for part in paragraphs(text)
        if not COMMAND.search(part) and not LIMIT.search(part)
        for found in MEASUREMENT.finditer(part)
    ]


# ---------------------------------------------------------------- the pages


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_shows_can_be_typed(name, tmp_path):
    text = (ROOT / name).read_text("utf-8")
    ran = run_page(text, tmp_path)
    assert name != "README.md" or ran, "the README has a tour"


@pytest.mark.parametrize("name", PAGES)
def test_every_measurement_names_its_command(name):
    assert unfounded((ROOT / name).read_text("utf-8")) == []


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / name).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_names_every_command_and_no_other():
    from memento.cli.main import COMMANDS

    text = (ROOT / "README.md").read_text("utf-8")
    table = next(part for part in paragraphs(text) if part.lstrip().startswith("| command |"))
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    named = [
        part.removeprefix("memento ").split()[0] for cell in cells for part in re.findall("`(.+?)`", cell)
    ]
    assert sorted(named) == sorted(COMMANDS), "each command has its row in the README's table"


# ---------------------------------------------------------------- the runner itself

TOUR = """
```console
$ memento init mine
A library with 5 skills (files...
$ memento list --json | grep -v problem
[
  {
$ rm -rf /
$ memento route "zzz qqq"
...
no skill fits: the best confidence...
```
"""


def test_a_tour_is_run_in_the_library_that_it_makes(tmp_path):
    assert run_page(TOUR, tmp_path) == [
        "memento init mine", "memento list --json | grep -v problem", 'memento route "zzz qqq"',
    ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]


@pytest.mark.parametrize(
    "page",
    [
        "```console\n$ memento list\n```\n",
        "```console\n$ memento --version\nmemento, version 99\n```\n",
        "```console\n$ memento --help\nCommands:\nUsage: memento...\n```\n",
        "```console\n$ memento --version | grep nothing\n```\n",
    ],
    ids=["fails", "says something else", "says it in another order", "fails inside a pipe"],
)
def test_a_page_that_promises_too_much_is_caught(page, tmp_path):
    with pytest.raises(AssertionError):
        run_page(page, tmp_path)


def test_a_measurement_needs_a_command():
    assert unfounded("It starts in 62 ms and wins 88 % of the time.") == ["62 ms", "88 %"]
    assert unfounded("| a | b |\n|---|---|\n| start | 62 ms |") == ["62 ms"]
    assert unfounded("It starts in 62 ms (`python benchmarks/startup.py`).") == []
    assert unfounded("Files of at most 20 MB.") == []
    assert unfounded("Python 3.11, issue 12, `12 ms`, exit code 4.\n\n```\n5 ms\n```\n") == []
