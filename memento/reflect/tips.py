"""Tips: general sentences learned from failures, kept in `tips.md`, read back at every attempt.

    # Tips

    - Check the header row before you sum a column. <!-- episode 01hx -->

Rules
    - a tip is one line of at most 200 characters, and there are at most 50 learned ones: the oldest
      makes room. Lines without an episode were written by people and are never touched.
    - a tip with nearly the words of another, whatever their order, case and punctuation, is the same
      tip: it is not added twice
    - a tip that stands for several (memory.py) names the episodes of all of them
    - refused: addresses, code fences, mark-up, hidden characters, secrets, orders to disregard
      other orders, and what is special to the task it was learned from
"""

import re
import unicodedata
from dataclasses import dataclass

from memento.changes import Lesson
from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.prompts.trace import trace_text
from memento.protocols import Model, Request
from memento.reflect.replies import TIP_CHARACTERS, TipReply
from memento.skill.security import findings
from memento.types import File, Task

MOST_TIPS = 50
SAME = 0.8
"""The share of words in common (Jaccard) from which on two tips are one."""
HEADING = "# Tips\n\n"

_LINE = re.compile(r"^[-*] (?P<text>.*?)\s*(?:<!--\s*episode (?P<episode>[^>]*?)\s*-->)?\s*$")
_REFUSED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an address", re.compile(r"://|\bwww\.|\b[\w-]+\.(?:com|org|net|io|dev|ai|co|ru|xyz)\b", re.IGNORECASE)),
    ("code", re.compile(r"```|~~~|\$\(")),
    ("mark-up", re.compile(r"<!--|-->|</?[a-z][\w-]*|^#|\]\(", re.IGNORECASE)),
    ("a line break", re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029]")),
    ("an encoded word", re.compile(r"[A-Za-z0-9+/=_-]{40,}")),
    (
        "an order about orders",
        re.compile(
            r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,60}\b(?:instructions?|prompts?|rules?|tips?|"
            r"skills?|safety|guidelines?)\b|\bsystem prompt\b|\byou are now\b|\bjailbreak",
            re.IGNORECASE,
        ),
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tip:
    """One tip; `episode` names the attempts that it comes from, and is None when a person wrote it."""

    text: str
    episode: str | None = None


def parse_tips(text: str) -> tuple[Tip, ...]:
    """The tips in `tips.md`, in order; other lines are not tips."""
    matches = (_LINE.match(line) for line in text.splitlines())
    return tuple(Tip(text=m["text"], episode=m["episode"]) for m in matches if m and m["text"])


def render_tips(tips: tuple[Tip, ...]) -> str:
    """A whole `tips.md`."""
    return HEADING + "".join(_line(tip) + "\n" for tip in tips)


def add_tip(text: str, tip: str, *, episode: str) -> str | None:
    """`tips.md` with `tip` at its end; None when it is refused or there already."""
    tip = tip.strip()
    if refusal(tip) is not None or any(_is_same(tip, known.text) for known in parse_tips(text)):
        return None
    # An episode's name ends up in a comment that no name may close.
    new = _line(Tip(text=tip, episode=_name(episode)))
    lines = _without_oldest(text.splitlines(keepends=True), keep=MOST_TIPS - 1)
    before = "".join(lines) or HEADING
    return before + ("" if before.endswith("\n") else "\n") + new + "\n"


def learned_from(text: str, episode: str) -> bool:
    """Whether `tips.md` holds a tip of this episode."""
    name = _name(episode)
    return any(name in (tip.episode or "").split() for tip in parse_tips(text))


def replaced(text: str, learned: tuple[Tip, ...]) -> str:
    """`tips.md` with its learned tips replaced; every other line stays where it is among the others."""
    lines = _without_oldest(text.splitlines(keepends=True), keep=0)
    before = "".join(lines) or HEADING
    return before + ("" if before.endswith("\n") else "\n") + "".join(f"{_line(tip)}\n" for tip in learned)


def refusal(tip: str, *, task: Task | None = None) -> str | None:
    """Why `tip` may not be kept, in words; None when it may. With `task`: also what is special to it."""
    if not _words(tip):
        return "it says nothing"
    if len(tip) > TIP_CHARACTERS:
        return f"it has more than {TIP_CHARACTERS} characters"
    for what, pattern in _REFUSED:
        if pattern.search(tip):
            return f"it holds {what}"
    for found in findings({"tip.md": File(data=tip.encode("utf-8", "replace"))}):
        return found.message
    special = _special_words(tip) & _special_words(task.text) if task else set()
    return f"{min(special)!r} is special to the task" if special else None


@dataclass(frozen=True, kw_only=True)
class LLMTipWriter:
    """One general tip from a failure, or None."""

    model: Model

    def __call__(self, lesson: Lesson) -> str | None:
        """A tip that `refusal` lets through. Raises ModelError when the model cannot be asked."""

        trace = trace_text(lesson.trajectory)
        request = Request(purpose="tip", messages=chat("tip", lesson=lesson, trace=trace))
        reply = ask(self.model, request, TipReply)
        if reply is None or reply.tip is None:
            return None
        tip = " ".join(reply.tip.split())
        return tip if refusal(tip, task=lesson.task) is None else None


def _name(episode: str) -> str:
    return re.sub(r"[^\w.:-]", "", episode)


def _is_same(one: str, other: str) -> bool:
    a, b = set(_words(one).split()), set(_words(other).split())
    return len(a & b) >= SAME * len(a | b)


def _line(tip: Tip) -> str:
    return f"- {tip.text}" + (f" <!-- episode {tip.episode} -->" if tip.episode is not None else "")


def _without_oldest(lines: list[str], *, keep: int) -> list[str]:
    learned = [i for i, line in enumerate(lines) if (m := _LINE.match(line)) and m["episode"] is not None]
    dropped = set(learned[: max(0, len(learned) - keep)])
    return [line for i, line in enumerate(lines) if i not in dropped]


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def _special_words(text: str) -> set[str]:
    """File names, and words of three or more characters with a digit in them."""
    words = {word.strip(".,;:!?()[]\"'`") for word in text.split()}
    return {w for w in words if re.search(r"\w\.[a-z]{2,4}$", w) or (len(w) >= 3 and re.search(r"\d", w))}
