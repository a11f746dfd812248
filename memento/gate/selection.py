"""Which skills a gate run is about, and what lies beside them that must not.

Read from paths alone: a folder that holds no readable skill is selected all the same, so that the
gate refuses it by name instead of overlooking it.
"""

from collections.abc import Sequence

from memento.changes import Evidence, GateOutcome, GateReport, GateStep
from memento.gate.view import View
from memento.types import test_path

LIBRARY = "(library)"
_OBEYED = frozenset(
    ["conftest.py", "pytest.ini", "tox.ini", "setup.cfg", "sitecustomize.py", "usercustomize.py"]
)


def changed(base: View, head: View) -> tuple[str, ...]:
    """Skills whose folder or test file differs, those that are gone too, sorted."""
    names = sorted({*base.names, *head.names})
    return tuple(name for name in names if base.content(name) != head.content(name))


def strangers(view: View) -> Sequence[str]:
    """Files in skills/ and skill_tests/ that belong to no skill: pytest or git might obey them."""
    tests = {test_path(name) for name in view.names}
    return [
        path
        for path in view.entries
        if (path.startswith("skill_tests/") and path not in tests)
        or (path.startswith("skills/") and path.count("/") == 1)
    ]


def library_report(base: View, head: View) -> GateReport | None:
    """A FAIL about what belongs to no skill and was not there before; None when there is none."""
    known = set(strangers(base)) if base is not head else set()
    found = [path for path in strangers(head) if path not in known]
    if base is not head:
        found += [
            path
            for path in head.entries
            if path.rpartition("/")[2] in _OBEYED and head.entries[path] != base.entries.get(path)
            if not path.startswith(("skills/", "skill_tests/", "tests/"))
        ]
    if not found:
        return None
    detail = f"{found[0]} belongs to no skill" + (f", and {len(found) - 1} more" if len(found) > 1 else "")
    step = GateStep(name="custody", outcome=GateOutcome.FAIL, detail=detail)
    return GateReport(skill=LIBRARY, outcome=GateOutcome.FAIL, evidence=Evidence.LINT, steps=(step,))
