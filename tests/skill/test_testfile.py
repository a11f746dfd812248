"""The test file as syntax: what is in it, and what is parked."""

import pytest

from memento.skill.testfile import base_name, expected_tests, parked_tests, with_parked

FILE = b'''"""Tests.

Two lines.
"""

def test_a(): ...


def test_b(): ...
'''


def test_a_name_defined_twice_stands_twice():
    assert expected_tests(b"def test_a(): ...\ndef test_a(): ...\n") == ("test_a", "test_a")


def test_parking_adds_one_block_and_unparking_takes_it_away_again():
    parked = with_parked(FILE, frozenset({"test_b", "test_a"}))
    assert parked.decode() == FILE.decode().replace(
        'Two lines.\n"""\n', 'Two lines.\n"""\n\nPARKED = (\n    "test_a",\n    "test_b",\n)\n'
    )
    assert parked_tests(parked) == {"test_a", "test_b"}
    assert parked_tests(with_parked(parked, frozenset({"test_b"}))) == {"test_b"}
    assert parked_tests(with_parked(parked, frozenset())) == frozenset()


def test_a_file_without_docstring_gets_the_block_at_its_top():
    assert with_parked(b"def test_a(): ...\n", frozenset({"test_a"})) == (
        b'PARKED = (\n    "test_a",\n)\ndef test_a(): ...\n'
    )


@pytest.mark.parametrize("value", ["make()", "5", "('a', 3)[0:1]", "None"])
def test_what_is_not_a_literal_sequence_parks_nothing(value):
    assert parked_tests(f"PARKED = {value}\n".encode()) == frozenset()


def test_a_case_of_a_parametrized_test_belongs_to_its_function():
    assert [base_name(i) for i in ("test_a", "test_a[1-x]", "TestB::test_c[a]b]")] == [
        "test_a",
        "test_a",
        "TestB::test_c",
    ]
