"""What the near-duplicate check would refuse: `python benchmarks/duplicates.py DIR [--json] [--examples]`.

Every folder of DIR is one collection of skills. Within each, a skill counts as refused when the check
finds a twin in the same collection. Files without a test have no requests: names and descriptions decide.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from memento.skill import parse
from memento.skill.duplicates import Duplicate, Profile, duplicate_of


@dataclass(frozen=True, kw_only=True)
class Refused:
    """One collection: how many skills it has, and the share that would have been refused."""

    collection: str
    skills: int
    refused: float
    examples: tuple[tuple[str, Duplicate], ...]


def measure(folder: Path) -> Refused:
    """Compares every skill of a collection with every other."""
    profiles: dict[str, Profile] = {}
    for path in sorted(folder.rglob("SKILL.md")):
        skill = parse(path.read_bytes(), folder=path.parent.name).skill
        # A second copy of the same folder name (NAME__2) is another file of the same skill.
        if skill is not None and "__" not in skill.name:
            profiles[skill.name] = Profile(name=skill.name, description=skill.description)
    twins = {name: duplicate_of(profile, profiles.values()) for name, profile in profiles.items()}
    found = tuple((name, twin) for name, twin in twins.items() if twin is not None)
    share = len(found) / len(profiles) if profiles else 0.0
    return Refused(collection=folder.name, skills=len(profiles), refused=share, examples=found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--examples", action="store_true", help="show each refused skill and its twin")
    arguments = parser.parse_args()
    found = [measure(folder) for folder in sorted(arguments.folder.iterdir()) if folder.is_dir()]
    if arguments.json:
        print(json.dumps([asdict(each) for each in found]))
        return
    for each in found:
        print(f"{each.collection:40} {each.skills:5} skills {each.refused:7.1%} refused")
        if arguments.examples:
            for name, twin in each.examples:
                print(f"    {name}: {twin.reason}")


if __name__ == "__main__":
    main()
