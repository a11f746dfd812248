"""GAIA's official rules: the whole table of cases, oddities included."""

import pytest

from memento.evals.scoring.gaia import is_correct

CASES = [
    # gold, answer, right
    # -- a gold that reads as a float
    ("17", "17", True),
    ("17", "17.0", True),
    ("17", " 17 ", True),
    ("17", "$17", True),
    ("17", "17%", True),
    ("17000", "17,000", True),
    ("1000", "1,000", True),
    ("1000", "$1,000%", True),
    ("0.5", ".5", True),
    ("0.5", "50%", False),
    ("-3", "-3", True),
    ("1e3", "1000", True),
    ("3.14", "3.140", True),
    ("3.14", "3.1400001", False),
    ("17", "17 kg", False),
    ("17", "the answer is 17", False),
    ("17", "seventeen", False),
    ("17", "17;", False),
    ("17", "", False),
    ("17", "€17", False),
    ("1_000", "1000", True),
    ("inf", "any text", True),
    ("inf", "7", False),
    ("nan", "nan", False),
    # -- a gold with a comma or a semicolon is a list
    ("1,000", "1000", False),
    ("1,000", "1,000", True),
    ("1,000", "1;0", True),
    ("a, b, c", "a,b,c", True),
    ("a, b, c", "A;B;C", True),
    ("a, b, c", "a, c, b", False),
    ("a, b", "a, b, c", False),
    ("a, b, c", "a, b", False),
    ("a; b", "a, b", True),
    ("a, b.", "a, b", False),
    ("a-b, c", "ab, c", False),
    ("Sea Gull, x", "seagull,X", True),
    ("3, four", "3.0, FOUR", True),
    ("3, four", "$3, four", True),
    ("3, four", "three, four", False),
    ("a,", "a", False),
    ("a,", "a,", True),
    # -- any other gold is text
    ("Saint Petersburg", "saintpetersburg", True),
    ("St. Petersburg", "st petersburg", True),
    ("St. Petersburg", "Saint Petersburg", False),
    ("sea gull", "seagull", True),
    ("right", "Right.", True),
    ("right", "It is right", False),
    ("A/B", "ab", True),
    ("Zürich", "zürich", True),
    ("Zürich", "Zurich", False),
    ("don\u2019t", "dont", False),
    ("a\u00a0b", "ab", True),
    ("3 apples", "3apples", True),
    ("5 000", "5000", True),
    ("None", "None", True),
]


@pytest.mark.parametrize(("gold", "answer", "right"), CASES)
def test_an_answer_is_right_exactly_when_the_official_rules_say_so(gold, answer, right):
    assert is_correct(answer, gold) is right
