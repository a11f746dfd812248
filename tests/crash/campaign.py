"""Kill a process that changes a library, look at what is left, and let the next command mend it.

    python -m tests.crash.campaign [--kills 200] [--seed 0] [--errors 60]

    by name      SIGKILL at a named step: before and after each object, reference, lock, file, line
    by clock     SIGKILL to the process and its git children at a random moment
    by error     ENOSPC or EIO from a system call that writes, by strace, where there is strace

The last line is `kills=N recovered=N lost=0 double=0`; the exit code is 1 when it says otherwise.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from memento.changes import Disposition
from memento.errors import MementoError
from memento.journal import Journal
from memento.library import Library
from memento.library.reconcile import reconcile
from memento.library.steps import STEPS
from tests.crash.child import GATE_STEPS
from tests.library.changes import created, landed, propose

PROJECT = Path(__file__).parent.parent.parent
CALLS = {
    "write": 30,
    "pwrite64": 12,
    "rename": 12,
    "link": 6,
    "unlink": 12,
    "mkdir": 8,
    "fsync": 30,
    "fdatasync": 8,
    "ftruncate": 4,
    "openat": 900,
}
"""System calls that change a disk, and how many of each the child or one of its gits makes about."""
PATIENCE_S = 40
FILES = {
    "skills/greeter/SKILL.md": "---\nname: greeter\ndescription: Greets a person.\n---\n\nSay hello.\n",
    "skill_tests/test_greeter.py": "def test_greets(skill):\n    assert skill.body\n",
    "tips.md": "- Read.\n",
    ".gitignore": ".memento/\n",
}


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One child: how it was to end, and what it had acknowledged by then."""

    how: str
    killed: bool
    said: tuple[tuple[str, str], ...]
    error: str = ""


@dataclass(kw_only=True)
class Tally:
    """What came of all attempts."""

    kills: int = 0
    recovered: int = 0
    lost: int = 0
    double: int = 0
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        return f"kills={self.kills} recovered={self.recovered} lost={self.lost} double={self.double}"


def git(root: Path, *argv: str) -> str:
    """Plain git, as a person would ask it."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "gc.auto=0")
    done = subprocess.run(["git", *identity, *argv], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"git {argv[0]}: {done.stderr.strip()}")
    return done.stdout


def new_library(root: Path) -> None:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "A library")


# ---------------------------------------------------------------- ending a child


def by_name(root: Path, seed: str, step: str, nth: int) -> Attempt:
    return _run(f"{step} ({nth})", [str(root), seed, step, str(nth)])


def by_clock(root: Path, seed: str, after_s: float) -> Attempt:
    return _run(f"after {after_s:.3f} s", [str(root), seed], after_s=after_s)


def by_error(root: Path, seed: str, call: str, error: str, nth: int) -> Attempt:
    strace = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null"]
    strace += ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={nth}"]
    return _run(f"{call} fails with {error} ({nth})", [str(root), seed], wrap=strace)


def _run(how: str, arguments: list[str], *, after_s: float | None = None, wrap: list[str] = []) -> Attempt:  # noqa: B006
    child = subprocess.Popen(
        [*wrap, sys.executable, "-B", "-m", "tests.crash.child", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    if after_s is not None:
        assert child.stdout is not None
        time.sleep(after_s)
        os.killpg(child.pid, signal.SIGKILL)
    try:
        out, err = child.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        # `git cat-file` does not look whether "missing" reached its pipe; no real disk fails so.
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
    said = tuple((kind, what) for kind, what in (line.split() for line in out.decode().splitlines()))
    return Attempt(how=how, killed=child.returncode < 0, said=said, error=err.decode()[-300:])


# ---------------------------------------------------------------- looking at what is left


@dataclass(kw_only=True)
class Memory:
    """What has been acknowledged in one library so far."""

    landed: set[str] = field(default_factory=set)
    proposed: set[str] = field(default_factory=set)
    discarded: set[str] = field(default_factory=set)

    def add(self, attempt: Attempt) -> None:
        for kind, what in attempt.said:
            {"landed": self.landed, "proposed": self.proposed, "discarded": self.discarded}[kind].add(what)


def inspect(root: Path, memory: Memory, seed: str) -> Iterator[tuple[str, str]]:
    """(kind, sentence) for everything that is wrong after the next command: lost, double or broken."""
    library = Library.open(root, now=time.time, ids=(f"{seed}-next-{n}" for n in count()).__next__)
    journal = Journal(path=library.state / "journal.db")
    library.recover()
    reconcile(library, journal)
    yield from _history(root, library, journal, memory)
    yield from _state(root)
    follow_up = landed(library, propose(library, created(f"after-{seed}")))
    journal.ideas.record(follow_up, episode="next")
    if (follow_up.disposition, follow_up.note) != (Disposition.LANDED, "the checkout follows"):
        yield (
            "broken",
            f"the next landing: {follow_up.disposition} {follow_up.note} {follow_up.report.reason}",
        )
    yield from _state(root)


def _history(root: Path, library: Library, journal: Journal, memory: Memory) -> Iterator[tuple[str, str]]:
    line = library.log(limit=10_000)
    commits = {entry.sha for entry in line}
    for sha in memory.landed - commits:
        yield "lost", f"the acknowledged landing {sha} is not on main"
    landings = Counter(entry.trailers.get("Memento-Proposal") for entry in line)
    for proposal, times in landings.items():
        if proposal is not None and times > 1:
            yield "double", f"{proposal} landed {times} times"
    opened = {proposal.id for proposal in library.proposals()}
    for proposal in memory.proposed - set(landings) - opened - memory.discarded - _refused(journal):
        yield "lost", f"the proposal {proposal} is neither on main nor a branch"
    for proposal in opened & set(landings):
        yield "double", f"{proposal} has landed and is open"
    told = {
        disposition: {i.proposal for i in journal.ideas.of() if i.disposition is disposition}
        for disposition in Disposition
    }
    if told[Disposition.LANDED] != set(landings) - {None}:
        yield "broken", "the journal and main disagree about what landed"
    if told[Disposition.OPEN] != opened:
        yield "broken", "the journal and the branches disagree about what is open"
    merges = {entry.sha for entry in line if "Memento-Proposal" in entry.trailers}
    noted = (
        {item.split()[1] for item in git(root, "notes", "--ref=memento", "list").splitlines()}
        if merges
        else set()
    )
    if noted != merges:
        yield "broken", f"reports without a landing or the other way round: {noted ^ merges}"


def _refused(journal: Journal) -> set[str]:
    return {idea.proposal for idea in journal.ideas.of() if idea.disposition is Disposition.DISCARDED}


def _state(root: Path) -> Iterator[tuple[str, str]]:
    fsck = git(root, "fsck", "--strict", "--no-dangling")
    if fsck:
        yield "broken", f"git fsck: {fsck}"
    status = git(root, "status", "--porcelain")
    if status:
        yield "broken", f"the checkout: {status}"
    # A branch's name is used once: a lock that its death left is in nobody's way, and doctor's to remove.
    found = [str(path.relative_to(root / ".git")) for path in (root / ".git").rglob("*.lock")]
    stale = [name for name in found if not name.startswith("refs/heads/memento/")]
    if stale:
        yield "broken", f"locks: {stale}"
    if git(root, "for-each-ref", "refs/memento"):
        yield "broken", "draft references"


# ---------------------------------------------------------------- the campaign


def attempts(root: Path, chance: Random, number: int, *, errors: bool) -> Attempt:
    seed = f"n{number}"
    kind = chance.random()
    if errors:
        call = chance.choice(list(CALLS))
        return by_error(root, seed, call, chance.choice(["ENOSPC", "EIO"]), chance.randint(1, CALLS[call]))
    if kind < 0.6:
        steps = (*STEPS, *GATE_STEPS)
        return by_name(root, seed, steps[number % len(steps)], chance.choice([1, 1, 2, 3, 5, 8]))
    return by_clock(root, seed, chance.uniform(0.15, 1.2))


def campaign(kills: int, errors: int, seed: int, *, each: int = 25) -> Tally:
    """Until so many processes were killed; a new library for every `each` of them."""
    chance, tally = Random(seed), Tally()
    with tempfile.TemporaryDirectory(prefix="memento-crash-") as folder:
        root, memory, numbers = Path(folder), Memory(), count()
        done = {"kills": 0, "errors": 0}
        while done["kills"] < kills or done["errors"] < errors:
            number = next(numbers)
            if number % each == 0:
                root, memory = Path(folder) / f"library {number}", Memory()
                new_library(root)
            with_errors = done["kills"] >= kills
            attempt = attempts(root, chance, number, errors=with_errors)
            memory.add(attempt)
            if attempt.how.startswith("unlink"):
                _as_told(root)
            try:
                wrong = [*inspect(root, memory, f"n{number}")]
            except (MementoError, AssertionError) as error:
                wrong = [("broken", f"the next command fails: {error}")]
            if with_errors:
                done["errors"] += 1
            elif attempt.killed:
                done["kills"] += 1
                tally.kills += 1
                tally.recovered += not wrong
            _enter(tally, attempt, wrong)
            if wrong:
                shutil.copytree(
                    root,
                    Path(tempfile.gettempdir()) / f"memento-crash-{seed}-{number}",
                    symlinks=True,
                    dirs_exist_ok=True,
                )
                memory = Memory()
                root = Path(folder) / f"library {number} again"
                new_library(root)
    return tally


def _as_told(root: Path) -> None:
    """What the message asks of a person when git could not remove a lock of its own."""
    for lock in (root / ".git").rglob("*.lock"):
        lock.unlink()


def _enter(tally: Tally, attempt: Attempt, wrong: list[tuple[str, str]]) -> None:
    tally.lost += sum(kind == "lost" for kind, _ in wrong)
    tally.double += sum(kind == "double" for kind, _ in wrong)
    tally.problems += [f"{attempt.how}: {kind}: {sentence} {attempt.error}" for kind, sentence in wrong]


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill processes that change a library.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--errors", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    errors = options.errors if shutil.which("strace") else 0
    tally = campaign(options.kills, errors, options.seed)
    for problem in tally.problems:
        print(problem)  # noqa: T201
    print(f"write errors: {errors}, {'by strace' if errors else 'no strace here'}")  # noqa: T201
    print(tally.line())  # noqa: T201
    return 0 if not tally.problems and tally.recovered == tally.kills else 1


if __name__ == "__main__":
    sys.exit(main())
