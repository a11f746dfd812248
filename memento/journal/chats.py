"""Conversations, kept in `.memento/chats/ID.jsonl`, one line per turn, so that they can go on.

A turn is a task like any other: routed, solved in the sandbox, recorded as an episode. What makes it
a conversation is its context, the turns before it. A turn that was asked again replaces the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from memento.errors import UsageError
from memento.types import Stop

if TYPE_CHECKING:
    from pydantic import TypeAdapter

CONTEXT_CHARACTERS = 16_000
"""Of earlier turns that the model is shown; the newest are kept."""

INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What a person said and what came back."""

    number: int
    text: str
    answer: str | None
    stop: str
    """A Stop, or "interrupted": the answer is what had been heard until then."""
    skill: str | None = None
    episode: str | None = None

    @property
    def ended(self) -> bool:
        return self.stop == Stop.ANSWERED


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """A conversation as far as it has come."""

    id: str
    turns: tuple[Turn, ...] = ()

    def with_(self, turn: Turn) -> "Chat":
        """The conversation with this turn, in the place of one that has its number."""
        return replace(self, turns=(*(t for t in self.turns if t.number < turn.number), turn))

    def context(self, before: int) -> str:
        """The turns before number `before`, as the model reads them; the oldest are left out first."""
        said: list[str] = []
        left = CONTEXT_CHARACTERS
        for turn in reversed([t for t in self.turns if t.number < before]):
            answer = turn.answer or f"(no answer: {turn.stop})"
            cut = "" if turn.ended or turn.answer is None else f" ({turn.stop})"
            text = f"User: {turn.text}\nAssistant: {answer}{cut}"
            left -= len(text)
            if left < 0:
                said.append("(earlier turns are left out)")
                break
            said.append(text)
        return "\n\n".join(reversed(said))

    def transcript(self) -> str:
        """The conversation as Markdown."""
        parts = [f"# Chat {self.id}"]
        for turn in self.turns:
            by = f", {turn.skill}" if turn.skill else ""
            cut = "" if turn.ended else f" ({turn.stop})"
            parts += [f"## {turn.number}. {turn.text}", f"{turn.answer or ''}", f"*{turn.episode}{by}{cut}*"]
        return "\n\n".join(parts) + "\n"


@dataclass(frozen=True, kw_only=True)
class Chats:
    """The conversations of one library."""

    folder: Path

    def add(self, chat: Chat, turn: Turn) -> Chat:
        """The conversation with a turn more, kept."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path(chat.id).open("ab") as file:
            file.write(_adapter().dump_json(turn) + b"\n")
        return chat.with_(turn)

    def find(self, name: str | None) -> Chat:
        """The conversation of this id, the newest for None. UsageError, naming those that there are."""
        known = [chat.id for chat in self.all()]
        if name is None and known:
            name = known[0]
        if name not in known:
            there = f"There are: {', '.join(known[:10])}." if known else "There is none yet."
            raise UsageError(f"no chat {name}. {there}" if name else f"nothing to resume. {there}")
        return self._read(self._path(name))

    def all(self) -> Sequence[Chat]:
        """Every conversation, the newest first."""
        files = sorted(self.folder.glob("*.jsonl"), key=lambda f: f.stat().st_mtime_ns, reverse=True)
        return [self._read(file) for file in files]

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def _read(self, path: Path) -> Chat:
        chat = Chat(id=path.stem)
        for line in path.read_bytes().splitlines():
            try:
                chat = chat.with_(_adapter().validate_json(line))
            except ValueError:  # the line that a kill cut short
                continue
        return chat


def _adapter() -> "TypeAdapter[Turn]":
    from pydantic import TypeAdapter

    return TypeAdapter(Turn)
