"""A conversation on disk: what the model is shown of it, and what a kill leaves of it."""

import pytest

from memento.errors import UsageError
from memento.journal.chats import CONTEXT_CHARACTERS, INTERRUPTED, Chat, Chats, Turn


def turn(number, text, answer="yes", stop="answered"):
    return Turn(number=number, text=text, answer=answer, stop=stop, skill="files", episode=f"e{number}")


def test_the_context_is_what_was_said_before_and_how_it_ended():
    chat = Chat(id="c", turns=(
        turn(1, "first"), turn(2, "second", "half", INTERRUPTED), turn(3, "third", None, "budget"),
        turn(4, "now"),
    ))  # fmt: skip
    assert chat.context(4) == (
        "User: first\nAssistant: yes\n\n"
        "User: second\nAssistant: half (interrupted)\n\n"
        "User: third\nAssistant: (no answer: budget)"
    )
    assert chat.context(1) == ""


def test_of_a_long_conversation_the_newest_turns_are_shown():
    long = "x" * (CONTEXT_CHARACTERS // 3)
    chat = Chat(id="c", turns=tuple(turn(n, f"{n} {long}") for n in range(1, 6)))
    context = chat.context(6)
    assert context.startswith("(earlier turns are left out)\n\nUser: 4 ")
    assert len(context) < CONTEXT_CHARACTERS + 100


def test_a_turn_that_was_asked_again_replaces_the_last(tmp_path):
    chats = Chats(folder=tmp_path / "chats")
    chat = Chat(id="c")
    for one in (turn(1, "a"), turn(2, "b", "bad"), turn(2, "b", "good")):
        chat = chats.add(chat, one)
    assert [t.answer for t in chat.turns] == ["yes", "good"]
    assert chats.find("c") == chat
    assert chats.find(None) == chat


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path):
    chats = Chats(folder=tmp_path)
    chat = chats.add(chats.add(Chat(id="c"), turn(1, "a")), turn(2, "b"))
    file = tmp_path / "c.jsonl"
    file.write_bytes(file.read_bytes()[:-10])
    assert chats.find("c").turns == chat.turns[:1]


def test_a_chat_that_is_not_there_names_those_that_are(tmp_path):
    chats = Chats(folder=tmp_path)
    chats.add(Chat(id="c"), turn(1, "a"))
    with pytest.raises(UsageError, match=r"no chat ../secret. There are: c."):
        chats.find("../secret")
