"""G0: which skills a gate run is about, and what lies beside them that must not.

Read from paths alone: a folder that holds no readable skill is selected all the same, so that the
gate refuses it by name instead of overlooking it.
"""

import re
from collections.abc import Sequence

from memento.changes import Evidence, GateOutcome, GateReport, GateStep
from memento.gate.view import View
from memento.types import test_path

LIBRARY = "(library)"
_OBEYED = frozenset(
    ["conftest.py", "pytest.ini", "tox.ini", "setup.cfg", "sitecustomize.py", "usercustomize.py"]
)

_DECIDES = re.compile(
    r"memento\.toml$|(?:\.github/|docs/)?CODEOWNERS$|\.github/|\.gitmodules$|(?:.*/)?\.gitattributes$"
)
_OF_A_WORK_TREE = frozenset({"tips.md", "memento.toml"})


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
    """On what belongs to no skill and is not as it was; None when there is none."""
    known = set(strangers(base)) if base is not head else set()
    found = [path for path in strangers(head) if path not in known]
    touched = _touched(base, head) if base is not head else []
    found += [path for path in touched if path.rpartition("/")[2] in _OBEYED and path in head.entries]
    if found:
        return _report(GateOutcome.FAIL, f"{_first(found)} belongs to no skill")
    held = [path for path in touched if _DECIDES.match(path)]
    if held:
        said = f"{_first(held)} decides what may land, a human must agree"
        return _report(GateOutcome.INDECISIVE, said)
    return None


def _touched(base: View, head: View) -> list[str]:
    """Paths outside of skills and tests that differ; a work tree shows not all, so none of it is gone."""
    shown = [path for path in head.entries if not path.startswith(("skills/", "skill_tests/", "tests/"))]
    gone = set(base.entries) - set(head.entries) if set(shown) - _OF_A_WORK_TREE else set()
    changed = {path for path in shown if head.entries[path] != base.entries.get(path)}
    return sorted(changed | {path for path in gone if not path.startswith(("skills/", "skill_tests/"))})


def _first(paths: Sequence[str]) -> str:
    return paths[0] + (f" (and {len(paths) - 1} more)" if len(paths) > 1 else "")


def _report(outcome: GateOutcome, detail: str) -> GateReport:
    step = GateStep(name="custody", outcome=outcome, detail=detail)
    return GateReport(skill=LIBRARY, outcome=outcome, evidence=Evidence.LINT, steps=(step,))
