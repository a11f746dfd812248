"""How evaluation scales to the endpoint's limit, with a slow model on loopback.

    python benchmarks/evals.py [--json] [--latency S] [--workers 1,2,4,8,16] [--ray ADDRESS]

Each task is one call of the model, which takes `latency` seconds and answers any number of calls at
once, so the best that N workers can do is N / latency tasks a second. Per N: tasks a second over the
time in which tasks were under way, and `efficiency`, the share of that best. Every task has the whole of
a real one: route, sandbox session, prompt, call over HTTP, score, record on disk.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from memento.testing.loopback import LoopbackServer

MEMENTO = str(Path(sys.executable).parent / "memento")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of workers."""

    workers: int
    tasks: int
    seconds: float
    tasks_per_s: float
    best_per_s: float
    efficiency: float


def measure(workers: int, latency: float, folder: Path, ray: str | None) -> Row:
    """`workers` at once, with enough tasks for each to do six."""

    def answer(body: Mapping[str, Any]) -> str:
        del body
        time.sleep(latency)
        return "4"

    tasks = 6 * workers
    rows = [{"id": f"w{workers}-{n}", "text": f"What is {n} + 1?", "answer": "4"} for n in range(tasks)]
    path = folder / f"tasks-{workers}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with LoopbackServer(answer) as server:
        command = [MEMENTO, "eval", str(path), "--split", "all", "--arm", "library", "--json"]
        command += ["--library", str(folder / "library"), "--workers", str(workers)]
        command += ["--model", "loopback", "--base-url", server.base_url, *(["--ray", ray] if ray else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds = json.loads(done.stdout)["wall_s"]
    best = workers / latency
    return Row(
        workers=workers,
        tasks=tasks,
        seconds=round(seconds, 2),
        tasks_per_s=round(tasks / seconds, 2),
        best_per_s=round(best, 2),
        efficiency=round(tasks / seconds / best, 3),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--latency", type=float, default=2.0)
    parser.add_argument("--workers", default="1,2,4,8,16")
    parser.add_argument("--ray")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memento-bench-") as temporary:
        folder = Path(temporary)
        subprocess.run([MEMENTO, "init", str(folder / "library")], check=True, capture_output=True)
        rows = [measure(int(n), asked.latency, folder, asked.ray) for n in asked.workers.split(",")]
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"a model that takes {asked.latency:g} s")
    for row in rows:
        print(
            f"{row.workers:4} workers  {row.tasks_per_s:7.2f} tasks/s of {row.best_per_s:7.2f}  "
            f"efficiency {row.efficiency:.1%}"
        )


if __name__ == "__main__":
    main()
