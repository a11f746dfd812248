"""The tip memory: one tip from each lesson that has one, condensed when the memory grows long.

    lesson ── tip or none ── known already? ── more than CONDENSE_FROM? ── one commit on main
                                                     │
                                       a model merges tips that say one thing

Rules
    - nothing is learned from a trace that holds outside text, and nothing twice from one episode
    - a merged tip names the tips that it stands for, and carries the episodes of all of them
    - a tip that the model does not name stays as it is: condensing cannot forget
    - what people wrote into tips.md is never touched
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memento.changes import Lesson
from memento.library import Library
from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.protocols import Model, Request, TipWriter
from memento.reflect.tips import Tip, add_tip, learned_from, parse_tips, refusal, replaced

if TYPE_CHECKING:
    from memento.reflect.replies import CondensedReply

CONDENSE_FROM = 40
"""Learned tips; `MOST_TIPS` drops the oldest only when condensing did not help."""
CONDENSE_TO = 25
MOST_EPISODES = 12
"""Of one tip, the newest: evidence for a reader, not a log."""


@dataclass(frozen=True, kw_only=True)
class LearnedTips:
    """Implements TipMemory over `tips.md` of a library."""

    library: Library
    writer: TipWriter
    model: Model
    condense_from: int = CONDENSE_FROM

    def __call__(self, lesson: Lesson) -> None:
        """Keep what the lesson teaches in general. Raises ModelError; LibraryError when main cannot move."""
        library = self.library.at()
        known = library.tips()
        # A tip is read by every later attempt: text that came from outside must not become one.
        if lesson.trajectory.tainted or learned_from(known, lesson.episode):
            return
        tip = self.writer(lesson)
        tips = add_tip(known, tip, episode=lesson.episode) if tip is not None else None
        if tips is None:
            return
        self.library.commit_files(
            {"tips.md": self._condensed(tips).encode()},
            message=f"tips: {tip}",
            trailers={"Memento-Episode": lesson.episode, "Memento-Task": lesson.task.id},
            base=library.commit,
        )

    def _condensed(self, text: str) -> str:
        learned = [tip for tip in parse_tips(text) if tip.episode is not None]
        if len(learned) <= self.condense_from:
            return text
        from memento.reflect.replies import CondensedReply

        numbered = "\n".join(f"{number}. {tip.text}" for number, tip in enumerate(learned, 1))
        request = Request(purpose="condense", messages=chat("condense", tips=numbered, most=CONDENSE_TO))
        reply = ask(self.model, request, CondensedReply)
        return text if reply is None else replaced(text, merged(learned, reply))


def merged(learned: list[Tip], reply: "CondensedReply") -> tuple[Tip, ...]:
    """The learned tips with those that the reply merges replaced, each at the place of its first source."""
    at: dict[int, Tip] = {}
    gone: set[int] = set()
    for line in reply.tips:
        text = " ".join(line.tip.split())
        sources = sorted({number for number in line.sources if 1 <= number <= len(learned)} - gone)
        if len(sources) < 2 or refusal(text) is not None:
            continue
        episodes = " ".join(learned[number - 1].episode or "" for number in sources).split()
        at[sources[0]] = Tip(text=text, episode=" ".join(dict.fromkeys(episodes[-MOST_EPISODES:])))
        gone |= set(sources)
    return tuple(
        at.get(number, tip) for number, tip in enumerate(learned, 1) if number in at or number not in gone
    )
