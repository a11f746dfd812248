"""Check a skill folder against the Agent Skills specification, with the standard library only."""

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FIELDS = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FIELD = re.compile(r"([A-Za-z][\w-]*):(?:\s+(.*))?$")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s#]+)[^)]*\)")
MENTION = re.compile(r"(?<![\w./-])((?:scripts|references|assets)/[\w./-]*\.\w+)")
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)


class Problem(NamedTuple):
    """Where, and what to mend."""

    file: str
    line: int
    problem: str


def split(text: str) -> tuple[list[str], str, int] | None:
    """Frontmatter lines, body, and the body's first line number; None when there is no frontmatter."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None
    for end, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            return lines[1:end], "\n".join(lines[end + 1 :]), end + 2
    return None


def fields(lines: list[str]) -> dict[str, tuple[int, str]]:
    """Top-level fields with line number and value; folded and indented lines are joined with blanks."""
    found: dict[str, tuple[int, str]] = {}
    current = None
    for number, line in enumerate(lines, 2):
        match = FIELD.match(line)
        if match:
            current = match[1]
            value = (match[2] or "").strip()
            found[current] = (number, "" if re.fullmatch(r"[>|][+-]?", value) else value)
        elif current and line.startswith((" ", "\t")):
            at, value = found[current]
            found[current] = (at, f"{value} {line.strip()}".strip())
    return {key: (at, unquoted(value)) for key, (at, value) in found.items()}


def unquoted(value: str) -> str:
    """A value without the quotes around it."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def frontmatter_problems(lines: list[str], folder: str) -> Iterator[tuple[int, str]]:
    """What is wrong above the body."""
    found = fields(lines)
    for key in ("name", "description"):
        if not found.get(key, (0, ""))[1]:
            yield 1, f"`{key}` is missing"
    for key, (line, _) in found.items():
        if key not in FIELDS:
            yield line, f"unknown field `{key}`: allowed are {', '.join(sorted(FIELDS))}"
    line, name = found.get("name", (1, ""))
    if name and (not NAME.fullmatch(name) or len(name) > 64):
        yield line, f"name `{name}`: lower case letters, digits, single hyphens, at most 64 characters"
    if name and name != folder:
        yield line, f"name `{name}` differs from the folder `{folder}`"
    for key, most in (("description", 1024), ("compatibility", 500)):
        line, value = found.get(key, (1, ""))
        if len(value) > most:
            yield line, f"`{key}` has {len(value)} characters, at most {most}"
    line, description = found.get("description", (1, ""))
    if description and not re.search(r"\b(use|when)\b", description, re.IGNORECASE):
        yield line, "the description does not say when to use the skill"


def body_problems(body: str, first: int, folder: Path) -> Iterator[tuple[int, str]]:
    """What is wrong in the body."""
    if not body.strip():
        yield first, "the body is empty"
    if (count := body.count("\n") + 1) > 500:
        yield first, f"the body has {count} lines, at most 500: move detail to references/"
    prose = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), body)
    targets = [(m.start(), m[1]) for m in LINK.finditer(prose) if not re.match(r"[\w+.-]+:|/", m[1])]
    targets += [(m.start(), m[1]) for m in MENTION.finditer(body)]
    for line, target in sorted({(first + body.count("\n", 0, start), target) for start, target in targets}):
        if not (folder / target).resolve().is_relative_to(folder.resolve()):
            yield line, f"{target} leads out of the skill"
        elif not (folder / target).exists():
            yield line, f"{target} does not exist"


def script_problems(folder: Path, text: str) -> Iterator[Problem]:
    """Scripts that do not parse, or that SKILL.md never mentions."""
    for path in sorted((folder / "scripts").glob("**/*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or "__pycache__" in name:
            continue
        if name not in text:
            yield Problem(name, 1, "SKILL.md does not mention this script")
        if path.suffix == ".py":
            try:
                ast.parse(path.read_bytes())
            except (SyntaxError, ValueError) as error:
                yield Problem(name, getattr(error, "lineno", None) or 1, f"does not parse: {error}")


def problems(folder: Path) -> Iterator[Problem]:
    """Everything that is wrong with a skill folder."""
    document = folder / "SKILL.md"
    if not document.is_file():
        yield Problem("SKILL.md", 1, "missing")
        return
    try:
        text = document.read_text("utf-8")
    except UnicodeDecodeError:
        yield Problem("SKILL.md", 1, "is not UTF-8 text")
        return
    parts = split(text.removeprefix("\ufeff"))
    if parts is None:
        yield Problem(
            "SKILL.md", 1, "no frontmatter: the first line must be `---`, and a second `---` ends it"
        )
        return
    lines, body, first = parts
    for line, problem in (
        *frontmatter_problems(lines, folder.resolve().name),
        *body_problems(body, first, folder),
    ):
        yield Problem("SKILL.md", line, problem)
    yield from script_problems(folder, body)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        print(f"validate.py: {arguments.folder} is not a folder", file=sys.stderr)
        return 2
    found = list(problems(arguments.folder))
    if arguments.json:
        print(json.dumps([problem._asdict() for problem in found], indent=2))
    else:
        print("\n".join(f"{p.file}:{p.line}: {p.problem}" for p in found) or "no problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
