"""What a terminal would obey, hide or reorder never reaches it from text that others wrote."""

import json

import pytest

from memento.cli.plain import one_line, plain, plain_json

HOSTILE = {
    "ansi": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "c1": "\x9b2J",
    "carriage return": "safe\rsudo rm",
    "backspace": "abc\b\b\bxyz",
    "bidi": "user\u202etxt.exe",
    "isolate": "\u2066hidden\u2069",
    "tags": "a\U000e0041\U000e0042",
    "zero width": "a\u200bb\ufeffc",
    "delete": "a\x7f",
    "line separator": "a\u2028b",
    "half a pair": "a\ud800b",
}


def obeyed(text):
    return [
        c for c in text if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066\u2069\u200b\ufeff\u2028"
    ]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_a_terminal_obeys_is_left(text):
    assert obeyed(one_line(text)) == []
    assert obeyed(plain(text)) == []
    assert "\U000e0041" not in one_line(text) + plain(text)
    plain(text).encode("utf-8")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_keeps_the_meaning_and_loses_the_danger(text):
    document = json.dumps({"text": text}, ensure_ascii=False)
    shown = plain_json(document)
    assert json.loads(shown) == {"text": text}
    assert obeyed(shown) == []


def test_what_is_hidden_is_shown_as_an_escape():
    assert plain("a\x1b[1m\u202eb\r\nc\td") == "a\\x1b[1m\\u202eb\\r\nc\td"


def test_the_letters_of_all_scripts_stay():
    text = "naïve 東京 می\u200cخواهم 👩\u200d🚀 שלום"  # noqa: RUF001 (the letters are the test)
    assert plain(text) == text


def test_one_line_is_cut_with_a_mark():
    assert one_line("a\nb\tc  d") == "a b c d"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcd", 4) == "abcd"
