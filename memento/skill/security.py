"""What a skill's text must never carry, wherever it stands: deterministic, no model.

Hidden characters, secrets, orders to ignore orders, code piped from the network into a shell,
decode-and-execute, downloads as a "prerequisite", commands that a host would run while reading, all
tools at once, writes to the configuration of shells and agents. Letters of another width and words in
base64 are read as what they say.

A pattern list is hygiene: it raises the price of an attack and makes the plain ones visible. What
bounds an attack is that whoever reads untrusted text cannot write the repository.
"""

import base64
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memento.skill.hidden import hidden, mixed
from memento.skill.startup import STARTUP
from memento.types import Folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One refused passage: where it stands and what it is."""

    file: str
    line: int
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """Each chain is a row of patterns that one line holds in this order: found without going back, so
    that no text, however it was made, takes long."""

    name: str
    message: str
    chains: tuple[tuple[re.Pattern[str], ...], ...]


def _rule(name: str, message: str, *chains: str | tuple[str, ...]) -> _Rule:
    rows = ((chain,) if isinstance(chain, str) else chain for chain in chains)
    compiled = (tuple(re.compile(part, re.IGNORECASE) for part in row) for row in rows)
    return _Rule(name, message, tuple(compiled))


MOST = 100
"""Findings of one rule in one file: more of them tell nothing more."""

_FETCH, _SHELL = r"\b(?:curl|wget)\b", r"\b(?:ba|z|da|k)?sh\b"
_SECRET = (
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b"
    r"|\bsk-[A-Za-z0-9_-]{20,}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}\b|\bAIza[0-9A-Za-z_-]{35}\b"
    r"|\bglpat-[A-Za-z0-9_-]{20,}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bhf_[A-Za-z0-9]{30,}\b"
    r"|\bASIA[0-9A-Z]{16}\b|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|\b(?:api[_-]?key|secret|passwd|password|token)\b[\"']?\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{16,}[\"']"
    r"|\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]+:[^\s/:@]{3,}@"
)

_RULES = (
    _rule(
        "pipe-to-shell",
        "code from the network is piped into an interpreter",
        (r"\b(?:curl|wget|fetch)\b", r"\|", _SHELL),
        (_FETCH, r"\|", r"\b(?:python3?|perl|ruby|node)\b"),
        r"\b(?:ba|z|da)?sh\b\s*(?:-c\s*[\"']?\$\(|<\()\s*(?:curl|wget)\b",
        r"\b(?:eval|source)\s+[\"']?(?:\$\(|`|<\()\s*(?:curl|wget)\b",
        (
            r"\b(?:iwr|irm|Invoke-WebRequest|Invoke-RestMethod)\b",
            r"\|\s*(?:iex|Invoke-Expression)\b",
        ),
        (_FETCH, r"(?:&&|;)\s*(?:sudo\s+)?(?:(?:ba|z|da)?sh|python3?|chmod\s+\+x)\b"),
    ),
    _rule(
        "prerequisite-download",
        "something is to be downloaded and run before the skill is used",
        r"\b(?:prerequisites?|required|requires?|first|before (?:you|using|running))\b[^\n]{0,80}"
        r"\b(?:download|install|fetch)\b[^\n]{0,120}(?:https?://|\.(?:exe|dmg|pkg|msi|zip|tar|sh)\b)",
        r"\b(?:download|fetch)\b[^\n]{0,120}\b(?:and|then)\b[^\n]{0,20}\b(?:run|execute|install)\b"
        r"[^\n]{0,40}\b(?:it|them|installer|binary|script|agent|tool)\b",
    ),
    _rule(
        "command-expansion",
        "a command that the host would run while it reads the text",
        r"(?:^|\s)!`[^`\n]+`",
    ),
    _rule(
        "decode-and-execute",
        "encoded text is decoded and executed",
        (r"\bbase64\b", r"(?:-d|--decode)\b", r"\|", _SHELL),
        r"\b(?:exec|eval|compile|os\.system)\s*\([^\n]{0,60}"
        r"(?:b(?:ase)?64|codecs|fromhex|zlib|marshal|unhexlify|rot_?13)",
        (r"\bxxd\b", r"-r", r"\|", _SHELL),
    ),
    _rule(
        "override-instructions",
        "the text tells its reader to disregard other instructions",
        r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier|all|"
        r"any|other|system|safety|your|these)\b[^.\n]{0,30}\b"
        r"(?:instructions?|prompts?|rules?|guidelines?|restrictions?|directives?)\b",
        r"\b(?:do not|don't|never) (?:tell|inform|alert|notify)[^.\n]{0,40}\b(?:user|human|operator)\b",
        r"\bwithout (?:telling|informing|asking|notifying) (?:the )?(?:user|human|operator)\b",
        r"\bnew system prompt\b",
    ),
    _rule("secret", "a credential stands in the text", _SECRET),
    _rule(
        "hidden-element",
        "an element that is not shown",
        r"<[a-z][^>\n]{0,200}(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|"
        r"opacity\s*:\s*0(?![.\d])|\shidden(?=[\s>=]))",
    ),
    _rule(
        "startup-file",
        "it writes to a shell start-up file or to an agent's configuration",
        (
            r"\b(?:tee|cp|mv|ln|install|sed -i|write|append|add|put|place|save|copy|insert|write_text)\b",
            STARTUP,
        ),
        (STARTUP, r"\bwrite_(?:text|bytes)\b|,\s*[\"'][wax]b?\+?[\"']"),
        rf">[^\S\n]*[(\"'`]*[^\s\"'`>]*{STARTUP}",
        r"\bcrontab\s+-",
    ),
)

_SECRETS = re.compile(_SECRET, re.IGNORECASE)
_WHOLE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.*?(?:-----END[^-\n]*-----|\Z)", re.DOTALL)
REDACTED = "[redacted: a credential]"
_IMPERATIVE_IN_COMMENT = re.compile(
    r"\b(?:must|always|never|run|execute|send|fetch|download|ignore|do not tell|secretly|instead)\b",
    re.IGNORECASE,
)
_ALL_TOOLS = re.compile(r"(?<![\w(*:])(?:\*|Bash(?:\([\s*:]*\))?)(?![\w(*:])")
_HOOKS = re.compile(r"^(?:hooks|commands?|on[-_]?load|pre[-_]?run)\s*:", re.MULTILINE)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{24,4000}={0,2}(?![A-Za-z0-9+/=_-])")
_OWN_COMMENT = re.compile(r"^\s*/?memento:")
_PACKED = re.compile(
    r"\.(?:zip|tar|tgz|gz|xz|bz2|7z|rar|whl|egg|jar|class|wasm|deb|rpm|apk|bin|dylib|node)$", re.IGNORECASE
)


def findings(folder: Folder) -> tuple[Finding, ...]:
    """Everything in a skill's folder that no landing may carry."""
    found: list[Finding] = []
    for name, file in sorted(folder.items()):
        text = file.data.decode("utf-8", "replace")
        found.extend(_characters(name, text))
        text = _plain(text)
        for rule in _RULES:
            found.extend(
                Finding(file=name, line=_line(text, start), rule=rule.name, message=rule.message)
                for start in sorted({at for chain in rule.chains for at in _chained(text, chain)})[:MOST]
            )
        if name.endswith((".md", ".html", ".txt")):
            found.extend(_orders_in_comments(name, text))
        if name == "SKILL.md":
            found.extend(_header(text))
        if file.data[:4] == b"\x7fELF" or file.data[:2] == b"MZ" or _PACKED.search(name):
            message = "a program or an archive, which nobody can review"
            found.append(Finding(file=name, line=1, rule="binary", message=message))
    return tuple(found)


def _chained(text: str, chain: Sequence[re.Pattern[str]]) -> Iterator[int]:
    """Where a chain begins, once per line: the first of each part decides whether there is a next one."""
    first, *more = chain
    done = 0
    for match in first.finditer(text):
        if match.start() < done:
            continue
        end = text.find("\n", match.end())
        done = end = len(text) if end < 0 else end
        at: int | None = match.end()
        for part in more:
            found = part.search(text, at, end) if at is not None else None
            at = found.end() if found else None
        if at is not None:
            yield match.start()


def redact(text: str) -> str:
    """`text` with every credential that `findings` would refuse replaced; a private key as a whole."""
    return _SECRETS.sub(REDACTED, _WHOLE_KEY.sub(REDACTED, text))


def _header(text: str) -> Iterator[Finding]:
    """What the header grants: every tool there is, or commands that run by themselves."""
    head = text.split("\n---", 1)[0]
    for match in _HOOKS.finditer(head):
        message = "commands that the host would run by itself"
        yield Finding(file="SKILL.md", line=_line(text, match.start()), rule="hooks", message=message)
    granted = re.search(r"^allowed-tools\s*:(.*(?:\n[ \t-]+.*)*)", head, re.MULTILINE)
    if granted is None:
        return
    for word in _ALL_TOOLS.findall(granted[1]):
        line, message = _line(text, granted.start()), f"allowed-tools grants everything: {word}"
        yield Finding(file="SKILL.md", line=line, rule="all-tools", message=message)


def _characters(name: str, text: str) -> Iterator[Finding]:
    for line, code in hidden(text):
        message = f"hidden character {code}"
        yield Finding(file=name, line=line, rule="hidden-character", message=message)
    for start, word in mixed(text):
        message = f"{word!a} mixes alphabets that look alike"
        yield Finding(file=name, line=_line(text, start), rule="mixed-alphabets", message=message)


def _plain(text: str) -> str:
    """As a reader understands it: letters of another width or style folded, encoded words beside them."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _BASE64.sub(lambda match: f"{match[0]} {_decoded(match[0])}", folded)


def _decoded(word: str) -> str:
    """What a word says in base64 when that is a sentence, else nothing."""
    try:
        said = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode()
    except ValueError:
        return ""
    return said if " " in said and said.isprintable() else ""


def _orders_in_comments(name: str, text: str) -> Iterator[Finding]:
    end = 0
    while (start := text.find("<!--", end)) >= 0 and (end := text.find("-->", start)) >= 0:
        inner = text[start + 4 : end]
        if _IMPERATIVE_IN_COMMENT.search(inner) and not _OWN_COMMENT.match(inner):
            yield Finding(
                file=name,
                line=_line(text, start),
                rule="order-in-comment",
                message="an HTML comment, which a reviewer does not see rendered, gives orders",
            )


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
