"""What the writing roles are shown of a skill, as text.

A file is shown whole or not at all: who rewrites a file of which the end was cut would lose the end.
"""

from collections.abc import Iterator

from memento.prompts import untrusted
from memento.types import FileName, Folder, Skill

FILE_CHARACTERS = 60_000
TOTAL_CHARACTERS = 120_000


def contract_text(contract: Skill) -> str:
    """What a skill promises: its name, its description, its instructions or its charter."""
    return f"name: {contract.name}\ndescription: {contract.description}\n\n{contract.body}"


def files_text(folder: Folder, *, but: FileName | None = None) -> str:
    """Every file between <file path="..."> and </file>, SKILL.md first; what is not shown is named."""
    whole = shown_whole(folder)
    return "\n".join(
        untrusted(whole.get(name, f"[not shown: {len(folder[name].data)} bytes]"), "file", path=name)
        for name in _in_order(folder)
        if name != but
    )


def shown_whole(folder: Folder) -> dict[FileName, str]:
    """The files that are shown, as text: UTF-8, not too long, and within the room for all."""
    shown: dict[FileName, str] = {}
    room = TOTAL_CHARACTERS
    for name in _in_order(folder):
        try:
            text = folder[name].data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if len(text) <= min(room, FILE_CHARACTERS):
            shown[name] = text
            room -= len(text)
    return shown


def _in_order(folder: Folder) -> Iterator[FileName]:
    yield from sorted(folder, key=lambda name: (name != "SKILL.md", name))
