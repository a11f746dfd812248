"""Sum up a long log: its size, its first and last lines, and the lines that look like trouble."""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

TROUBLE = re.compile(
    r"\b(error|errors|fatal|failed|failure|panic|exception|traceback"
    r"|segmentation fault|warning"
    r"|undefined reference|no such file|permission denied|command not found"
    r"|out of memory|killed|assert(ion)?)\b"
    r"|^[A-Za-z_.]*(Error|Exception|Warning)\b",
    re.IGNORECASE,
)
# "0 errors", "no warnings", "errors: 0" are good news.
ALL_WELL = re.compile(
    r"\b(0|no|zero)\s+(errors?|warnings?|failures?|failed)\b|\b(errors?|warnings?|failed)\s*[:=]\s*0\b",
    re.IGNORECASE,
)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")
WIDTH = 300


def clean(line: str) -> str:
    """Without colours and control characters; a progress bar's last state; cut at 300 characters."""
    text = ESCAPES.sub("", line.rstrip("\r").rsplit("\r", 1)[-1]).rstrip()
    return text if len(text) <= WIDTH else f"{text[:WIDTH]} [... {len(text) - WIDTH} more characters]"


def trouble(lines: list[str]) -> list[dict[str, Any]]:
    """Each kind of trouble once, in order of first appearance."""
    kinds: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, 1):
        if not TROUBLE.search(ALL_WELL.sub("", line)):
            continue
        kind = kinds.setdefault(
            re.sub(r"0x[0-9a-f]+|\d+", "#", line), {"line": number, "text": line, "count": 0}
        )
        kind["count"] += 1
    return list(kinds.values())


def show(summary: dict[str, Any]) -> str:
    """The summary for people."""
    out = [f"{summary['lines']} lines, {summary['kinds']} kinds of trouble"]
    for title in ("head", "tail"):
        out += [f"--- {title}", *(f"{row['line']:>6}  {row['text']}" for row in summary[title])]
    out.append("--- trouble")
    for row in summary["trouble"]:
        times = f"  (x{row['count']})" if row["count"] > 1 else ""
        out.append(f"{row['line']:>6}  {row['text']}{times}")
    if (left := summary["kinds"] - len(summary["trouble"])) > 0:
        out.append(f"        ... and {left} more kinds; raise --errors to see them")
    return "\n".join(out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="log file, or - for standard input")
    parser.add_argument("--head", type=int, default=5)
    parser.add_argument("--tail", type=int, default=15)
    parser.add_argument("--errors", type=int, default=20, help="at most so many kinds of trouble")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        data = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
    except OSError as error:
        print(f"summarise.py: {error}", file=sys.stderr)
        return 2
    text = data.decode("utf-8", "replace")
    lines = [clean(line) for line in text.removesuffix("\n").split("\n")] if text else []
    rows = [{"line": number, "text": line} for number, line in enumerate(lines, 1)]
    head = rows[: max(0, arguments.head)]
    kinds = trouble(lines)
    summary = {
        "lines": len(lines),
        "kinds": len(kinds),
        "head": head,
        "tail": rows[max(len(head), len(rows) - max(0, arguments.tail)) :],
        "trouble": kinds[: max(0, arguments.errors)],
    }
    print(json.dumps(summary, indent=2, ensure_ascii=False) if arguments.json else show(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
