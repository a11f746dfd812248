import pytest

from memento.act.clean import clean, cut


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;ZXZpbA==\x07copied", "copied"),
        ("\x1bP1;2|data\x1b\\after", "after"),
        ("\x1b]0;never ended, all of this must stay", "0;never ended, all of this must stay"),
        ("\x1bcreset", "reset"),
        ("harmless\rrm -rf", "harmless\nrm -rf"),
        ("one\r\ntwo", "one\ntwo"),
        ("a\x00b\x08c\x7fd\x85e", "abcde"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("pa\u200byp\u2060al\ufeff", "paypal"),
        ("hi\U000e0069\U000e0067\U000e006e", "hi"),
        ("hi\U000e0100\ufe0f", "hi"),
        ("cut \ud83d emoji", "cut  emoji"),
        ("naïve 日本語 😀 العربية", "naïve 日本語 😀 العربية"),
    ],
)
def test_a_reader_sees_what_is_there_and_nothing_else_is_there(text, seen):
    assert clean(text) == seen


def test_cleaning_twice_changes_nothing_more():
    text = "\x1b\x1b[31m[31mred\x1b]]0;x\x07"
    assert clean(clean(text)) == clean(text)


def test_short_text_is_not_cut():
    assert cut("x" * 10, 10) == "x" * 10


def test_a_cut_says_where_the_whole_is():
    assert cut("a" * 20, 4, whole="/workspace/x") == (
        "aa\n[... 16 of 20 characters were cut out here; the whole is in /workspace/x ...]\naa"
    )


def test_long_text_loses_its_middle_and_says_how_much():
    assert cut("a" * 50 + "b" * 50, 10) == ("aaaaa\n[... 90 of 100 characters were cut out here ...]\nbbbbb")
