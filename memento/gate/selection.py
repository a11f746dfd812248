"""Which skills a gate run is about, and what lies beside them that must not.

Read from paths alone: a folder that holds no readable skill is selected all the same, so that the
gate refuses it by name instead of overlooking it.
"""

from collections.abc import Sequence

from memento.protocols import Snapshot
from memento.skill.testfile import test_file_name
from memento.types import Evidence, GateOutcome, GateReport, GateStep

LIBRARY = "(library)"


def folders(snapshot: Snapshot) -> tuple[str, ...]:
    """Every folder below skills/, sorted, whether it can be read as a skill or not."""
    parts = (path.split("/") for path in snapshot.entries())
    return tuple(sorted({part[1] for part in parts if part[0] == "skills" and len(part) > 2}))


def changed(base: Snapshot, head: Snapshot) -> tuple[str, ...]:
    """Skills of `head` whose folder or test file differs from `base`, sorted."""
    before, after = base.entries(), head.entries()
    touched = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return tuple(
        name
        for name in folders(head)
        if any(path.startswith(f"skills/{name}/") for path in touched)
        or f"skill_tests/{test_file_name(name)}" in touched
    )


def strangers(snapshot: Snapshot) -> Sequence[str]:
    """Files in skills/ and skill_tests/ that belong to no skill: pytest or git might obey them."""
    names = folders(snapshot)
    tests = {f"skill_tests/{test_file_name(name)}" for name in names}
    return [
        path
        for path in snapshot.entries()
        if (path.startswith("skill_tests/") and path not in tests)
        or (path.startswith("skills/") and path.count("/") == 1)
    ]


def library_report(base: Snapshot, head: Snapshot) -> GateReport | None:
    """A FAIL about what belongs to no skill and was not there before; None when there is none."""
    known = set(strangers(base)) if base is not head else set()
    found = [path for path in strangers(head) if path not in known]
    if not found:
        return None
    detail = f"{found[0]} belongs to no skill" + (f", and {len(found) - 1} more" if len(found) > 1 else "")
    step = GateStep(name="custody", outcome=GateOutcome.FAIL, detail=detail)
    return GateReport(skill=LIBRARY, outcome=GateOutcome.FAIL, evidence=Evidence.LINT, steps=(step,))
