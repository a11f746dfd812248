"""The slash commands of `memento chat`. Each is a function of the talk and the text behind its name.

What they show goes to stderr: stdout holds the conversation. A command that cannot do what it was
told raises UsageError; the chat says so and goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memento.cli.plain import one_line, plain
from memento.cli.say import price, sentence
from memento.errors import UsageError

if TYPE_CHECKING:
    from memento.cli.talk import Talk

MOST_FILE_BYTES = 20_000_000
MOST_OUTPUT_LINES = 12


@dataclass(frozen=True, kw_only=True)
class Slash:
    """One slash command."""

    usage: str
    help: str
    run: Callable[["Talk", str], None]


def _help(talk: "Talk", _: str) -> None:
    width = max(len(slash.usage) for slash in SLASHES.values())
    for slash in SLASHES.values():
        talk.live.line(f"  {slash.usage:<{width}}  {slash.help}")
    talk.live.line("  ^C stops an answer, ^D ends the chat; Alt-Enter begins a new line")


def _skills(talk: "Talk", _: str) -> None:
    snapshot = talk.place.library.at()
    names = snapshot.names()
    for name in names:
        skill = snapshot.skill(name)
        if skill is not None:
            talk.live.line(f"  {name:<20} {skill.version:<8} {one_line(skill.description)}")
    if not names:
        talk.live.line("  this library has no skill yet")


def _skill(talk: "Talk", name: str) -> None:
    skill = talk.place.library.at().skill(name) if name else None
    if skill is None:
        raise UsageError(f"no skill {name or '...'} here; /skills lists them")
    talk.live.line(plain(f"{skill.name} {skill.version}: {skill.description}\n\n{skill.body}"))


def _tips(talk: "Talk", _: str) -> None:
    talk.live.line(plain(talk.place.library.at().tips().strip()) or "  no tip has been learned yet")


def _usage(talk: "Talk", _: str) -> None:
    spent, budget = talk.metered.spent, talk.place.config.budget
    tokens = spent.input_tokens + spent.output_tokens
    talk.live.line(f"  {spent.calls} calls, {tokens} tokens, {price(spent)} in this session")
    limits = {"tokens": budget.tokens, "s an answer": budget.seconds, "USD": budget.usd}
    said = ", ".join(f"{limit:g} {unit}" for unit, limit in limits.items() if limit is not None)
    talk.live.line(f"  budget: {said or 'none'} (memento.toml, [budget])")


def _trace(talk: "Talk", _: str) -> None:
    episode = talk.last
    if episode is None:
        raise UsageError("nothing was answered yet in this session; memento trace shows earlier episodes")
    talk.live.line(f"  episode {episode.id}: {episode.trajectory.stop}")
    for step in episode.trajectory.steps:
        talk.live.line(sentence(step))
        lines = plain(step.output).splitlines()
        cut = [f"... {len(lines) - MOST_OUTPUT_LINES} lines more"] if len(lines) > MOST_OUTPUT_LINES else []
        for line in (*lines[:MOST_OUTPUT_LINES], *cut):
            talk.live.line(f"           {line}")


def _retry(talk: "Talk", _: str) -> None:
    if not talk.chat.turns:
        raise UsageError("nothing was said yet")
    talk.say(talk.chat.turns[-1].text, again=True)


def _save(talk: "Talk", name: str) -> None:
    if not name:
        raise UsageError("/save FILE: name the file")
    path = Path(name).expanduser()
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(talk.chat.transcript())
    except FileExistsError as error:
        raise UsageError(f"{name} exists; name another file") from error
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from error
    talk.live.line(f"  saved as {path}")


def _learn(talk: "Talk", word: str) -> None:
    if word not in {"on", "off", ""}:
        raise UsageError("/learn on, or /learn off")
    talk.learning = {"on": True, "off": False}.get(word, talk.learning)
    said = "on: answers are judged, and a failure may change the library" if talk.learning else "off"
    talk.live.line(f"  learning is {said}")


def _file(talk: "Talk", name: str) -> None:
    if not name:
        raise UsageError("/file PATH: name the file that the next message is about")
    path = Path(name).expanduser()
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise UsageError(f"{name} is larger than {MOST_FILE_BYTES // 1_000_000} MB; give a part of it")
        talk.files[path.name] = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    talk.live.line(f"  in the workspace from now on: {', '.join(sorted(talk.files))}")


def _new(talk: "Talk", _: str) -> None:
    talk.begin_anew()
    talk.live.line(f"  chat {talk.chat.id}: what was said before is forgotten here (memento chat --list)")


def _quit(talk: "Talk", _: str) -> None:
    talk.ended = True


SLASHES = {
    "/help": Slash(usage="/help", help="this list", run=_help),
    "/skills": Slash(usage="/skills", help="the library's skills", run=_skills),
    "/skill": Slash(usage="/skill NAME", help="one skill, whole", run=_skill),
    "/tips": Slash(usage="/tips", help="what was learned in general", run=_tips),
    "/usage": Slash(usage="/usage", help="calls, tokens and money of this session", run=_usage),
    "/trace": Slash(usage="/trace", help="the steps to the last answer", run=_trace),
    "/retry": Slash(usage="/retry", help="ask the last message again", run=_retry),
    "/file": Slash(usage="/file PATH", help="lay a file into the workspace", run=_file),
    "/learn": Slash(usage="/learn on|off", help="judge answers and learn from failures, or not", run=_learn),
    "/save": Slash(usage="/save FILE", help="the conversation as Markdown", run=_save),
    "/new": Slash(usage="/new", help="begin another conversation", run=_new),
    "/quit": Slash(usage="/quit", help="end the chat; it can be resumed", run=_quit),
}
"""By the word they begin with."""


def run(talk: "Talk", message: str) -> None:
    """The slash command that `message` is. UsageError when there is none such."""
    word, _, rest = message.partition(" ")
    slash = SLASHES.get({"/exit": "/quit", "/?": "/help"}.get(word, word))
    if slash is None:
        raise UsageError(f"no command {one_line(word)}; /help lists them")
    slash.run(talk, rest.strip())
