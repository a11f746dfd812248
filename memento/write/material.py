"""What the writing roles are shown of a skill, as text."""

from memento.prompts import untrusted
from memento.types import Folder, Skill

FILE_CHARACTERS = 20_000


def contract_text(contract: Skill) -> str:
    """What a skill promises: its name, its description, its instructions or its charter."""
    return f"name: {contract.name}\ndescription: {contract.description}\n\n{contract.body}"


def files_text(folder: Folder, *, but: str | None = None) -> str:
    """Every file between <file path="..."> and </file>, SKILL.md first; what is not text is named only."""
    names = sorted((name for name in folder if name != but), key=lambda name: (name != "SKILL.md", name))
    return "\n".join(untrusted(_text(folder[name].data), "file", path=name) for name in names)


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"[{len(data)} bytes that are not text]"
    if len(text) <= FILE_CHARACTERS:
        return text
    return f"{text[:FILE_CHARACTERS]}\n[{len(text) - FILE_CHARACTERS} more characters]"
