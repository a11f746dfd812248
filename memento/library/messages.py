"""Commit messages and their trailers, written and read: the library's database of why.

terminal: state the working directory before running a command      subject, 72 characters

The command ran in the wrong folder. ...                            the idea in full, when cut

Memento-Skill: terminal                                             trailers, one line each
Memento-Kind: optimise
"""

import re
from collections.abc import Mapping

SUBJECT_CHARACTERS = 72
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_TRAILER = re.compile(r"(Memento-[A-Za-z0-9-]+): (.*)")


def compose(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    """The whole message. Values are folded to one line: a newline would let one forge another trailer."""
    lines = [f"{key}: {one_line(value)}" for key, value in trailers.items() if _KEY.fullmatch(key) and value]
    # The body must not pass for trailers either: git reads the last paragraph only, so ours comes last.
    parts = [_cut(one_line(subject)), _without_controls(body).strip(), "\n".join(lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def describe(skill: str, kind: str, idea: str, trailers: Mapping[str, str]) -> str:
    """The message of a proposal: its subject is the idea, cut; the idea in full follows when it was cut."""
    subject = f"{skill}: {one_line(idea) or kind}"
    return compose(subject, idea if len(subject) > SUBJECT_CHARACTERS else "", trailers)


def trailers_of(message: str) -> Mapping[str, str]:
    """The Memento-... lines of the last paragraph of a message."""
    last = message.strip().split("\n\n")[-1]
    found = (_TRAILER.fullmatch(line) for line in last.split("\n"))
    return {match[1]: match[2] for match in found if match}


def one_line(text: str) -> str:
    """`text` with every run of white space and control characters as one space."""
    return " ".join(_without_controls(text).split())


def _without_controls(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def _cut(text: str) -> str:
    if len(text) <= SUBJECT_CHARACTERS:
        return text
    return text[: SUBJECT_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"
