"""What the SKILL.md of each skill of a commit says."""

from collections.abc import Mapping
from dataclasses import replace

from memento.library.reader import Reader
from memento.skill.reader import Parsed, parse
from memento.types import Sha


def parse_all(read: Reader, trees: Mapping[str, Sha]) -> Mapping[str, Parsed]:
    """What the SKILL.md in each of these folders says; folders without one are left out."""
    found = zip(trees, read.trees(list(trees.values())), strict=True)
    documents = {
        name: inside["SKILL.md"].sha
        for name, inside in found
        if "SKILL.md" in inside and inside["SKILL.md"].is_file
    }
    blobs = read.blobs(list(documents.values()))
    return {
        name: _with_tree(parse(data, folder=name), trees[name])
        for name, data in zip(documents, blobs, strict=True)
    }


def _with_tree(parsed: Parsed, tree: Sha) -> Parsed:
    return replace(parsed, skill=parsed.skill and replace(parsed.skill, tree=tree))
