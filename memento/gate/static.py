"""G1, static: what can be said of a skill without running anything.

spec          the Agent Skills specification, sizes, links, scripts that parse       FAIL
security      hidden characters, secrets, injection, code from the network           FAIL
promises      documented options that no script has, code blocks that do not parse     FAIL, where new
duplicates    a new skill that repeats one of the library is to extend that one         FAIL
contamination the gold answer of the task that the change was learned from           FAIL
reach         new hosts, fetching programs, packages, modules, tools, names of the
              environment, places                                                    a human decides
polarity      prose that says the opposite of what it said                             a human decides
orphans       files that nothing mentions                                            named only
"""

from collections import Counter

from memento.gate.change import Answer, Change, failed, indecisive, listed, passed
from memento.gate.polarity import turned_round
from memento.skill import check
from memento.skill.contamination import contains_gold
from memento.skill.duplicates import Duplicate, profile_of, twin_in
from memento.skill.promises import broken, orphans
from memento.skill.reach import capabilities
from memento.skill.security import Finding, findings
from memento.types import Folder


def static(change: Change) -> Answer:
    """FAIL on what no skill may carry; INDECISIVE when a change would reach further than before."""
    if not change.after:
        return failed(f"there is no skill {change.skill}")
    errors = [d for d in check(change.after, name=change.skill) if d.severity == "error"]
    if errors:
        return failed("; ".join(f"{d.file}:{d.line}: {d.message}" for d in errors[:3]))
    for first in _new_findings(change):
        return failed(f"{first.file}:{first.line}: {first.message} ({first.rule})")
    for promise in () if change.standing else broken(change.after, before=change.before):
        return failed(f"SKILL.md:{promise.line}: {promise.message}")
    twin = _twin(change)
    if twin is not None:
        return failed(f"{twin.reason}: extend {twin.extend} instead")
    if _gives_the_answer(change):
        return failed("it contains the answer of the task that it was learned from")
    wider = sorted(capabilities(change.after, change.candidate) - capabilities(change.before, change.parent))
    if wider and not change.standing:
        return indecisive(f"it would reach further than before, a human must agree: {listed(wider)}")
    if change.only_prose and (opposite := turned_round(change.before, change.after)):
        return indecisive(f"it turns a rule round, a human must agree: {opposite[0][:120]!r}")
    alone = list(orphans(change.after))
    return passed(
        "specification, links, scripts, security"
        + (f"; nothing mentions {listed(alone, 3)}" if alone else "")
    )


def _new_findings(change: Change) -> list[Finding]:
    """What the change brings: more of a kind than there was. A skill as it stands answers for all of it."""
    found = findings(change.after)
    old = findings(change.before) if found and not change.standing else ()
    left = Counter((f.file, f.rule, f.message) for f in old)
    left.subtract((f.file, f.rule, f.message) for f in found)
    return [f for f in found if left[f.file, f.rule, f.message] < 0]


def _twin(change: Change) -> Duplicate | None:
    """What a skill that is new repeats; one that stood there before may stay."""
    if change.before or change.standing or change.candidate is None:
        return None
    return twin_in(change.base.snapshot, profile_of(change.candidate, change.test))


def _gives_the_answer(change: Change) -> bool:
    """What stood in the parent or in the task itself gives nothing away."""
    exercise = change.exercise
    if exercise is None or exercise.gold is None:
        return False
    allowed = f"{_text(change.before)}\n{exercise.task.text}"
    return contains_gold(_text(change.after), exercise.gold, allowed=allowed)


def _text(folder: Folder) -> str:
    return "\n".join(file.data.decode("utf-8", "replace") for _, file in sorted(folder.items()))
