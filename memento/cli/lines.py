"""What a person types into a chat.

On a terminal (prompt_toolkit): editing, a history across chats, completion of slash commands. Enter
sends; Alt-Enter, or a backslash at the end of the line, begins a new line; pasted text is text,
whatever line breaks it has. ^C clears the line, ^D on an empty one ends the chat.

From a pipe: a line is a message; lines between two lines of three quotes are one message.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings

PROMPT = "> "
FENCE = '"""'


def typed(history: Path, commands: Sequence[str], status: Callable[[], str]) -> Iterator[str]:
    """Messages from the terminal until ^D. `status` is shown below the line."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    history.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    history.touch(mode=0o600)
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)),
        completer=WordCompleter(list(commands), sentence=True),
        complete_while_typing=False,
        multiline=True,
        key_bindings=_keys(),
        prompt_continuation="  ",
        bottom_toolbar=status,
        enable_open_in_editor=True,
    )
    while True:
        try:
            message = session.prompt(PROMPT)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if message.strip():
            yield message.strip()


def piped(stream: TextIO) -> Iterator[str]:
    """Messages from a pipe until its end."""
    block: list[str] | None = None
    for line in stream:
        text = line.rstrip("\r\n")
        if text.strip() == FENCE:
            if block:
                yield "\n".join(block)
            block = [] if block is None else None
        elif block is not None:
            block.append(text)
        elif text.strip():
            yield text.strip()
    if block:
        yield "\n".join(block)


def _keys() -> "KeyBindings":
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("enter")
    def send(event: Any) -> None:
        buffer = event.current_buffer
        if buffer.document.char_before_cursor == "\\" and buffer.document.is_cursor_at_the_end:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def new_line(event: Any) -> None:
        event.current_buffer.insert_text("\n")

    return keys
