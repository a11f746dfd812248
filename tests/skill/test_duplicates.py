"""A skill that repeats another is refused with the one to extend; siblings and neighbours are not."""

import itertools
import random

import pytest

from memento.skill import new
from memento.skill.duplicates import (
    Duplicate,
    Profile,
    compare,
    duplicate_of,
    pairs,
    profile_of,
    requests_of,
    siblings,
    twin_in,
)
from memento.testing.snapshots import MemorySnapshot
from memento.types import File, Skill

TOTALS = Profile(
    name="ledger-totals",
    description="Adds up the amounts of a ledger. Use when a task asks for a total of a CSV file.",
    requests=("What is the total of ledger.csv?", "Add up the amounts in this ledger"),
)
GREETER = Profile(name="greeter", description="Greets a person by name. Use when a task asks for a greeting.")


@pytest.mark.parametrize("name", ["bfs-2", "bfs-v3", "bfs-5x5", "bfs-new", "bfs-3-improved"])
def test_a_name_that_only_numbers_another_is_a_duplicate(name):
    new = Profile(name=name, description="Something else entirely.")
    old = Profile(name="bfs", description="Searches a grid breadth first.")
    assert compare(new, old) == Duplicate(extend="bfs", reason="its name is a variant of bfs", score=1.0)


def test_a_description_that_says_the_same_is_a_duplicate_whatever_its_name():
    new = Profile(name="sum-csv", description="Adding up amounts of the ledgers; a total for CSV files.")
    twin = duplicate_of(new, [GREETER, TOTALS])
    assert twin is not None
    assert (twin.extend, twin.reason) == (
        "ledger-totals",
        "its description says what ledger-totals says (100% of the words)",
    )


def test_the_same_requests_make_a_duplicate_of_a_related_description():
    new = Profile(
        name="csv-sums",
        description="Adds up the amounts in a CSV column and reports one number for the ledger file.",
        requests=("what's the total of ledger.csv", "Plot the amounts"),
    )
    assert compare(new, Profile(name=TOTALS.name, description=TOTALS.description)) is None
    assert compare(new, TOTALS) == Duplicate(
        extend="ledger-totals",
        reason="its tests ask what those of ledger-totals ask (50% of the requests)",
        score=0.5,
    )


def test_the_same_requests_alone_are_a_matter_of_routing_and_no_duplicate():
    assert (
        compare(Profile(name="poet", description="Writes verse.", requests=TOTALS.requests), TOTALS) is None
    )


def test_siblings_say_the_same_of_different_things_and_may_stand_side_by_side():
    say = "Converts a {} document to Markdown, with its tables, images and headings. Use for {} files."
    pdf, docx = (
        Profile(name=f"convert-{kind}", description=say.format(kind, kind)) for kind in ("pdf", "docx")
    )
    assert siblings(pdf, docx)
    assert compare(pdf, docx) is None
    other = Profile(name="turn-pdf-to-text", description=pdf.description)
    assert compare(other, pdf) is not None


def test_no_pair_is_overlooked_by_looking_at_few():
    dice = random.Random(3)
    words = [f"word{number}" for number in range(40)]
    some = [
        Profile(
            name=f"{dice.choice(words)}-{number}",
            description=" ".join(dice.choices(words, weights=range(1, 41), k=dice.randint(0, 9))),
            requests=tuple(dice.choices(words, k=2)),
        )
        for number in range(120)
    ]
    every = {(a.name, b.name) for a, b in itertools.combinations(some, 2) if compare(a, b) or compare(b, a)}
    looked_at = {(a.name, b.name) for a, b in pairs(some)}
    assert len(every) > 20
    assert every <= looked_at
    assert len(looked_at) < 120 * 119 / 2


def test_neighbours_in_one_field_are_no_duplicates():
    one = Profile(name="csv-chart", description="Draws a chart of the columns of a CSV file.")
    assert duplicate_of(one, [TOTALS, GREETER]) is None
    assert duplicate_of(TOTALS, [TOTALS, GREETER]) is None


def test_skills_without_words_are_compared_by_name_only():
    assert compare(Profile(name="a", description="学"), Profile(name="b", description="学")) is None


def test_requests_are_read_from_the_test_file_and_never_executed():
    test = b"QUERIES = (\n    'one',\n    \"two\",\n    3,\n)\nraise SystemExit\n"
    skill = Skill(name="x", description="d", body="b")
    assert profile_of(skill, test) == Profile(name="x", description="d", requests=("one", "two"))
    for broken in (b"QUERIES = (", b"QUERIES = [open('x')]", b"QUERIES = 3", b"", b"\0"):
        assert requests_of(broken) == ()


def test_a_library_is_asked_for_tests_of_related_skills_only():
    asked = []

    class Watched(MemorySnapshot):
        def test(self, name):
            asked.append(name)
            return super().test(name)

    texts = {profile.name: profile.description for profile in (TOTALS, GREETER)}
    library = Watched(
        skills={n: {"SKILL.md": File(data=new(name=n, description=d, body="x"))} for n, d in texts.items()},
        tests={"ledger-totals": f"QUERIES = {TOTALS.requests!r}\n".encode()},
    )
    charter = Profile(
        name="csv-sums",
        description="Adds up the amounts in a CSV column and reports one number for the ledger file.",
        requests=("what's the total of ledger.csv",),
    )
    twin = twin_in(library, charter)
    assert twin is not None
    assert (twin.extend, asked) == ("ledger-totals", ["ledger-totals"])
    assert twin_in(library, Profile(name="greeter", description=GREETER.description)) is None
