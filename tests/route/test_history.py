"""Which episodes say something about whom a request belongs to."""

import sqlite3

import pytest

from memento.journal import Journal
from memento.route.history import JournalHistory
from memento.route.past import Past


@pytest.fixture
def journal(tmp_path) -> Journal:
    made = Journal(path=tmp_path / "journal.db")
    assert made.requests() == ()
    return made


def keep(
    journal: Journal, number: str, text: str, skill: str | None, result: str, fault: str | None = None
) -> None:
    with sqlite3.connect(journal.path) as db:
        db.execute(
            "insert into episodes values (?,?,?,?,?,?,?,?,?,json_object('task', json_object('text', ?)))",
            (number, number, 0, skill, "", result, fault, "m", 0.0, text),
        )


def test_solved_requests_and_wrong_routes_are_the_past_and_nothing_else_is(journal):
    keep(journal, "1", "bake", "bread", "passed")
    keep(journal, "2", "sail", "bread", "failed", "routing")
    keep(journal, "3", "knead", "bread", "failed", "reasoning")
    keep(journal, "4", "rest", "bread", "failed", "environment")
    keep(journal, "5", "fold", "bread", "unjudged")
    keep(journal, "6", "none", None, "passed")
    assert JournalHistory(journal=journal)() == (Past("bake", "bread"), Past("sail", "bread", solved=False))


def test_what_happens_later_is_added_to_the_past(journal):
    history = JournalHistory(journal=journal)
    keep(journal, "1", "bake", "bread", "passed")
    assert history() == (Past("bake", "bread"),)
    keep(journal, "2", "fold", "bread", "passed")
    assert history() == history() == (Past("bake", "bread"), Past("fold", "bread"))
