"""Untrusted text on its way to GitHub: ideas, blames, tasks, traces, what a gate step says.

    code     one line, as a code span
    cell     the same, in a cell of a table
    block    many lines, as a fenced block
    title    the one place where Markdown is off

GitHub looks for @mentions, #references, links and HTML everywhere but inside code, and entities do not
help: it looks after they are resolved. So no untrusted text stands outside of code, and the fence is
always longer than any run of backticks inside. Titles cannot hold code that way, and a squash merge makes
them commit messages, in which "fixes #1" closes an issue: there `@`, `#` and addresses are taken apart.

Credentials are replaced, and characters that hide or reorder text become visible escapes.
"""

import re
import unicodedata

from memento.skill.security import redact

LONGEST_LINE = 600
LONGEST_BLOCK = 6000
LONGEST_TITLE = 120
_LOOKALIKES = str.maketrans({"@": "＠", "#": "＃", "`": "'", "<": "‹", ">": "›"})  # noqa: RUF001
_ADDRESS = re.compile(r"(?i)://|www\.|gh-(?=\d)")


def code(text: object, most: int = LONGEST_LINE) -> str:
    """A code span that holds the text on one line."""
    shown = _cut(_one_line(str(text)), most) or "(nothing)"
    fence = "`" * (_longest_run(shown) + 1)
    # A blank on both sides is taken off again; without it a backtick at the edge would join the fence.
    pad = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: object, most: int = LONGEST_LINE) -> str:
    """A code span in a cell of a table."""
    # A row is split at its bars before code is looked for. A backslash that stands before a bar already
    # would take away ours.
    return code(text, most).replace("\\|", "\\ |").replace("|", "\\|")


def block(text: object, most: int = LONGEST_BLOCK) -> str:
    """A fenced block that holds the text."""
    shown = _cut(_visible(redact(str(text))), most)
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}text\n{shown}\n{fence}"


def title(text: str) -> str:
    """One line without anything that GitHub or a commit message would act on."""
    shown = _one_line(text).translate(_LOOKALIKES)
    return _cut(_ADDRESS.sub(lambda match: match[0][:-1] + " " + match[0][-1], shown), LONGEST_TITLE)


def _one_line(text: str) -> str:
    return " ".join(_visible(re.sub(r"[\r\n\t]+", " ", redact(text))).split())


def _visible(text: str) -> str:
    return "".join(c if c == "\n" or c == "\t" or not _is_hidden(c) else _escape(c) for c in text)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
