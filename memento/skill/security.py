"""What a skill's text must never carry, and what it is able to reach: deterministic, no model.

    findings       text that is refused wherever it stands: hidden characters, secrets, orders to
                   ignore orders, code piped from the network into a shell, decode-and-execute,
                   downloads as a "prerequisite", commands that a host would run while reading,
                   all tools at once, writes to the configuration of shells and agents
    capabilities   what the skill can reach: hosts, programs that fetch or install, modules that open
                   connections or start processes, the environment, places outside its workspace.
                   A change that adds one is not refused; it is put before a human.

A pattern list is hygiene: it raises the price of an attack and makes the plain ones visible. What
bounds an attack is that whoever reads untrusted text cannot write the repository.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memento.types import Folder, Skill


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
_STARTUP = (
    r"(?:\.bashrc|\.zshrc|\.profile|\.bash_profile|\.zprofile|authorized_keys|\.git/hooks|\.git/config|"
    r"\.gitconfig|\.claude/|\.codex/|\.cursor/|CLAUDE\.md|AGENTS\.md|GEMINI\.md|\.cursorrules|"
    r"\.mcp\.json|\.vscode/|/etc/cron|systemd/)"
)
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
        "startup-file",
        "it writes to a shell start-up file or to an agent's configuration",
        (r"\b(?:tee|cp|mv|ln|install|sed -i|write|append|add|write_text)\b", _STARTUP),
        rf">[^\S\n]*[(\"'`]*[^\s\"'`>]*{_STARTUP}",
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
_ALL_TOOLS = re.compile(r"^(?:\*|Bash(?:\(\s*\*?\s*\))?|Bash\(\*:?\*?\))$")
_HOOKS = re.compile(r"^(?:hooks|commands?|on[-_]?load|pre[-_]?run)\s*:", re.MULTILINE)
_OWN_COMMENT = re.compile(r"^\s*/?memento:")
_URL = re.compile(r"\b(?:https?|ftp|wss?)://([A-Za-z0-9.\-\[\]:]+)", re.IGNORECASE)
_REACHING_COMMAND = re.compile(
    r"\b(curl|wget|nc|ncat|ssh|scp|rsync|sudo|pip3? install|npm (?:i|install)|npx|uvx|pipx|"
    r"apt(?:-get)? install|brew install|cargo install|go install|docker run|git clone)\b"
)
_REACHING_MODULE = re.compile(
    r"^[ \t]*(?:import|from)\s+(?:[\w., ]*,\s*)?(socket|ssl|http|urllib|requests|httpx2?|aiohttp|ftplib|"
    r"smtplib|telnetlib|ctypes|paramiko|subprocess|multiprocessing|pty|socketserver|webbrowser|xmlrpc|asyncio|"
    r"importlib|pickle|marshal|pwd)\b",
    re.MULTILINE,
)
_REACHING_CALL = re.compile(
    r"\b(os\.(?:environb?|getenv|fork\w*|system|popen|exec\w+|spawn\w+|posix_spawn\w*|kill\w*|setsid)|"
    r"__import__|expanduser|expandvars|Path\.home|eval|exec)\b(?=\W)"
)
_PACKAGE = re.compile(
    r"\b(?:pip3?|npm|brew|cargo|apt(?:-get)?|gem)\s+(?:install|add|i)\s+(?:-\S+\s+)*([A-Za-z@][\w@./-]*)"
)
_ENVIRONMENT = re.compile(
    r"\b(?:environb?(?:\.get)?|getenv)\s*[\[(]\s*b?[\"']([A-Za-z_]\w*)[\"']|\bprintenv\s+([A-Za-z_]\w*)"
)
_REACHING_PLACE = re.compile(
    r"(?:~/[\w.]|\$\{?HOME\b|/home/|/root/|/etc/|/var/|/proc/|/dev/(?!null\b|stdin\b|stdout\b|stderr\b)|"
    r"\.\./\.\./)[\w./-]*"
)
_PACKED = re.compile(
    r"\.(?:zip|tar|tgz|gz|xz|bz2|7z|rar|whl|egg|jar|class|wasm|deb|rpm|apk|bin|dylib|node)$", re.IGNORECASE
)


def findings(folder: Folder) -> tuple[Finding, ...]:
    """Everything in a skill's folder that no landing may carry."""
    found: list[Finding] = []
    for name, file in sorted(folder.items()):
        text = file.data.decode("utf-8", "replace")
        found.extend(_hidden_characters(name, text))
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


def capabilities(folder: Folder, skill: Skill | None) -> frozenset[str]:
    """What a skill can reach: "host example.org", "command curl", "module socket", "tool Bash"."""
    reach = {f"tool {tool}" for tool in skill.allowed_tools} if skill else set()
    for name, file in folder.items():
        text = file.data.decode("utf-8", "replace")
        reach |= {f"host {host.rstrip('.').lower()}" for host in _URL.findall(text)}
        reach |= {f"command {command}" for command in _REACHING_COMMAND.findall(text)}
        reach |= {f"package {package}" for package in _PACKAGE.findall(text)}
        reach |= {f"environment {one or other}" for one, other in _ENVIRONMENT.findall(text)}
        reach |= {f"module {module}" for module in _REACHING_MODULE.findall(text)}
        if name.endswith((".py", ".sh")):
            reach |= {f"use of {call}" for call in _REACHING_CALL.findall(text)}
            reach |= {f"place {place.group()}" for place in _REACHING_PLACE.finditer(text)}
    return frozenset(reach)


def _header(text: str) -> Iterator[Finding]:
    """What the header grants: every tool there is, or commands that run by themselves."""
    head = text.split("\n---", 1)[0]
    for match in _HOOKS.finditer(head):
        message = "commands that the host would run by itself"
        yield Finding(file="SKILL.md", line=_line(text, match.start()), rule="hooks", message=message)
    granted = re.search(r"^allowed-tools\s*:(.*(?:\n[ \t-]+.*)*)", head, re.MULTILINE)
    if granted is None:
        return
    for word in re.split(r"[\s,\[\]\"']+", granted.group(1)):
        if _ALL_TOOLS.match(word):
            line, message = _line(text, granted.start()), f"allowed-tools grants everything: {word}"
            yield Finding(file="SKILL.md", line=line, rule="all-tools", message=message)


def _hidden_characters(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.isascii() and line.replace("\t", "").rstrip("\r").isprintable():
            continue
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
