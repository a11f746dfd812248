"""How the simulated model reads a prompt: by the tags that every reader of it is given."""

import re

from memento.llm.simulated.dates import DATES
from memento.llm.simulated.kinds import Kind, Trap
from memento.llm.simulated.ledgers import LEDGERS
from memento.llm.simulated.logs import LOGS

KINDS = (LEDGERS, LOGS, DATES)

_FILE = re.compile(r"\b[\w-]+\.(?:csv|log|txt|md)\b")


def between(text: str, tag: str) -> str:
    """What stands between the last <tag ...> and its closing tag; "" when there is none."""
    found = re.findall(rf"<{tag}(?:\s[^>]*)?>\n(.*?)\n?</{tag}>", text, re.DOTALL)
    return found[-1] if found else ""


def files_in(folder: str) -> dict[str, str]:
    """The files of a <folder>, by path."""
    return dict(re.findall(r'<file path="([^"]+)">\n(.*?)\n</file>', folder, re.DOTALL))


def file_in(task: str) -> str:
    """The file that a task names."""
    found = _FILE.search(task)
    return found.group(0) if found else "."


def kind_of(task: str) -> Kind | None:
    """The kind of task, if the simulated model knows it."""
    return next((kind for kind in KINDS if kind.asks.search(task)), None)


def traps_seen(kind: Kind, trace: str) -> list[Trap]:
    """The traps that show in what the agent looked at."""
    return [trap for trap in kind.traps if trap.symptom.search(trace)]


_ROLES = {
    "You are an agent that solves": "act",
    "You find out why": "attribute",
    "You turn a failed attempt": "tip",
    "You shorten a list of tips": "condense",
    "You decide whether a library": "charter",
    "You write the tests": "exam",
    "You write a new skill": "rewrite",
    "You replace the approach": "rewrite",
    "You improve an agent's skill": "rewrite",
    "You write the requests": "requests",
    "You describe an agent's skill": "describe",
    "You write the criteria": "rubric",
    "You score an agent's attempt": "judge",
    "You look for what an agent changed": "effects",
}


def purpose_of(system: str) -> str:
    """Which role a prompt gives, by its first line; "" for none of Memento's."""
    return next((purpose for start, purpose in _ROLES.items() if system.startswith(start)), "")
