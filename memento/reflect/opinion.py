"""The first opinion on a failed attempt, from its trace alone: no model, the same every time.

The rules, in order; the first that holds speaks:

    environment   a command failed and says that the machine or a service did; a file of the task is gone
    routing       no skill was used; or the skill's description has nothing in common with the task
    tool          a script that the skill names is not there, or broke
    planning      a file that an earlier step of the skill was to make is not there; round in circles
    model         the skill's commands were never run; the answer is in no output
    none          the trace is sound, and the answer is wrong all the same

An opinion is weighed against the model's by their odds, as two independent witnesses:

    they agree     1 - (1-a)(1-b)
    they do not    m(1-o) : o(1-m); the model's stands when its share reaches the threshold. The opinion
                   takes its place only where it changes nothing in the library; else nobody is blamed
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from memento.reflect.evidence import ENVIRONMENT, abstain
from memento.skill.duplicates import content_words
from memento.types import Blame, Fault, Skill, Step, Stop, Task, Trajectory

_SCRIPT = re.compile(r"/skill/(scripts/[\w./-]+)")
_ABSENT = re.compile(
    r"(?:No such file or directory:? ?|cannot open |can't open file |not found: )"
    r"['\"‘]?(?P<path>[^'\"’\n:]+)|"  # noqa: RUF001 curly quotes are meant
    r"(?:^|: )(?P<early>[\w./-]+): No such file or directory",
    re.MULTILINE,
)
_BROKE = re.compile(r"File \"[^\"]*/skill/|^\w*(?:Error|Exception)\b", re.MULTILINE)
SUREST = 0.95
"""Nobody is surer than this: certainty would silence the other witness for good."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """A fault, why, how sure (in [0, 1]), and the first step that shows it."""

    fault: Fault
    why: str
    confidence: float
    step: int | None = None
    quote: str = ""

    @property
    def fact(self) -> str:
        """What the model is told of it."""
        where = f" at step {self.step}" if self.step is not None else ""
        return f"first opinion, by rule: {self.fault}{where}: {self.why}"


def first_opinion(task: Task, skill: Skill | None, trajectory: Trajectory) -> Opinion | None:
    """What the rules say; None when none of them holds."""
    return next(_opinions(task, skill, trajectory), None)


def weighed(blame: Blame, opinion: Opinion | None, *, threshold: float) -> Blame:
    """The model's blame beside the first opinion. An abstention stays one, unless nothing changes by it."""
    if opinion is None:
        return blame
    if blame.fault is opinion.fault:
        both = 1 - (1 - blame.confidence) * (1 - opinion.confidence)
        return replace(blame, confidence=min(both, SUREST))
    model = 0.0 if blame.fault is None else min(blame.confidence, SUREST)
    for_model, for_rule = model * (1 - opinion.confidence), opinion.confidence * (1 - model)
    share = for_model / (for_model + for_rule)
    if share >= threshold:
        return replace(blame, confidence=share)
    instead = _blame_of(opinion, 1 - share)
    if not instead.teaches and instead.confidence >= threshold:
        return instead
    if blame.fault is None:
        return blame
    return abstain(f"the model says {blame.fault}, the trace says {opinion.fault}: {blame.explanation}")


def _blame_of(opinion: Opinion, confidence: float) -> Blame:
    return Blame(
        fault=opinion.fault,
        skill=None,
        explanation=opinion.why,
        first_wrong_step=opinion.step,
        quotes=(opinion.quote,) if opinion.quote else (),
        confidence=confidence,
    )


def _opinions(task: Task, skill: Skill | None, trajectory: Trajectory) -> Iterator[Opinion]:
    failed = [step for step in trajectory.steps if step.exit_code]
    yield from _environment(task, failed)
    if skill is None:
        yield Opinion(fault=Fault.ROUTING, why="no skill was used", confidence=0.6)
        return
    if not content_words(task.text) & content_words(f"{skill.name.replace('-', ' ')} {skill.description}"):
        why = "the skill's description shares no word with the task"
        yield Opinion(fault=Fault.ROUTING, why=why, confidence=0.8)
    yield from _of_the_skill(skill, trajectory, failed)
    yield from _of_the_model(skill, trajectory)


def _environment(task: Task, failed: list[Step]) -> Iterator[Opinion]:
    named = {*task.files, *(word.strip(".,;:!?()'\"`") for word in task.text.split())}
    for step in failed:
        if found := ENVIRONMENT.search(step.output):
            why = f"a command failed and says {found.group()!r}"
            yield _at(step, Fault.ENVIRONMENT, why, 0.85, found.group())
        for path in _absent(step.output):
            if path in named:
                yield _at(step, Fault.ENVIRONMENT, f"the task's file {path!r} is not there", 0.75, path)


def _of_the_skill(skill: Skill, trajectory: Trajectory, failed: list[Step]) -> Iterator[Opinion]:
    for step in failed:
        if not _SCRIPT.search(step.arguments):
            continue
        for path in _absent(step.output):
            if _SCRIPT.search(path):
                yield _at(step, Fault.TOOL, f"the skill names {path!r}, which is not there", 0.9, path)
            elif path in skill.body:
                why = f"no step has made {path!r}, which the skill goes on with"
                yield _at(step, Fault.PLANNING, why, 0.8, path)
        if broke := _BROKE.search(step.output):
            yield _at(step, Fault.TOOL, "a script of the skill broke", 0.7, broke.group())
    if trajectory.stop is Stop.STUCK:
        why = "the agent went round in circles"
        yield Opinion(fault=Fault.PLANNING, why=why, confidence=0.65, step=_last(trajectory))


def _of_the_model(skill: Skill, trajectory: Trajectory) -> Iterator[Opinion]:
    named = set(_SCRIPT.findall(skill.body))
    run = {script for step in trajectory.steps for script in _SCRIPT.findall(step.arguments)}
    if named and not named & run:
        yield Opinion(fault=Fault.MODEL, why="no command of the skill was run", confidence=0.8)
    answer, outputs = (trajectory.answer or "").strip(), [step.output for step in trajectory.steps]
    if answer and outputs and len(answer) < 80 and not any(answer in output for output in outputs):
        why = "the answer stands in no output"
        yield Opinion(fault=Fault.MODEL, why=why, confidence=0.8, step=_last(trajectory))


def _absent(output: str) -> Iterator[str]:
    for match in _ABSENT.finditer(output):
        yield (match["path"] or match["early"]).strip()


def _at(step: Step, fault: Fault, why: str, confidence: float, quote: str) -> Opinion:
    line = next((line for line in step.output.splitlines() if quote in line), quote)
    return Opinion(fault=fault, why=why, confidence=confidence, step=step.index, quote=line.strip()[:200])


def _last(trajectory: Trajectory) -> int | None:
    return trajectory.steps[-1].index if trajectory.steps else None
