"""Text to terms."""

import subprocess
import sys

import pytest

from memento.route.words import Words, name_terms, query_terms, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Searching the WEBS", ["search", "web"]),
        ("Please could you help me with résumés", ["resum"]),
        ("fullwidth \uff50\uff44\uff46", ["fullwidth", "pdf"]),
        ("客户报告 PDF", ["客", "户", "报", "告", "pdf"]),
        ("مرحبا", ["مرحبا"]),
        ("1. buy 365 eggs for 12 people", ["buy", "365", "egg", "peopl"]),
        ("x" * 40 + " " + "y" * 39, ["y" * 39]),
        ("a\udc80b", ["b"]),
    ],
)
def test_text_becomes_stems_without_request_words(text, expected):
    assert list(terms(text)) == expected


@pytest.mark.parametrize("name", ["gift-card-tool", "gift_card_tool", "GiftCardTool", "gift card tool"])
def test_names_are_split_at_hyphens_underscores_and_humps(name):
    assert list(name_terms(name)) == ["gift", "card", "tool"]


def test_a_query_holds_each_term_once_in_order():
    assert query_terms("bread, water; Breads!") == Words(terms=("bread", "water"))


def test_a_long_query_is_read_at_both_ends_and_says_so():
    words = query_terms(" ".join(f"word{n}x" for n in range(5_000)))
    assert (len(words.terms), words.shortened) == (128, True)
    assert (words.terms[0], words.terms[63]) == ("word0x", "word63x")
    assert (words.terms[64], words.terms[127]) == ("word4936x", "word4999x")


def test_importing_the_router_loads_neither_the_index_nor_numpy():
    code = "import sys, memento.route; sys.exit(bool({'tantivy', 'numpy', 'openai'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
