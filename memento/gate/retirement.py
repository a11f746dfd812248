"""Retirement: a skill's folder and its tests go. No test can speak for that, so a person decides.

custody     its tests go with it, no text that somebody pinned does; an agent touches nothing else  FAIL
neighbours  no other skill sends its reader there                                                   FAIL
person      whether it is missed is no question for a test                                        INDECISIVE
"""

import re
from collections.abc import Iterator

from memento.changes import Evidence, GateOutcome, GateReport, GateStep
from memento.gate.change import Answer, failed, indecisive, listed, passed
from memento.gate.custody import PINNED
from memento.protocols import Snapshot
from memento.types import Folder, test_path


def retirement(skill: str, base: Snapshot, head: Snapshot, *, alone: bool = True) -> GateReport:
    """The gate's report on a change that removes `skill`; the first FAIL ends it.

    `alone`: the change may do nothing else.
    """
    steps: list[GateStep] = []
    for name, answer in _answers(skill, base, head, alone):
        steps.append(GateStep(name=name, outcome=answer.outcome, detail=answer.detail))
        if answer.outcome is GateOutcome.FAIL:
            break
    outcome = GateOutcome.FAIL if steps[-1].outcome is GateOutcome.FAIL else GateOutcome.INDECISIVE
    return GateReport(skill=skill, outcome=outcome, evidence=Evidence.LINT, steps=tuple(steps))


def _answers(skill: str, base: Snapshot, head: Snapshot, alone: bool) -> Iterator[tuple[str, Answer]]:
    yield "custody", _custody(skill, base, head, alone)
    yield "neighbours", _neighbours(skill, head)
    yield "person", indecisive("a human must say whether the skill may go")


def _custody(skill: str, base: Snapshot, head: Snapshot, alone: bool) -> Answer:
    before, after = base.entries(), head.entries()
    touched = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    test = test_path(skill)
    strangers = [path for path in touched if not path.startswith(f"skills/{skill}/") and path != test]
    if strangers and alone:
        return failed(f"it touches files that are not its own: {listed(strangers)}")
    if test in after:
        return failed(f"{test} would be left without its skill")
    old = base.skill(skill)
    if _pinned(base.folder(skill)) or (old is not None and old.metadata.get("memento-pinned")):
        return failed("text of it is pinned")
    return passed("only the skill's own folder and its tests go")


def _pinned(folder: Folder) -> bool:
    return any(PINNED.search(file.data.decode("utf-8", "replace")) for file in folder.values())


def _neighbours(skill: str, head: Snapshot) -> Answer:
    """No skill that stays names this one as a link, a path or a code word."""
    pattern = re.compile(rb"(?:skills/|\.\./|`)" + re.escape(skill.encode()) + rb"(?![\w-])")
    using = [
        name for name in head.names() if any(pattern.search(file.data) for file in head.folder(name).values())
    ]
    if using:
        return failed(f"these skills send their reader there: {listed(using)}")
    return passed("no other skill names it")
