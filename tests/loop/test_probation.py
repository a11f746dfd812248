"""A landing has passed tests, not life: a version that does worse in use is taken back."""

import pytest

from memento.changes import Disposition, Exam, Landing
from memento.protocols import Reply, Request
from memento.types import Result
from tests.loop.worlds import exercise, reply

pytestmark = pytest.mark.real


BROKEN = """
import csv, sys

rows = list(csv.DictReader(open(sys.argv[1])))
small = len(rows) < 5
total = sum(
    float(row["Amount"].replace(",", "").replace("(", "-").strip(")")) for row in rows
)
print(f"{total if small else 0:.2f}")
"""


def blames_the_skill(request: Request) -> Reply | None:
    if request.purpose != "attribute":
        return None
    return reply(
        fault="tool",
        skill="ledger-totals",
        first_wrong_step=2,
        explanation="It adds up wrongly.",
        quotes=["head -n 40 ledger"],
        confidence=0.95,
    )


def test_a_version_that_does_worse_than_its_parent_is_taken_back_by_itself(grown):
    here = grown(rounds=0)
    for number in range(11, 14):
        here.solve(exercise("thousands", number=number))
    good = here.library.at().skill("ledger-totals")

    def spoils(request: Request) -> Reply | None:
        if request.purpose != "rewrite":
            return None
        return reply(idea="read it anew", files=[{"path": "scripts/total.py", "content": BROKEN}], delete=[])

    here.model.before = spoils
    here.solve(exercise("parentheses", number=2))
    bad = here.library.at().skill("ledger-totals")
    assert bad.version > good.version, "it passed every test: they are small"
    exam = here.heard(Exam)[-1]

    here.model.before = lambda r: (
        blames_the_skill(r) or (reply(source="", queries=[]) if r.purpose == "exam" else None)
    )
    episodes = []
    while here.landings()[-1] is not Disposition.LANDED or len(here.landings()) < 2:
        episodes += here.solve(exercise("thousands", number=20 + len(episodes)))
        assert len(episodes) < 8, "probation never ended it"
    landing = here.heard(Landing)[-1]
    restored = here.library.at()
    assert landing.proposal.kind == "rollback"
    assert restored.skill("ledger-totals").body == good.body
    assert exam.new_tests[0] in restored.test("ledger-totals").decode(), "the regression test stays"
    entry = here.library.log("ledger-totals", 1)[0]
    assert entry.trailers["Memento-Episode"] == episodes[-1].id
    assert entry.trailers["Memento-Blame"] == (
        f"rolled back by probation: 0 of {len(episodes)} succeeded, 4 of 5 with the version before"
    )
    idea = next(i for i in here.loop.journal.ideas.of("ledger-totals") if i.idea == "read it anew")
    assert (idea.disposition, "probation" in idea.reason) == (Disposition.DISCARDED, True)
    here.model.before = lambda _request: None
    assert here.solve(exercise("thousands", number=40))[-1].verdict.result is Result.PASSED
