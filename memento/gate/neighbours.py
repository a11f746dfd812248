"""G3: tests of other skills that use this one, or ask for a route that the change alters: what was green
before the change is green after it.

A test that is red now is run RERUNS times more; one that then is green again is flaky. It does not refuse
the change, but it is named, and a human must agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from memento.gate.change import Answer, Change, failed, listed, passed
from memento.gate.harness import Harness
from memento.gate.job import Job
from memento.gate.plan import plan
from memento.gate.quarantine import quarantine, quarantined
from memento.gate.routes import ALL, Board
from memento.gate.trial import green
from memento.gate.view import View
from memento.skill.testfile import base_name
from memento.types import Folder

RERUNS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Red:
    """Tests of one neighbour that were green before the change."""

    broken: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()


def neighbours(change: Change, harness: Harness, requests: Board) -> Answer:
    """FAIL with the tests that the change turns red in other skills."""
    moved = change.changes_skill and not change.standing
    users = (
        sorted({*dependents(change.head, change.skill), *rerouted(requests)} - {change.skill})
        if moved
        else []
    )
    found = {name: _red(change, name, harness, requests) for name in users}
    broken = [f"{name}: {test}" for name, red in found.items() for test in red.broken]
    if broken:
        return failed(f"it turns tests of other skills red: {listed(broken)}")
    flaky = {name: red.flaky for name, red in found.items() if red.flaky}
    if flaky:
        names = [f"{name}: {test}" for name, tests in flaky.items() for test in tests]
        said = f"tests of other skills are now red, now green: {listed(names)}"
        return quarantine(change.head, flaky, said)
    return passed(f"{len(users)} other skills use it, their tests stay green" if users else "nobody uses it")


def rerouted(requests: Board) -> list[str]:
    """Skills whose tests ask where a request goes that goes elsewhere now."""
    return [
        name
        for name, facts in requests.facts.items()
        if any(requests.before.get(request) != requests.after.get(request) for request in facts.routed)
    ]


def dependents(view: View, skill: str) -> list[str]:
    """Skills whose files name `skill` as a path or in quotes."""
    names = [name for name in view.names if name != skill]
    if len(names) > ALL:
        # Reading everything is cheap, understanding everything is not.
        mark = skill.encode()
        files = view.files(names)
        hits = {path for path, data in files.items() if mark in data}
        names = [name for name in names if hits.intersection(view.own[name])]
    facts = view.facts(names)
    return [name for name in names if skill in facts[name].beside]


def _red(change: Change, name: str, harness: Harness, requests: Board) -> _Red:
    snapshot = change.head.snapshot
    test = snapshot.test(name)
    if test is None:
        return _Red()
    beside = change.head.facts([name])[name].beside

    def job(view: View, routes: Mapping[str, str | None]) -> Job:
        others: Mapping[str, Folder] = view.folders(beside)
        return Job(skill=name, folder=view.snapshot.folder(name), test=test, beside=others, routes=routes)

    try:
        asked = set(plan(test).routed)
    except SyntaxError:
        return _Red()
    before = harness.run_alone(job(change.base, {r: t for r, t in requests.before.items() if r in asked}))
    changed = job(change.head, {r: t for r, t in requests.after.items() if r in asked})
    after = harness.run_alone(changed)
    names = {base_name(result.id) for result in before}
    red = sorted(one for one in names if green(before, one) and not green(after, one))
    if not red:
        return _Red()
    more = harness.run_turns([replace(changed, turn=turn) for turn in range(1, RERUNS + 1)])
    known = quarantined(change.head, name)
    flaky = tuple(one for one in red if one in known or any(green(results, one) for results in more))
    return _Red(broken=tuple(one for one in red if one not in flaky), flaky=flaky)
