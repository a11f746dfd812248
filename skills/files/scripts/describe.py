"""Size up files before reading them: encoding, line endings, separator, first rows; a JSON line per file."""

import argparse
import codecs
import csv
import json
import sys
from pathlib import Path
from typing import Any

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = ",;\t|"
SAMPLE_LINES = 50


def decode(data: bytes) -> tuple[str, str, bool] | None:
    """Text, encoding, has a byte-order mark; None for a binary file."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            name = "utf-8-sig" if encoding == "utf-8" else encoding
            return data.decode(name, "replace"), encoding, True
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8"), "ascii" if data.isascii() else "utf-8", False
    except UnicodeDecodeError:
        pass
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in data)
    # Single-byte encodings decode anything: this is a guess, and said to be one.
    return (data.decode("cp1252", "replace"), "windows-1252?", False) if controls == 0 else None


def newline(text: str) -> str:
    """lf, crlf, cr, mixed or none."""
    crlf = text.count("\r\n")
    counts = {"crlf": crlf, "lf": text.count("\n") - crlf, "cr": text.count("\r") - crlf}
    found = [name for name, count in counts.items() if count]
    return found[0] if len(found) == 1 else "mixed" if found else "none"


def table(text: str, rows: int) -> dict[str, Any] | None:
    """Delimiter, header and first rows when the text is a table: two rows or more, all equally wide."""
    sample = text.splitlines(keepends=True)[:SAMPLE_LINES]
    best: tuple[int, str, list[list[str]]] | None = None
    for delimiter in DELIMITERS:
        try:
            parsed = [row for row in csv.reader(sample, delimiter=delimiter, strict=True) if row]
        except csv.Error:
            continue
        widths = {len(row) for row in parsed}
        if (
            len(parsed) > 1
            and len(widths) == 1
            and (width := widths.pop()) > 1
            and (not best or width > best[0])
        ):
            best = (width, delimiter, parsed)
    if best is None:
        return None
    _, delimiter, parsed = best
    has_header = all(cell.strip() and not number(cell) for cell in parsed[0])
    body = parsed[1:] if has_header else parsed
    return {"delimiter": delimiter, "header": parsed[0] if has_header else None, "rows": body[:rows]}


def number(cell: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def structure(text: str, rows: int) -> dict[str, Any]:
    """The kind of text, with what belongs to that kind."""
    lines = [line for line in text.splitlines() if line.strip()]
    if text.lstrip()[:1] in ("{", "["):
        if parses(text):
            return {"kind": "json"}
        if lines and all(parses(line) for line in lines[:SAMPLE_LINES]):
            return {"kind": "jsonl"}
    found = table(text, rows)
    return {"kind": "csv", **found} if found else {"kind": "text"}


def parses(text: str) -> bool:
    """Whether the text is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def describe(path: Path, rows: int) -> dict[str, Any]:
    """The facts about one file."""
    facts: dict[str, Any] = {"path": str(path)}
    if not path.is_file():
        return {**facts, "error": "is a directory" if path.is_dir() else "no such file"}
    data = path.read_bytes()
    facts["bytes"] = len(data)
    if not data:
        return {**facts, "kind": "empty"}
    decoded = decode(data)
    if decoded is None:
        return {**facts, "kind": "binary", "starts_with": data[:8].hex()}
    text, encoding, bom = decoded
    return {
        **facts,
        **structure(text, rows),
        "encoding": encoding,
        "bom": bom,
        "newline": newline(text),
        "lines": len(text.splitlines()),
        "final_newline": text.endswith(("\n", "\r")),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, default=3, help="how many rows of a table to show")
    arguments = parser.parse_args()
    found = [describe(path, max(0, arguments.rows)) for path in arguments.files]
    for facts in found:
        print(json.dumps(facts, ensure_ascii=False))
    return 1 if any("error" in facts for facts in found) else 0


if __name__ == "__main__":
    sys.exit(main())
