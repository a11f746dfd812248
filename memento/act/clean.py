"""Text from outside, made safe to read: for a model, a terminal, a log and a page.

Removed     ANSI and OSC escapes (colours, titles, links, clipboard writes), control characters
            except newline and tab, bidi controls, zero-width and other invisible characters
Kept        everything that a reader can see
Newlines    CR LF and lone CR become LF: a lone CR lets later text overwrite earlier text

Then the middle is cut out of what is too long, and the cut says how much is missing.
"""

import re

ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS and kin
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
)
"""ECMA-48. A string escape that never ends loses its start only: else it would hide all that follows."""

INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2028\u2029\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff"  # lone surrogates: they have no UTF-8
    "\U000e0000-\U000e0fff"  # tags and variation selectors: whole hidden sentences fit in there
    "]"
)


def clean(text: str) -> str:
    """`text` without what a reader cannot see."""
    text = ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return INVISIBLE.sub("", text)


def cut(text: str, most: int, *, whole: str = "") -> str:
    """`text` in at most `most` characters and a line that says what was left out, and where the whole is."""
    if len(text) <= most:
        return text
    head = most // 2
    tail = most - head
    missing = len(text) - most
    where = f"; the whole is in {whole}" if whole else ""
    note = f"[... {missing} of {len(text)} characters were cut out here{where} ...]"
    return f"{text[:head]}\n{note}\n{text[-tail:]}"
