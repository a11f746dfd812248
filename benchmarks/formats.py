"""How the reader and the writer do on real SKILL.md files: `python benchmarks/formats.py DIR [--json]`.

files                 SKILL.md files found below DIR
exceptions            files on which reading or a no-change edit raised anything
usable                files that gave a skill
roundtrip_identical   files that a no-change edit left identical, byte for byte
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from memento.errors import SkillError
from memento.skill import edit, parse


@dataclass(frozen=True, kw_only=True)
class Formats:
    """Counts over a folder of skills."""

    files: int
    exceptions: int
    usable: int
    roundtrip_identical: int


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
    return Formats(files=files, exceptions=exceptions, usable=usable, roundtrip_identical=identical)


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
    formats = asdict(measure(arguments.folder))
    print(json.dumps(formats) if arguments.json else "\n".join(f"{k:20} {v}" for k, v in formats.items()))


if __name__ == "__main__":
    main()
