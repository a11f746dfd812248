"""A run as a person watches it: what the model says as it comes, and a line for every event.

    waiting        a spinner says what is waited for, and for how long; on terminals only
    text           as it comes, on terminals only; the rest hears the whole answer at its end
    event          one line (say.py)

Everything here goes to stderr but a chat's answer, which is the conversation itself.
"""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from memento.cli.plain import plain
from memento.cli.say import calling, colour, doing, sentence

if TYPE_CHECKING:
    from memento.loop import Event
    from memento.protocols import Delta

SHOWN = "act"
"""The purpose whose replies are shown; the others are work behind the scenes."""

ANSWER = re.compile(r'"answer"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z|\\u[dD][89abAB][0-9a-fA-F]{2}\Z")


def answer_so_far(arguments: str) -> str:
    """The text of `answer` in the beginning of a call's JSON arguments, as far as it has come."""
    found = ANSWER.search(arguments)
    if found is None:
        return ""
    whole = CUT_ESCAPE.sub("", found[1])
    try:
        return str(json.loads(f'"{whole}"', strict=False))
    except ValueError:  # an escape that JSON does not know: the end will tell
        return ""


class Live:
    """Shows deltas and events on `console`; `write` takes the text of answers."""

    def __init__(self, console: Any, *, write: Callable[[str], None] | None = None) -> None:
        self._console = console
        self._write = write or self._dimly
        self._status: Any = None
        self._inside_line = False
        self._text = self._arguments = self._answer = ""

    @property
    def heard(self) -> str:
        """What has come of the reply so far: its answer, else its text."""
        return self._answer or self._text

    @property
    def is_live(self) -> bool:
        return bool(self._console.is_terminal and not self._console.is_dumb_terminal)

    def has_shown(self, answer: str) -> bool:
        """Whether this is what came last: then it is on the screen already."""
        return self.is_live and self.heard.strip() == answer.strip()

    def hear(self, delta: "Delta") -> None:
        """A piece of a reply."""
        if delta.first:
            self._begin(delta.purpose)
        elif delta.purpose == SHOWN and not delta.call:
            text = delta.text if self._text else delta.text.lstrip()
            self._text += text
            self._put(text)
        elif delta.purpose == SHOWN and delta.call == "final_answer":
            self._arguments += delta.text
            answer = answer_so_far(self._arguments)
            if answer and not self._answer:
                self.pause()
            text, self._answer = answer[len(self._answer) :], answer or self._answer
            self._put(text)
        elif delta.purpose == SHOWN and self._status is None:
            self.pause()
            self._wait(calling(delta.call))  # until it has been made, which tell hears

    def tell(self, event: "Event") -> None:
        """An event of the loop."""
        from rich.text import Text

        self.pause()
        self._console.print(Text(sentence(event), style=colour(event) or ""), soft_wrap=True)

    def line(self, text: str) -> None:
        """A line of our own."""
        from rich.text import Text

        self.pause()
        self._console.print(Text(text, style="dim"), soft_wrap=True)

    def pause(self) -> None:
        """End the spinner and the line that is being written."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        if self._inside_line:
            self._write("\n")
            self._inside_line = False

    def _begin(self, purpose: str) -> None:
        if self.heard and self._inside_line:
            self._write(" (broken off; again)")
        self.pause()
        if purpose == SHOWN:
            self._text = self._arguments = self._answer = ""
        self._wait(doing(purpose))

    def _wait(self, what: str) -> None:
        if not self.is_live:
            return
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._status = Progress(*columns, console=self._console, transient=True)
        self._status.add_task(what)
        self._status.start()

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._status is not None:
            self.pause()
        self._write(plain(text))
        self._inside_line = not text.endswith("\n")

    def _dimly(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text(text, style="dim"), end="", soft_wrap=True)
