"""G3, mutants: does the test file notice small damages to the skill?

E2 is withheld from a change whose tests let too many mutants live, and from one that changes nothing
but prose, which no test without a model can judge. In the test lane (tests changed, the skill not) a
file that kills fewer than the old one is refused.
"""

from collections.abc import Iterator, Mapping

from memento.changes import Evidence
from memento.gate.change import Answer, Change, failed, passed
from memento.gate.harness import Harness
from memento.gate.job import Job
from memento.gate.lane import altered_tests
from memento.gate.mutants import Score, mutants, score

Routes = Mapping[str, str | None]


def damage(change: Change, harness: Harness, routes: Routes) -> Iterator[tuple[str, Answer]]:
    """No step at all for a skill as it stands, for a change that only adds tests, and for a rollback."""
    if change.standing or change.test is None:
        return
    if not change.changes_skill:
        # Where every old test is still there, as it was, no mutant can live that died before.
        if change.old_test is not None and altered_tests(change.old_test, change.test):
            yield "mutants", _lane(change, harness, routes)
        return
    if change.exam is not None and change.exam.parked:
        return
    if change.only_prose:
        yield "mutants", passed("not asked, E2 withheld: only prose changed, and no model has tried it")
        return
    found = measure(change, change.test, harness, routes)
    if found.enough:
        yield "mutants", passed(str(found), supports=Evidence.RED_TO_GREEN)
    else:
        yield "mutants", passed(f"{found}; E2 withheld: too many survive")


def measure(change: Change, test: bytes, harness: Harness, routes: Routes) -> Score:
    """Run `test` on each mutant of the head's skill; one that is not green throughout is killed."""
    tried = mutants(change.after)
    jobs = [
        Job(
            skill=change.skill,
            folder=mutant.folder,
            test=test,
            beside=change.beside_after,
            routes=routes,
            until_red=True,
        )
        for mutant in tried
    ]
    ignored = change.parked
    results = harness.run_together(jobs)
    killed = [any(not r.passed and r.id.split("[")[0] not in ignored for r in found) for found in results]
    return score(tried, killed)


def _lane(change: Change, harness: Harness, routes: Routes) -> Answer:
    assert change.old_test is not None
    assert change.test is not None
    before = measure(change, change.old_test, harness, routes)
    after = measure(change, change.test, harness, routes)
    if after.killed < before.killed:
        return failed(
            f"the tests notice less than before: {after.killed} of {after.total} mutants, not {before.killed}"
        )
    return passed(f"{after}; {before.killed} with the tests as they were")
