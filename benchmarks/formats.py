"""How the reader and the writer do on real SKILL.md files: `python benchmarks/formats.py DIR [--json]`.

files                 SKILL.md files found below DIR
exceptions            files on which reading or a no-change edit raised anything
usable                share of the files, in [0, 1], that gave a skill; `usable_files` counts them
roundtrip_identical   share of the files that a no-change edit left identical, byte for byte;
                      `roundtrip_identical_files` counts them
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from memento.errors import SkillError
from memento.skill import edit, parse


@dataclass(frozen=True, kw_only=True)
class Formats:
    """Counts over a folder of skills, and the shares that are promised."""

    files: int
    exceptions: int
    usable: float
    usable_files: int
    roundtrip_identical: float
    roundtrip_identical_files: int


def measure(folder: Path) -> Formats:
    """Reads every SKILL.md below `folder` and edits each with what it already says."""
    files = exceptions = usable = identical = 0
    for path in sorted(folder.rglob("SKILL.md")):
        files += 1
        data = path.read_bytes()
        try:
            skill = parse(data, folder=path.parent.name).skill
            usable += skill is not None
            identical += (_unchanged(data) if skill is None else _same(data, skill.body)) == data
        except Exception:  # noqa: BLE001  what is measured is that there is none
            exceptions += 1
    return Formats(
        files=files,
        exceptions=exceptions,
        usable=usable / files if files else 0.0,
        usable_files=usable,
        roundtrip_identical=identical / files if files else 0.0,
        roundtrip_identical_files=identical,
    )


def table(formats: Formats) -> str:
    """The three promises in percent."""
    read = (formats.files - formats.exceptions) / formats.files if formats.files else 0.0
    rows = (
        ("files", f"{formats.files}"),
        ("read", f"{read:.2%} without an exception ({formats.exceptions} exceptions)"),
        ("usable", f"{formats.usable:.2%} ({formats.usable_files})"),
        ("round trip", f"{formats.roundtrip_identical:.2%} identical ({formats.roundtrip_identical_files})"),
    )
    return "\n".join(f"{name:12}{value}" for name, value in rows)


def _same(data: bytes, body: str) -> bytes:
    skill = parse(data, folder="").skill
    metadata = skill.metadata if skill else {}
    return edit(data, body=body, metadata=dict(metadata))


def _unchanged(data: bytes) -> bytes:
    try:
        return edit(data)
    except SkillError:  # no frontmatter: the writer refuses and so changes nothing
        return data


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    formats = measure(arguments.folder)
    print(json.dumps(asdict(formats)) if arguments.json else table(formats))


if __name__ == "__main__":
    main()
