"""Untrusted text on its way to a terminal: answers, skills, ideas, what an endpoint says.

    one_line   for a line or a cell of a table: control and format characters become blanks
    plain      for text of many lines: they become visible escapes, as a reviewer wants to see them

A terminal obeys control characters (C0, DEL, C1), and format characters (bidi, tags) hide or reorder
what stands there. The joiners of Persian, Indic scripts and emoji are letters to their readers and stay.
"""

import re
import unicodedata

_JOINERS = "\u200c\u200d"


def one_line(text: str, most: int = 100) -> str:
    """At most `most` characters, without anything that a terminal would obey."""
    blank = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    blank = re.sub(r"\s+", " ", blank).strip()
    return blank if len(blank) <= most else blank[: most - 1] + "…"


def plain(text: str) -> str:
    """All of the text; line ends and tabs stay."""
    return "".join(c if c in "\n\t" or not _is_obeyed(c) else _escape(c) for c in text)


def plain_json(document: str) -> str:
    """A JSON document of the same meaning, with such characters as JSON's own escapes."""
    return "".join(c if c == "\n" or not _is_obeyed(c) else _json_escape(c) for c in document)


def _is_obeyed(character: str) -> bool:
    if character in _JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
