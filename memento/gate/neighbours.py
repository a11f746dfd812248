"""Tests of other skills that use this one: what was green before the change is green after it."""

from collections.abc import Mapping

from memento.gate.change import Answer, Change, failed, listed, passed
from memento.gate.harness import Harness, Job, Results
from memento.gate.plan import plan
from memento.gate.routes import ALL, Board
from memento.gate.trial import green
from memento.gate.view import View
from memento.skill.testfile import base_name
from memento.types import Folder


def neighbours(change: Change, harness: Harness, requests: Board) -> Answer:
    """FAIL with the tests that the change turns red in skills whose files name this one."""
    users = [] if change.standing or not change.changes_skill else dependents(change.head, change.skill)
    broken = []
    for name in users:
        broken += [f"{name}: {test}" for test in _broken(change, name, harness, requests)]
    if broken:
        return failed(f"it turns tests of other skills red: {listed(broken)}")
    return passed(f"{len(users)} other skills use it, their tests stay green" if users else "nobody uses it")


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


def _broken(change: Change, name: str, harness: Harness, requests: Board) -> list[str]:
    snapshot = change.head.snapshot
    test = snapshot.test(name)
    if test is None:
        return []
    beside = change.head.facts([name])[name].beside

    def results(view: View, routes: Mapping[str, str | None]) -> Results:
        others: Mapping[str, Folder] = view.folders(beside)
        folder = view.snapshot.folder(name)
        return harness.run_alone(Job(skill=name, folder=folder, test=test, beside=others, routes=routes))

    try:
        asked = set(plan(test).routed)
    except SyntaxError:
        return []
    before = results(change.base, {r: t for r, t in requests.before.items() if r in asked})
    after = results(change.head, {r: t for r, t in requests.after.items() if r in asked})
    return sorted(
        test_name
        for test_name in {base_name(result.id) for result in before}
        if green(before, test_name) and not green(after, test_name)
    )
