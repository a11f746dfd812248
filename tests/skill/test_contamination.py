"""What gives an answer away, and what is there by chance."""

from decimal import Decimal

import pytest

from memento.skill.contamination import contains_gold, numbers_in
from memento.types import Gold, Scorer


def exact(answer: str) -> Gold:
    return Gold(answer=answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("the capital is Ouagadougou.", "Ouagadougou"),
        ("THE CAPITAL IS OUAGADOUGOU", "ouagadougou"),
        ("it was New\n  York", "New York"),
        ("slug new-york or new_york", "New York"),
        ("use `1234.50`", "1,234.5"),
        ("the sum is 1,234.50 there", "$1234.5"),
        ("TOTAL = 1_234_567", "1234567"),
        ("weighs 1234567kg", "1234567"),
        ("1e6 in short", "1,000,000"),
        ("full width \uff11\uff12\uff13\uff14\uff15", "12345"),
        ("答案是北京。", "北京"),
        ("zero\u200bwidth Ouaga\u200bdougou", "Ouagadougou"),
        ('return "17"', "17"),
        ("the answer is `B`", "b"),
        ("the answer is 17.", "17"),
        ("print(17)", "17.0"),
        ("**Answer: 42**", "42"),
        ("-5000 degrees", "-5000"),
    ],
)
def test_an_answer_is_found_however_it_is_dressed(text, answer):
    assert contains_gold(text, exact(answer), allowed="")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("seventeen rows, 17 of them empty", "17"),
        ("see section 17: totals", "17"),
        ("12345.6 and 1.2345", "12345"),
        ("123456 and 912345", "12345"),
        ("1,234,567", "1234"),
        ("1,234,567", "4567"),
        ("yorkshire", "York"),
        ("newyork", "York"),
        ("Newer York", "New York"),
        ("don't count it's", "t"),
        ("whatever", ""),
        ("12 rows, 12 columns", "12.00"),
        ("", "Ouagadougou"),
    ],
)
def test_what_only_resembles_the_answer_is_left_alone(text, answer):
    assert not contains_gold(text, exact(answer), allowed="")


def test_what_the_parent_or_the_task_states_already_gives_nothing_away():
    gold = exact("ledger.csv")
    assert contains_gold("open ledger.csv", gold, allowed="open the file")
    assert not contains_gold("open ledger.csv", gold, allowed="add up Ledger.CSV")


def test_a_pattern_gives_itself_away_and_what_it_matches():
    gold = Gold(answer=r"INV-\d{6}", scorer=Scorer.REGEX)
    assert contains_gold("answer with INV-004711.", gold, allowed="")
    assert contains_gold(r"match INV-\d{6}", gold, allowed="")
    assert not contains_gold("INV- and six digits", gold, allowed="")
    assert not contains_gold("INV-004711", gold, allowed="such as INV-000001")


@pytest.mark.parametrize("pattern", [".*", "(", "[a-z ]+.*"])
def test_a_pattern_that_matches_anything_or_is_broken_finds_nothing(pattern):
    assert not contains_gold("any skill text", Gold(answer=pattern, scorer=Scorer.REGEX), allowed="")


def test_a_numeric_answer_is_found_by_its_value():
    gold = Gold(answer="81932.10", scorer=Scorer.NUMERIC, tolerance=0.01)
    assert contains_gold("expect 81,932.1", gold, allowed="")
    assert not contains_gold("expect 81,932.2", gold, allowed="")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,234.50", ["1234.50"]),
        ("1 234 567", ["1234567"]),
        ("10-15", ["10", "15"]),
        ("\u22125 and .5", ["-5", "0.5"]),
        ("x=-5000", ["-5000"]),
        ("1.2.3 v2 a2b", []),
        ("12,3456 (7)", ["12", "3456", "7"]),
        ("EUR 12.00.", ["12.00"]),
        ("10² and no more", ["10"]),
        ("no digits", []),
    ],
)
def test_numbers_are_read_as_people_write_them(text, numbers):
    assert list(numbers_in(text)) == [Decimal(number) for number in numbers]
