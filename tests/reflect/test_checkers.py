"""Answers against gold: what counts as the same, and that a reason gives nothing away."""

import pytest

from memento.errors import UsageError
from memento.reflect.checkers import check
from memento.types import Gold, Scorer

E, N, R, L, J = Scorer.EXACT, Scorer.NUMERIC, Scorer.REGEX, Scorer.LIST, Scorer.JSON


@pytest.mark.parametrize(
    ("answer", "gold", "scorer", "tolerance", "passed"),
    [
        ("Paris", "paris", E, 0.0, True),
        ("  New\n York. ", "new york", E, 0.0, True),
        ("`Paris`", "Paris", E, 0.0, True),
        ("Paris, France", "Paris", E, 0.0, False),
        (".", '"', E, 0.0, False),
        ("", "Paris", E, 0.0, False),
        (None, "Paris", E, 0.0, False),
        ("1,234.50", "1234.5", N, 0.0, True),
        ("$1 234.50", "1234.5", N, 0.0, True),
        ("The total is EUR 42.", "42", N, 0.0, True),
        ("42%", "42", N, 0.0, True),
        ("-42", "42", N, 0.0, False),
        ("\u221242", "-42", N, 0.0, True),
        ("41 or 42", "42", N, 0.0, False),
        ("42 or 41", "42", N, 0.0, False),
        ("forty-two", "42", N, 0.0, False),
        ("nan", "42", N, 1e9, False),
        ("inf", "42", N, 1e9, False),
        ("0.3", "0.1", N, 0.2, True),
        ("0.3001", "0.1", N, 0.2, False),
        ("1.7", "1", N, 0.7, True),
        ("AB-12", r"[A-Z]{2}-\d+", R, 0.0, True),
        (" AB-12\n", r"[A-Z]{2}-\d+", R, 0.0, True),
        ("see AB-12", r"[A-Z]{2}-\d+", R, 0.0, False),
        ("Ada; Bob", "ada;bob", L, 0.0, True),
        ("- Ada\n- Bob", "Ada, Bob", L, 0.0, True),
        ("1. Ada\n2. Bob", "Ada, Bob", L, 0.0, True),
        ("[Ada, Bob]", "Ada, Bob", L, 0.0, True),
        ('["Ada", "Bob"]', "Ada, Bob", L, 0.0, True),
        ("Bob, Ada", "Ada, Bob", L, 0.0, False),
        ("Ada, Bob, Cyd", "Ada, Bob", L, 0.0, False),
        ("Ada", "Ada, Bob", L, 0.0, False),
        ("1,000.5; 2", "1000.5; 2", L, 0.0, True),
        ("1.1, 2", "1, 2", L, 0.2, True),
        ("1.3, 2", "1, 2", L, 0.2, False),
        ("B-1, 2", "B-1, 2", L, 9.0, True),
        ("B-2, 2", "B-1, 2", L, 9.0, False),
        ('{"b": [1, 2.0], "a": null}', '{"a": null, "b": [1.0, 2]}', J, 0.0, True),
        ('```json\n{"a": 1}\n```', '{"a": 1}', J, 0.0, True),
        ('{"a": 1, "b": 2}', '{"a": 1}', J, 0.0, False),
        ('{"a": true}', '{"a": 1}', J, 0.0, False),
        ('{"a": 1}', '{"a": true}', J, 0.0, False),
        ('{"a": "1"}', '{"a": 1}', J, 0.0, False),
        ("[1, 2]", "[2, 1]", J, 0.0, False),
        ('{"a": 0.3}', '{"a": 0.1}', J, 0.2, True),
        ('{"a": NaN}', '{"a": 0.1}', J, 1e9, False),
        ("the answer is {}", "{}", J, 0.0, False),
    ],
)
def test_an_answer_is_right_when_it_is_the_same_under_its_scorer(answer, gold, scorer, tolerance, passed):
    assert check(answer, Gold(answer=gold, scorer=scorer, tolerance=tolerance)).passed is passed


@pytest.mark.parametrize("scorer", [E, N, R, L, J])
@pytest.mark.parametrize("answer", [None, "", "x 8675309 y", "8675309", "1", "1 2", "8,675,309"])
def test_no_reason_contains_the_gold_answer(scorer, answer):
    assert "8675309" not in check(answer, Gold(answer="8675309", scorer=scorer)).reason
    assert "8,675,309" not in check(answer, Gold(answer="8675309", scorer=scorer)).reason


def test_a_reason_depends_on_the_comparison_and_not_on_the_values():
    reasons = {
        check(answer, Gold(answer=gold)).reason
        for answer in ("a wrong guess", "the answer may be 42 or 43")
        for gold in ("42", "wrong", "answer")
    }
    assert reasons == {"The answer is wrong (compared word for word, case and spacing aside)."}


@pytest.mark.parametrize(
    "gold", [Gold(answer="1 or 2", scorer=N), Gold(answer="17(", scorer=R), Gold(answer="{1:", scorer=J)]
)
def test_gold_that_cannot_be_compared_with_is_the_task_files_error(gold):
    with pytest.raises(UsageError, match="correct the task file") as caught:
        check("1", gold)
    assert gold.answer not in str(caught.value)
