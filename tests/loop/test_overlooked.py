"""A skill that was there and was not found: its description is mended, and it alone."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from memento.changes import Disposition, Exam, Landing
from memento.evals.exercises import dates
from memento.llm.simulated.dates import DATES
from memento.protocols import Reply, Request, Snapshot
from memento.skill import new
from memento.types import Exercise, Fault, Result, Utility
from tests.loop.worlds import World, reply

pytestmark = pytest.mark.real


NOBODYS = "Which programs can open such a file?"
POOR = "Household papers, and help with them."
FINDABLE = f"{POOR} Also spans: how many days there are between dates in a text file, earliest to latest."


def describes(near: str) -> Callable[[Request], Reply | None]:
    def intercept(request: Request) -> Reply | None:
        if request.purpose == "requests":
            return reply(near_misses=[near])
        return reply(idea="say dates", description=FINDABLE) if request.purpose == "describe" else None

    return intercept


def ill_described(here: World) -> Snapshot:
    """A skill that people wrote: it can do everything, and its description draws no question about dates."""
    mends = frozenset(trap.name for trap in DATES.traps)
    test = b'QUERIES = ("help with household papers",)\n\ndef test_it_runs(skill):\n    assert skill.body\n'
    files = {
        "memento.toml": b'[review]\npeople = "auto"\n',
        "skills/date-spans/SKILL.md": new(name="date-spans", description=POOR, body=DATES.document(mends)),
        "skills/date-spans/scripts/span.py": DATES.compose(mends).encode(),
        "skill_tests/test_date_spans.py": test,
    }
    return here.library.at(here.library.commit_files(files, "by hand", {}))


def span() -> Exercise:
    return dates(Random(1), "dates-01", [DATES.traps[0].name])


def test_a_skill_that_was_overlooked_is_described_anew_and_found_at_the_retry(world):
    here = world(rounds=1)
    before = ill_described(here)
    here.model.before = describes(NOBODYS)
    on_probation: list[str] = []
    here.loop = replace(here.loop, probation=lambda skill, _episode: on_probation.append(skill))
    episodes = here.solve(span())
    assert [(e.verdict.result, e.route.skill) for e in episodes] == [
        (Result.FAILED, None),
        (Result.PASSED, "date-spans"),
    ]
    assert (episodes[0].blame.fault, episodes[0].blame.skill) == (Fault.ROUTING, "date-spans")
    after = here.library.at()
    old, mended = before.skill("date-spans"), after.skill("date-spans")
    assert (mended.description, mended.body) == (FINDABLE, old.body)
    changed = {path for path, entry in after.entries().items() if before.entries().get(path) != entry}
    assert changed - {"tips.md"} == {"skills/date-spans/SKILL.md", "skill_tests/test_date_spans.py"}
    (landing,) = here.heard(Landing)
    assert landing.report.new_tests == here.heard(Exam)[0].new_tests
    steps = {step.name: step.detail for step in landing.report.steps}
    assert steps["red-to-green"] == "1 red on the parent, green on the candidate"
    assert steps["routes"].startswith("1 of 1 own queries reach it, no near miss does")
    record = here.loop.journal.record_by_version("date-spans")
    assert record == {mended.tree: Utility(successes=1)}, "who was not used is not debited"
    assert on_probation == []


@pytest.mark.parametrize(
    ("near", "test", "why"),
    [
        ("Work out the latest date in a text file.", None, "red-to-green: still red on the candidate"),
        (NOBODYS, 'QUERIES = ("dates in a text file",)\n', "routes: file-dates loses"),
        (
            NOBODYS,
            'def test_it_is_found(route):\n    assert route("dates in a text file") == "file-dates"\n',
            "neighbours: it turns tests of other skills red: file-dates: test_it_is_found",
        ),
    ],
    ids=["a near miss", "a neighbour's request", "a request that a neighbour's test asks for"],
)
def test_a_description_that_draws_too_much_is_refused(world, near, test, why):
    here = world(rounds=0)
    ill_described(here)
    if test is not None:
        document = new(name="file-dates", description="Find the dates in a file.", body="Look for them.")
        files = {"skills/file-dates/SKILL.md": document, "skill_tests/test_file_dates.py": test.encode()}
        here.library.commit_files(files, "by hand", {})
    skills = here.skills()
    here.model.before = describes(near)
    here.solve(span())
    assert here.landings() == [Disposition.DISCARDED]
    assert here.heard(Landing)[0].report.reason.startswith(why)
    assert here.skills() == skills
