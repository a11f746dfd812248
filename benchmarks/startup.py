"""How long `memento --help` takes, beside an interpreter that does nothing.

    python benchmarks/startup.py [--json] [--runs N]

Milliseconds of wall time, the median and the least of N runs, taken in turns so that a busy machine
slows both alike. `ratio` is the median of `memento --help` over that of `python -c pass`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

MEMENTO = str(Path(sys.executable).parent / "memento")
COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "memento --version": (MEMENTO, "--version"),
    "memento --help": (MEMENTO, "--help"),
    "memento run --help": (MEMENTO, "run", "--help"),
}


def once(command: Sequence[str]) -> float:
    """Milliseconds of one run."""
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begun) * 1000


def measure(runs: int) -> dict[str, object]:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            times[name].append(once(command))
    figures = {
        name: {"median_ms": round(statistics.median(ms), 1), "least_ms": round(min(ms), 1)}
        for name, ms in times.items()
    }
    ratio = figures["memento --help"]["median_ms"] / figures["python -c pass"]["median_ms"]
    return {"runs": runs, "commands": figures, "ratio": round(ratio, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    found = measure(options.runs)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, figures in found["commands"].items():  # type: ignore[attr-defined]
        print(f"{name:20} {figures['median_ms']:6.1f} ms median, {figures['least_ms']:6.1f} ms least")
    print(f"ratio {found['ratio']}")


if __name__ == "__main__":
    main()
