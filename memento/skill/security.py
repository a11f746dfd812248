"""What a skill's text must never carry, and what it is able to reach: deterministic, no model.

    findings       text that is refused wherever it stands: hidden characters, secrets, orders to
                   ignore orders, code piped from the network into a shell, decode-and-execute
    capabilities   what the skill can reach: hosts, programs that fetch or install, tools. A change
                   that adds one is not refused; it is put before a human.

A pattern list is hygiene: it raises the price of an attack and makes the plain ones visible. What
bounds an attack is that whoever reads untrusted text cannot write the repository.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from memento.types import Folder, Skill


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One refused passage: where it stands and what it is."""

    file: str
    line: int
    rule: str
    message: str


_RULES: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (rule, message, re.compile(pattern, re.IGNORECASE))
    for rule, message, pattern in (
        (
            "pipe-to-shell",
            "code from the network is piped into an interpreter",
            r"\b(?:curl|wget|fetch)\b[^\n|]*\|[^\n]*\b(?:ba|z|da|k)?sh\b"
            r"|\b(?:curl|wget)\b[^\n|]*\|[^\n]*\b(?:python3?|perl|ruby|node)\b"
            r"|\b(?:ba|z|da)?sh\b\s*(?:-c\s*[\"']?\$\(|<\()\s*(?:curl|wget)\b",
        ),
        (
            "decode-and-execute",
            "encoded text is decoded and executed",
            r"\bbase64\b[^\n|]*(?:-d|--decode)\b[^\n]*\|[^\n]*\b(?:ba|z|da)?sh\b"
            r"|\b(?:exec|eval)\s*\(\s*(?:base64|codecs|bytes\.fromhex|zlib|marshal)\b",
        ),
        (
            "override-instructions",
            "the text tells its reader to disregard other instructions",
            r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|all|"
            r"any|other|system|safety)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?)\b",
        ),
        (
            "secret",
            "a credential stands in the text",
            r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b"
            r"|\bsk-[A-Za-z0-9_-]{20,}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}\b|\bAIza[0-9A-Za-z_-]{35}\b",
        ),
        (
            "startup-file",
            "it writes to a shell start-up file or to an agent's configuration",
            r"(?:>>?|\btee\b[^\n]*)\s*[\"']?(?:~|\$HOME|\$\{HOME\})?/?[^\s\"']*"
            r"(?:\.bashrc|\.zshrc|\.profile|\.bash_profile|authorized_keys|/\.git/hooks/|\.claude/|"
            r"CLAUDE\.md|AGENTS\.md|\.cursorrules)",
        ),
    )
)

_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_IMPERATIVE_IN_COMMENT = re.compile(
    r"\b(?:must|always|never|run|execute|send|fetch|download|ignore|do not tell|secretly|instead)\b",
    re.IGNORECASE,
)
_OWN_COMMENT = re.compile(r"^\s*/?memento:")
_URL = re.compile(r"\b(?:https?|ftp|wss?)://([A-Za-z0-9.\-\[\]:]+)", re.IGNORECASE)
_REACHING_COMMAND = re.compile(
    r"\b(curl|wget|nc|ncat|ssh|scp|rsync|sudo|pip3? install|npm (?:i|install)|npx|uvx|pipx|"
    r"apt(?:-get)? install|brew install|cargo install|go install|docker run|git clone)\b"
)
_REACHING_MODULE = re.compile(
    r"^\s*(?:import|from)\s+(socket|ssl|http|urllib|requests|httpx2?|ftplib|smtplib|ctypes|paramiko)\b",
    re.MULTILINE,
)


def findings(folder: Folder) -> tuple[Finding, ...]:
    """Everything in a skill's folder that no landing may carry."""
    found: list[Finding] = []
    for name, file in sorted(folder.items()):
        text = file.data.decode("utf-8", "replace")
        found.extend(_hidden_characters(name, text))
        for rule, message, pattern in _RULES:
            found.extend(
                Finding(file=name, line=_line(text, match.start()), rule=rule, message=message)
                for match in pattern.finditer(text)
            )
        if name.endswith(".md"):
            found.extend(_orders_in_comments(name, text))
    return tuple(found)


def capabilities(folder: Folder, skill: Skill | None) -> frozenset[str]:
    """What a skill can reach: "host example.org", "command curl", "module socket", "tool Bash"."""
    reach = {f"tool {tool}" for tool in skill.allowed_tools} if skill else set()
    for file in folder.values():
        text = file.data.decode("utf-8", "replace")
        reach |= {f"host {host.rstrip('.').lower()}" for host in _URL.findall(text)}
        reach |= {f"command {command}" for command in _REACHING_COMMAND.findall(text)}
        reach |= {f"module {module}" for module in _REACHING_MODULE.findall(text)}
    return frozenset(reach)


def _hidden_characters(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.split("\n"), 1):
        for character in line:
            # A byte-order mark may open a file; every other format character hides something.
            is_mark = character == "\ufeff" and number == 1 and line.startswith("\ufeff")
            category = unicodedata.category(character)
            if is_mark or character in "\t\r":
                continue
            if category in {"Cf", "Cc", "Co", "Cs"}:
                code = f"U+{ord(character):04X}"
                yield Finding(
                    file=name, line=number, rule="hidden-character", message=f"hidden character {code}"
                )
                break


def _orders_in_comments(name: str, text: str) -> Iterator[Finding]:
    for comment in _COMMENT.finditer(text):
        inner = comment.group(1)
        if _IMPERATIVE_IN_COMMENT.search(inner) and not _OWN_COMMENT.match(inner):
            yield Finding(
                file=name,
                line=_line(text, comment.start()),
                rule="order-in-comment",
                message="an HTML comment, which a reviewer does not see rendered, gives orders",
            )


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
