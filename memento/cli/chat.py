"""memento chat: a conversation with the library."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memento.cli.workplace import (
    Workplace,
    add_row,
    console,
    json_option,
    library_option,
    mcp_option,
    open_workplace,
    print_json,
    sandbox_option,
    table,
)

if TYPE_CHECKING:
    from memento.cli.live import Live
    from memento.cli.talk import Talk
    from memento.journal.chats import Chats, Turn
    from memento.llm.budget import Metered
    from memento.loop import Event, Loop


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A conversation in a list."""

    id: str
    turns: int
    first: str
    last: str


@click.command()
@click.option("--model", help="The model's name at the endpoint ($MEMENTO_MODEL).")
@click.option("--base-url", help="An OpenAI-compatible endpoint ($OPENAI_BASE_URL).")
@click.option(
    "--resume",
    metavar="[ID]",
    is_flag=False,
    flag_value="",
    help="Go on with an earlier chat, the newest without an ID.",
)
@click.option("--list", "listing", is_flag=True, help="List the chats of this library, and end.")
@click.option(
    "--learn/--no-learn",
    default=False,
    show_default=True,
    help="Judge each answer, and learn from a failure.",
)
@mcp_option
@sandbox_option
@library_option
@json_option
def command(
    model: str | None,
    base_url: str | None,
    resume: str | None,
    listing: bool,
    learn: bool,
    mcp: tuple[str, ...],
    sandbox: str | None,
    library_dir: Path | None,
    as_json: bool,
) -> int:
    """Talk with the library: each message is a task, routed to a skill and solved in the sandbox.

    Answers go to stdout, everything else to stderr; with --json each turn is one line of JSON. Messages
    may come from a pipe, one a line. ^C stops an answer, ^D or /quit ends the chat; /help lists the
    slash commands. Every turn is kept in the library's private state, so that a chat can be resumed.

    \b
    Examples:
      memento chat --base-url http://127.0.0.1:11434/v1 --model NAME
      memento chat --resume --learn --model NAME
      memento chat --mcp tickets --mcp wiki --model NAME
      memento chat --list
    """
    from memento.journal.chats import Chats

    flags: dict[tuple[str, str], object] = {
        ("model", "name"): model,
        ("model", "base_url"): base_url,
        ("sandbox", "kind"): sandbox,
        ("mcp", "use"): mcp or None,
    }
    place = open_workplace(library_dir, flags)
    chats = Chats(folder=place.library.state / "chats")
    if listing:
        _list(chats, as_json)
        return 0
    talk = _talk(place, chats, resume, as_json)
    talk.learning = learn
    _greet(talk, resumed=resume is not None)
    for message in _messages(talk, place):
        _take(talk, message)
        if talk.ended:
            break
    if talk.chat.turns:
        talk.live.line(f"  to go on: memento chat --resume {talk.chat.id}")
    return talk.code


def _talk(place: Workplace, chats: "Chats", resume: str | None, as_json: bool) -> "Talk":
    """Everything that a conversation needs. Raises ModelError, SandboxError, UsageError."""
    from memento.assemble.gates import sandbox_of
    from memento.assemble.loops import answering, loop_of
    from memento.assemble.models import metered_of, model_of
    from memento.cli.live import Live
    from memento.cli.talk import Talk
    from memento.journal.chats import Chat

    chat = Chat(id=place.ambience.new_id()) if resume is None else chats.find(resume or None)
    write = _nowhere if as_json else _out
    live = Live(console(stderr=True), write=write)
    model = model_of(place.config, place.ambience, live.hear if _is_terminal() and not as_json else None)
    sandbox = sandbox_of(place.config, os.environ)
    metered: Metered = metered_of(place.config, model, place.journal, place.ambience)
    loop = loop_of(
        config=place.config,
        environ=os.environ,
        library=place.library,
        model=metered,
        sandbox=sandbox,
        ambience=place.ambience,
        tell=_teller(live),
    )
    loops: dict[bool, Loop] = {True: loop, False: answering(loop)}
    return Talk(
        place=place,
        chats=chats,
        chat=chat,
        metered=metered,
        loop_of=loops.__getitem__,
        live=live,
        write=write,
        kept=_print_turn if as_json else _ignore,
    )


def _greet(talk: "Talk", *, resumed: bool) -> None:
    from memento.cli.plain import plain
    from memento.cli.say import asked

    talk.live.line(asked(talk.place.config, talk.metered.name))
    talk.live.line(f"  chat     {talk.chat.id}, learning is {'on' if talk.learning else 'off'}; /help")
    for turn in talk.chat.turns[-3:] if resumed else ():
        talk.live.line(plain(f"> {turn.text}\n{turn.answer or f'({turn.stop})'}"))


def _messages(talk: "Talk", place: Workplace) -> Iterator[str]:
    from memento.cli.lines import piped, typed
    from memento.cli.slash import SLASHES

    if not _is_terminal():
        return piped(sys.stdin)

    def status() -> str:
        learning = "learning" if talk.learning else "not learning"
        return f" {talk.metered.name} | {learning} | {talk.metered.spent.calls} calls | /help"

    return typed(place.library.state / "chat-history", list(SLASHES), status)


def _take(talk: "Talk", message: str) -> None:
    """One message: a slash command, or something to answer."""
    from memento.cli import slash
    from memento.cli.plain import plain
    from memento.errors import UsageError

    try:
        if message.startswith("/"):
            slash.run(talk, message)
        else:
            talk.say(message)
    except UsageError as error:
        talk.live.line(f"  {plain(str(error))}")


def _teller(live: "Live") -> "Callable[[Event], None]":
    from memento.types import Task, Verdict

    def tell(event: "Event") -> None:
        # The task is what was just typed; without learning there is no verdict worth a line.
        if not isinstance(event, Task) and not (isinstance(event, Verdict) and event.by == "nobody"):
            live.tell(event)

    return tell


def _is_terminal() -> bool:
    return os.isatty(0) and os.isatty(1)


def _out(text: str) -> None:
    click.echo(text, nl=False)


def _nowhere(text: str) -> None:
    del text


def _ignore(turn: "Turn") -> None:
    del turn


def _print_turn(turn: "Turn") -> None:
    from pydantic import TypeAdapter

    from memento.cli.plain import plain_json
    from memento.journal.chats import Turn

    click.echo(plain_json(TypeAdapter(Turn).dump_json(turn).decode()))


def _list(chats: "Chats", as_json: bool) -> None:
    listed = [
        Listed(id=chat.id, turns=len(chat.turns), first=chat.turns[0].text, last=chat.turns[-1].text)
        for chat in chats.all()
        if chat.turns
    ]
    if as_json:
        print_json(list[Listed], listed)
        return
    shown = table("chat", "turns", "first message", "last message")
    for one in listed:
        add_row(shown, one.id, str(one.turns), one.first, one.last)
    console().print(shown)
