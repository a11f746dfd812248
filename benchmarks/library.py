"""How fast a library is opened, listed and changed, beside plain git doing the same in a checkout.

python benchmarks/library.py [--json] [--rounds 15] [--sizes 235 10000]

list     a new Python process opens the library and lists every skill; cold: without the kept
         headers, warm: with them. Wall time of the whole process, and its largest resident memory
land     proposal, commit, merge and landing without a gate, fsync off, the checkout follows; median
durable  what landing with fsync adds to that, median, at the smallest size
vs_git   ours divided by plain git: branch, write, add, commit, merge --no-ff, notes, branch -d.
         Both take turns in one run, so that a busy machine slows both
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from memento.changes import Disposition, Evidence, GateOutcome, GateReport, Rewrite
from memento.library import Library, land
from memento.types import ChangeKind, File

SKILL = """\
---
name: {name}
description: Does the work number {number} of its kind. Use when a task asks for item {number} of a list.
license: MIT
metadata:
  memento-version: 0.1.0
---

# Skill {number}

{body}
"""
BODY = "\n".join(f"{n}. Do the thing, then look at what came of it before going on." for n in range(40))
LISTING = """\
import sys, time
from pathlib import Path
from memento.library import Library
library = Library.open(Path(sys.argv[1]), now=time.time, ids=str)
assert library.state and len(library.at().headers()) == int(sys.argv[2])
"""
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "x@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """One library: with us at its head, or with plain git."""

    root: Path
    size: int


def plain(root: Path, *argv: str, stdin: bytes = b"") -> None:
    """git as anybody runs it, with nothing that would run by itself."""
    settings = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsync=none")
    command = ["git", *settings, *argv]
    subprocess.run(command, cwd=root, env=ENVIRONMENT, input=stdin, check=True, capture_output=True)


def make(root: Path, size: int) -> Place:
    def data(text: str) -> str:
        return f"data {len(text.encode())}\n{text}\n"

    parts = ["commit refs/heads/main\ncommitter x <x@x> 1750000000 +0000\n", data("A library")]
    for number in range(size):
        name = f"skill-{number:05d}"
        parts.append(f"M 100644 inline skills/{name}/SKILL.md\n" + data(document(number, BODY)))
        test = f"def test_{number}(skill):\n    assert skill.body\n"
        parts.append(f"M 100644 inline skill_tests/test_{name.replace('-', '_')}.py\n" + data(test))
    parts.append("M 100644 inline .gitignore\n" + data(".memento/\n"))
    plain(root.parent, "init", "-q", "-b", "main", str(root))
    plain(root, "fast-import", "--quiet", stdin="".join(parts).encode())
    plain(root, "reset", "-q", "--hard")
    return Place(root=root, size=size)


def document(number: int, body: str) -> str:
    return SKILL.format(name=f"skill-{number:05d}", number=number, body=body)


def in_ms(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def landing(place: Place, *, durable: bool) -> Callable[[int], float]:
    """A function that lands its n-th change and says how long it took."""
    ids = count(time.time_ns())
    library = Library.open(place.root, now=time.time, ids=lambda: f"{next(ids)}", durable=durable)

    def once(turn: int) -> float:
        number = turn % place.size
        folder = {"SKILL.md": File(data=document(number, f"{BODY}\n{next(ids)}").encode())}
        rewrite = Rewrite(
            skill=f"skill-{number:05d}", kind=ChangeKind.OPTIMISE, folder=folder, idea=f"say {turn}"
        )
        report = GateReport(skill=rewrite.skill, outcome=GateOutcome.PASS, evidence=Evidence.LINT, steps=())

        base = library.tip()

        def work() -> None:
            proposal = library.propose(rewrite, None, base=base, trailers={}, tainted=False)
            landed = land(library, proposal, lambda *_: report, lambda _: {}, lambda *_: True)
            assert (landed.disposition, landed.note) == (Disposition.LANDED, "the checkout follows")

        return in_ms(work)

    return once


def with_git(place: Place) -> Callable[[int], float]:
    """The same steps with plain git in a checkout."""

    def once(turn: int) -> float:
        number, branch = turn % place.size, f"memento/{time.time_ns()}"
        path = f"skills/skill-{number:05d}/SKILL.md"

        def work() -> None:
            plain(place.root, "checkout", "-q", "-b", branch)
            (place.root / path).write_text(document(number, f"{BODY}\n{time.time_ns()}"), "utf-8")
            plain(place.root, "add", "--", path)
            plain(place.root, "commit", "-q", "-m", f"say {turn}")
            plain(place.root, "checkout", "-q", "main")
            plain(place.root, "merge", "-q", "--no-ff", "-m", f"Land {turn}", branch)
            plain(place.root, "notes", "--ref=memento", "add", "-m", "report", "HEAD")
            plain(place.root, "branch", "-q", "-d", branch)

        return in_ms(work)

    return once


def listing(place: Place) -> tuple[float, float]:
    """(cold, warm) in seconds; the largest memory of both is the children's."""
    command = [sys.executable, "-c", LISTING, str(place.root), str(place.size)]

    def once() -> float:
        return in_ms(lambda: _run(command)) / 1000

    colds = []
    for _ in range(3):
        (place.root / ".memento/headers.json").unlink(missing_ok=True)
        colds.append(once())
    return statistics.median(colds), statistics.median(once() for _ in range(5))


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True)


def measure(folder: Path, sizes: list[int], rounds: int) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for size in sizes:
        ours, theirs = make(folder / f"ours {size}", size), make(folder / f"git {size}", size)
        if size == max(sizes):
            cold, warm = listing(ours)
            found |= {f"list_{size}_cold_s": round(cold, 3), f"list_{size}_warm_s": round(warm, 3)}
            memory_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            found[f"list_{size}_rss_mb"] = round(memory_kb / 1024, 1)
        fast, durable, git = landing(ours, durable=False), landing(ours, durable=True), with_git(theirs)
        times: dict[str, list[float]] = {"fast": [], "durable": [], "git": []}
        for turn in range(rounds + 1):
            for name, once in (("fast", fast), ("git", git), ("durable", durable)):
                times[name].append(once(turn))
        middle = {name: statistics.median(all_[1:]) for name, all_ in times.items()}
        found[f"land_{size}_ms"] = round(middle["fast"], 1)
        found[f"vs_git_{size}"] = round(middle["fast"] / middle["git"], 3)
        if size == min(sizes):
            found["durable_extra_ms"] = round(middle["durable"] - middle["fast"], 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast a library is.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--sizes", type=int, nargs="+", default=[235, 10_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memento-benchmark-") as folder:
        found = measure(Path(folder), options.sizes, options.rounds)
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:24} {value:g}")


if __name__ == "__main__":
    main()
