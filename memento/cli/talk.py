"""A conversation at the terminal: each message is a task for the same loop that `memento run` uses.

- ^C stops the answer, not the chat: what was heard of it is kept, and the model is told so later.
- An accident (endpoint, sandbox, budget) ends the answer with its reason; the chat goes on.
- Learning off: no judge is asked and no skill, tip or utility changes; episodes are recorded.
- The budget's tokens and dollars are the session's, its seconds those of one answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memento.cli.live import Live
from memento.cli.plain import plain
from memento.cli.workplace import Workplace
from memento.errors import MementoError
from memento.journal.chats import INTERRUPTED, Chat, Chats, Turn
from memento.types import Episode, Exercise, Stop, Task

if TYPE_CHECKING:
    from memento.llm.budget import Metered
    from memento.loop import Loop


@dataclass(kw_only=True)
class Talk:
    """What a chat knows while it goes on."""

    place: Workplace
    chats: Chats
    chat: Chat
    metered: "Metered"
    loop_of: Callable[[bool], "Loop"]
    """The loop, with learning or without."""
    live: Live
    write: Callable[[str], None]
    """Takes answers."""
    kept: Callable[[Turn], None]
    """Hears of each turn when it has ended."""
    learning: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    last: Episode | None = None
    ended: bool = False
    code: int = 0
    """What the command ends with: that of the last turn."""

    def say(self, text: str, *, again: bool = False) -> Turn:
        """Answer a message, or the last one again; what came of it is kept before this returns."""
        number = len(self.chat.turns) + (0 if again else 1)
        task = Task(
            id=f"chat-{self.chat.id}-{number}",
            text=text,
            files=dict(self.files),
            context=self.chat.context(number),
        )
        turn = self._answered(number, task)
        self.chat = self.chats.add(self.chat, turn)
        self.kept(turn)
        return turn

    def begin_anew(self) -> None:
        """A new conversation in the same session."""
        self.chat, self.last = Chat(id=self.place.ambience.new_id()), None
        self.files.clear()

    def _answered(self, number: int, task: Task) -> Turn:
        self.metered.meter.begin(task.id)
        try:
            *_, self.last = self.loop_of(self.learning).solve(Exercise(task=task))
        except KeyboardInterrupt:
            self.live.pause()
            self.live.line("  stopped; the chat goes on")
            self.code = 130
            return Turn(number=number, text=task.text, answer=self.live.heard or None, stop=INTERRUPTED)
        except MementoError as error:
            self.live.pause()
            self.live.line(f"memento: {plain(str(error))}")
            self.code = error.exit_code
            return Turn(number=number, text=task.text, answer=None, stop=str(Stop.MODEL_ERROR))
        return self._turn(number, self.last)

    def _turn(self, number: int, episode: Episode) -> Turn:
        trajectory = episode.trajectory
        # What was heard is on the screen already, unless the answer came in one piece.
        shown = trajectory.answer is not None and self.live.heard.strip() == trajectory.answer.strip()
        self.live.pause()
        self.code = 0 if trajectory.answer is not None else 1
        if trajectory.answer is None:
            self.live.line(f"no answer ({trajectory.stop}). {plain(trajectory.detail)}".rstrip())
        elif not shown:
            self.write(plain(trajectory.answer) + "\n")
        return Turn(
            number=number,
            text=episode.task.text,
            answer=trajectory.answer,
            stop=str(trajectory.stop),
            skill=episode.route.skill,
            episode=episode.id,
        )
