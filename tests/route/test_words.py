"""Text to terms."""

import subprocess
import sys

import pytest

from memento.route.index import build
from memento.route.languages import language_of
from memento.route.words import Words, name_terms, query_terms, terms
from memento.types import Skill


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Searching the WEBS", ["search", "web"]),
        ("Please could you help me with résumés", ["resum"]),
        ("fullwidth \uff50\uff44\uff46", ["fullwidth", "pdf"]),
        ("客户报告 PDF", ["客户", "户报", "报告", "客", "户", "报", "告", "pdf"]),
        ("مرحبا", ["مرحبا", "مرحب"]),
        ("1. buy 365 eggs for 12 people", ["buy", "365", "egg", "peopl"]),
        ("x" * 40 + " " + "y" * 39, ["y" * 39]),
        ("a\udc80b", ["b"]),
    ],
)
def test_text_becomes_stems_without_request_words(text, expected):
    assert list(terms(text)) == expected


def test_a_request_in_an_unspaced_script_is_pairs_of_characters_and_one_character_is_itself():
    assert query_terms("客户报告").terms == ("客户", "户报", "报告")
    assert query_terms("画").terms == ("画",)
    assert query_terms("ทำรายงาน").terms == ("ทา", "าร", "รา", "าย", "ยง", "งา", "าน")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Übersetze die Briefe und schreibe mir den Bericht", "german"),
        ("Traduis les lettres et fais le rapport pour la banque", "french"),
        ("Resume el informe de ventas y envía los datos", "spanish"),
        ("Переведи письма", "russian"),
        ("ترجم الرسائل", "arabic"),
        ("Translate the letters and write a report", None),
        ("letters report", None),
        ("客户报告", None),
        ("", None),
    ],
)
def test_a_language_is_told_by_its_script_or_its_small_words(text, language):
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("skill", "request_"),
    [
        (
            "Schreibt die Berichte und prüft die Rechnungen der Kunden",
            "Prüfe bitte die Rechnung und den Bericht",
        ),
        ("Переводит письма на английский", "перевод письма на русский"),
        ("Traduit les lettres et les rapports pour la banque", "traduire la lettre et le rapport"),
    ],
)
def test_other_forms_of_a_word_meet_in_other_languages_too(skill, request_):
    assert len(set(terms(skill)) & set(query_terms(request_).terms)) >= 2


def test_what_cannot_be_told_to_be_german_still_meets_german():
    german = terms("Schreibt die Berichte und prüft die Rechnungen der Kunden")
    assert set(query_terms("Rechnungen Kunden").terms) <= set(german)


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


def test_named_skills_get_the_score_that_a_search_gives_them():
    skills = [
        Skill(name="a", description="Merge ledgers.", body=""),
        Skill(name="b", description="Merge pages.", body=""),
        Skill(name="c", description="Bake.", body=""),
    ]
    index = build(skills)
    found = index.search(("merg", "ledger"), limit=9)
    assert index.scores(("merg", "ledger"), "cba") == {**found, "c": 0.0}
    assert list(found) == ["a", "b"]
