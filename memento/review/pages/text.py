"""Untrusted text on its way into a page: what hides or reorders text is spelled out.

A browser draws no control characters, but obeys format characters (bidirectional overrides, tags) and
leaves others invisible. They become visible escapes, as `\\u202e`, in text and in attributes alike.
The joiners of Persian, Indic scripts and emoji are letters to their readers and stay.
"""

import unicodedata
from datetime import UTC, datetime

_STAY = "\n\t\u200c\u200d"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_WITHOUT_LINES = dict.fromkeys(map(ord, "\n\t"))
LONGEST_LINE = 1_000
MOST_LINES = 400


def shown(text: str) -> str:
    """All of the text, every hidden character as an escape; line ends of any kind are line feeds."""
    if text.translate(_WITHOUT_LINES).isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(c if c in _STAY or unicodedata.category(c) not in _HIDDEN else _escape(c) for c in text)


def clipped(text: str, *, lines: int = MOST_LINES, width: int = LONGEST_LINE) -> str:
    """The beginning of a long text, and of each long line; what is left out is said."""
    every = text.replace("\r\n", "\n").split("\n")
    kept = [
        line if len(line) <= width else f"{line[:width]} … {len(line) - width} more" for line in every[:lines]
    ]
    if len(every) > lines:
        kept.append(f"… {len(every) - lines} more lines")
    return "\n".join(kept)


def gist(text: str, most: int = 100) -> str:
    """At most `most` characters on one line."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most and len(text) <= 4 * most else f"{line[: most - 1]}…"


def day(when: float) -> str:
    """The date of a Unix time, in UTC."""
    return _utc(when).date().isoformat()


def minute(when: float) -> str:
    """Date and time of a Unix time, in UTC."""
    return _utc(when).strftime("%Y-%m-%d %H:%M")


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits: "3 d"."""
    for unit, length in (("y", 365 * 86_400), ("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "now"


def percent(share: float) -> str:
    return f"{share:.0%}"


def money(usd: float | None) -> str:
    """Dollars; an unknown price is said to be unknown."""
    return "unknown" if usd is None else f"${usd:,.2f}" if usd >= 1 or not usd else f"${usd:.4f}"


def _utc(when: float) -> datetime:
    # Times come from commits and journals that anybody may have written.
    return datetime.fromtimestamp(min(max(when, 0.0), 253_402_300_799.0), tz=UTC)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
