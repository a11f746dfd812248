"""A learning run that is killed and resumed, against one that is left alone: the same library, to the commit.

    python -m tests.learning.campaign [--tasks 60] [--kills 2]

Each run is `memento learn` in processes of its own, over HTTP to a loopback endpoint that answers as the
simulated model. Kills are SIGKILL while the endpoint is being asked for the n-th time.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.learning.stream import MODEL, aside, endpoint, tasks, write

KILLED, SPENT = -signal.SIGKILL, 1


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run left."""

    main: str
    """Main's commit."""
    branches: tuple[str, ...]
    """Without main."""
    report: dict[str, object]
    asked: int
    ends: tuple[int, ...]
    """Exit codes of the processes that it took."""
    seconds: float


def play(
    folder: Path,
    start: Path,
    *,
    count: int,
    kill_at: tuple[int, ...] = (),
    budget: str | None = None,
    held_out: int = 4,
) -> Outcome:
    """One run to its end in a copy of the library `start`, resumed as often as it takes: it is killed at
    these requests, and its second process has only so many tokens."""
    lay_out(folder, start, count=count, held_out=held_out)
    children: list[subprocess.Popen[str]] = []
    left, begun = list(kill_at), time.monotonic()

    def heard(number: int) -> None:
        if left and number >= left[0]:
            left.pop(0)
            os.kill(children[-1].pid, signal.SIGKILL)

    with endpoint(heard=heard) as server:
        ends: list[int] = []
        while not ends or ends[-1] in (KILLED, SPENT):
            more = ["--resume"] if ends else []
            more += ["--budget-tokens", budget] if budget and len(ends) == 1 else []
            children.append(started(folder, server.base_url, *more))
            out, err = children[-1].communicate()
            ends.append(children[-1].returncode)
        assert ends[-1] == 0, err
        asked = len(server.requests)
        server.problems.clear()  # a client that was killed has left its answer behind
    refs = git(folder / "library", "for-each-ref", "--format=%(refname)", "refs/heads").split()
    return Outcome(
        main=git(folder / "library", "rev-parse", "main").strip(),
        branches=tuple(ref for ref in refs if ref != "refs/heads/main"),
        report=json.loads(out),
        asked=asked,
        ends=tuple(ends),
        seconds=time.monotonic() - begun,
    )


def lay_out(
    folder: Path, start: Path, *, count: int, held_out: int, gold: dict[str, str] | None = None
) -> None:
    """A copy of the library `start`, the tasks and the held-out tasks."""
    folder.mkdir()
    shutil.copytree(start, folder / "library")
    write(tasks(count), folder / "tasks.jsonl", gold)
    write(aside(held_out), folder / "held-out.jsonl")


def started(folder: Path, base_url: str, *more: str, rounds: str = "2") -> "subprocess.Popen[str]":
    """`memento learn` on what lies in the folder."""
    arguments = ["learn", str(folder / "tasks.jsonl"), "--held-out", str(folder / "held-out.jsonl")]
    arguments += ["--seed", "7", "--rounds", rounds, "--library", str(folder / "library"), "--json", *more]
    return subprocess.Popen(
        command(*arguments),
        env=environment_for(folder, base_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def environment_for(folder: Path, base_url: str) -> dict[str, str]:
    """Nothing of this process's environment but what finds programs and the package."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        **kept,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "OPENAI_BASE_URL": base_url,
        "MEMENTO_MODEL": MODEL,
        "MEMENTO_SANDBOX": "bubblewrap",
    }


def command(*arguments: str) -> list[str]:
    """argv of a memento command."""
    return [sys.executable, "-c", "from memento.cli.main import main; main()", *arguments]


def starting(root: Path) -> Path:
    """A new library; its first commit tells the time, so both runs start from one."""
    done = subprocess.run(command("init", str(root)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return root


def git(root: Path, *argv: str) -> str:
    """What plain git says."""
    done = subprocess.run(["git", "-C", str(root), *argv], capture_output=True, text=True, check=True)
    return done.stdout


def main() -> None:
    from argparse import ArgumentParser

    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=60)
    parser.add_argument("--kills", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memento-learning-") as temporary:
        start = starting(Path(temporary) / "start")
        alone = play(Path(temporary) / "alone", start, count=asked.tasks)
        at = tuple(alone.asked * (n + 1) // (asked.kills + 1) for n in range(asked.kills))
        killed = play(Path(temporary) / "killed", start, count=asked.tasks, kill_at=at)
    same = (killed.main, killed.branches, killed.report) == (alone.main, (), alone.report)
    lines = [
        json.dumps(alone.report, indent=2),
        f"left alone: {alone.asked} requests, {alone.seconds:.0f} s, main {alone.main[:12]}",
        f"exits {killed.ends}: {killed.asked} requests, {killed.seconds:.0f} s, main {killed.main[:12]}",
        "the same library" if same else "DIFFERENT LIBRARIES",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(0 if same and killed.ends.count(KILLED) == asked.kills else 1)


if __name__ == "__main__":
    main()
