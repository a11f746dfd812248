"""SKILL.md as byte ranges, and its frontmatter as fields.

    EF BB BF ---\\r\\n       head    byte-order mark, blank lines, opening fence
    name: x\\r\\n            yaml
    ---\\r\\n                close   the first line that is a fence at column 0
    # Body                 body    everything after it, `---` rules included

`head + yaml + close + body` is the source, byte for byte: that is what lets an edit touch one
range and leave the rest. Values are read as the text they were written as: a version 1.10 stays
"1.10" and `no` stays "no". Where the YAML does not parse (an unquoted colon is the usual reason)
fields are read line by line instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

_OPEN = re.compile(rb"(?:\xef\xbb\xbf)?\s*---[ \t]*(?:\r\n|\n)")
_CLOSE = re.compile(rb"^(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r?\Z)", re.MULTILINE)
_KEY = re.compile(r"([A-Za-z_][\w.-]*)[ \t]*:(?:[ \t]+(.*)|)$")
# Text that YAML reads as itself: no indicator first, no `: ` and no ` #` inside, printable on one line.
_LETTER = r"[ -~\u00a1-\u1fff\u2010-\u2027\u2030-\u205e\u3001-\ud7ff]"
_PLAIN = rf"[A-Za-z0-9(](?:(?![:#]){_LETTER}|:(?=[^ \n])|(?<! )#)*"
_QUOTED = rf'"(?:(?!["\\]){_LETTER})*"'
_FIELD = re.compile(rf"([A-Za-z_][\w.-]*):(?: +({_PLAIN}|{_QUOTED}))? *")
_SUBFIELD = re.compile(rf"  ([A-Za-z_][\w.-]*): +({_PLAIN}|{_QUOTED}) *")
_BLOCK_SCALAR = re.compile(r"[|>][+-]?\d?[+-]?(?:[ \t]+#.*)?$")
# Deeper nesting overflows the stack of the C parser: a crash, not an exception.
DEEPEST = 60
_NESTED_LINE = re.compile(rf"(?:[-?]\s+){{{DEEPEST}}}")
_BRACKET = re.compile(r"[\[{\]}]")

Value = str | list["Value"] | dict[str, "Value"]
"""What YAML can say when every scalar is text."""

Fields = Mapping[str, Value]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The four consecutive byte ranges of a SKILL.md."""

    head: bytes
    yaml: bytes
    close: bytes
    body: bytes

    @property
    def newline(self) -> bytes:
        return b"\r\n" if self.head.endswith(b"\r\n") else b"\n"

    @property
    def first_line(self) -> int:
        """The 1-based line number of the first line of `yaml`."""
        return self.head.count(b"\n") + 1

    def __bytes__(self) -> bytes:
        return self.head + self.yaml + self.close + self.body


@dataclass(frozen=True, kw_only=True, slots=True)
class Frontmatter:
    """The fields, and what was wrong with the YAML (None when nothing was)."""

    fields: Fields
    problem: str | None = None
    problem_line: int = 1
    """1-based within the YAML."""


def split(data: bytes) -> Layout | None:
    """The ranges of `data`, or None when it has no opening or no closing fence."""
    opening = _OPEN.match(data)
    if opening is None:
        return None
    closing = _CLOSE.search(data, opening.end())
    if closing is None:
        return None
    return Layout(
        head=data[: opening.end()],
        yaml=data[opening.end() : closing.start()],
        close=data[closing.start() : closing.end()],
        body=data[closing.end() :],
    )


def decode(data: bytes) -> str:
    """Text with LF line ends; bytes that are not UTF-8 become U+FFFD."""
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def read(text: str) -> Frontmatter:
    """The fields of `text` (LF line ends), read as YAML or, where that fails, line by line."""
    simple = _simple_fields(text)
    if simple is not None:
        return Frontmatter(fields=simple)
    if _too_deep(text):
        return Frontmatter(fields=_by_line(text), problem="it is nested too deeply to be meant")
    # BaseLoader: no types, no tags, no merge keys; the C one because libraries hold 10,000 of these.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        # BaseLoader builds nothing but str, list and dict: safe by construction.
        loaded = yaml.load(text, Loader=loader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return Frontmatter(
            fields=_by_line(text),
            problem=str(getattr(error, "problem", None) or "it is not valid YAML"),
            problem_line=(mark.line if mark else 0) + 1,
        )
    except (TypeError, ValueError):  # a list or mapping as a key; a surrogate escape
        return Frontmatter(fields=_by_line(text), problem="it has a key that is not text")
    if not isinstance(loaded, dict):
        return Frontmatter(fields=_by_line(text), problem="it is not a list of `field: value` lines")
    return Frontmatter(fields=loaded)


def _simple_fields(text: str) -> Fields | None:
    """The fields of the simplest frontmatter, as YAML would read them; None when it takes YAML to tell.

    Most files are `name: text` lines with at most one level below; a library holds 10,000 of them.
    """
    fields: dict[str, Value] = {}
    below: dict[str, Value] | None = None
    for line in text.removesuffix("\n").split("\n"):
        if field := _FIELD.fullmatch(line):
            if below == {}:
                return None
            below = None if field[2] else {}
            fields[field[1]] = below if below is not None else _scalar(field[2])
        elif below is not None and (field := _SUBFIELD.fullmatch(line)):
            below[field[1]] = _scalar(field[2])
        else:
            return None
    return None if below == {} else fields


def _scalar(text: str) -> str:
    return text[1:-1] if text[0] == '"' else text.rstrip(" ")


def _too_deep(text: str) -> bool:
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > DEEPEST:
            return True
    return _NESTED_LINE.search(text) is not None


def line_of(text: str, key: str) -> int:
    """The 1-based line within `text` on which `key` starts; 1 when it cannot be found."""
    found = re.search(rf"^[\"']?{re.escape(key)}[\"']?[ \t]*:", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _by_line(text: str) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for key, first, rest in _entries(text.split("\n")):
        fields[key] = _value(first, rest)
    return fields


def _entries(lines: list[str]) -> list[tuple[str, str, list[str]]]:
    """(key, text on its line, indented lines below) for each `key:` at column 0."""
    entries: list[tuple[str, str, list[str]]] = []
    for line in lines:
        match = _KEY.match(line)
        if match:
            entries.append((match[1], (match[2] or "").strip(), []))
        elif entries:
            entries[-1][2].append(line)
    return entries


def _value(first: str, rest: list[str]) -> Value:
    inner = [line for line in rest if line.strip()]
    if _BLOCK_SCALAR.match(first):
        joint = "\n" if first.startswith("|") else " "
        return joint.join(line.strip() for line in inner)
    if first or not inner:
        return _unquoted(" ".join([first, *(line.strip() for line in inner)]).strip())
    if all(line.lstrip().startswith("- ") for line in inner):
        return [_unquoted(line.strip()[2:].strip()) for line in inner]
    pairs = [_KEY.match(line.strip()) for line in inner]
    if all(pairs):
        return {pair[1]: _unquoted((pair[2] or "").strip()) for pair in pairs if pair}
    return _unquoted(" ".join(line.strip() for line in inner))


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text
