"""A trajectory as the text that the judge and the writers read, and that quotes are checked against.

    [step 1] terminal {"command": "python3 sum.py"}
    thought: add the column up
    exit code: 1
    output:
    Traceback ...

    [final answer]
    42

What is too long is cut in the middle and says by how much. A quote is evidence only when this very
text holds it, so stages render a trace once and check against what the model was shown.
"""

import re

from memento.types import Step, Trajectory

OUTPUT_CHARACTERS = 3_000
TRACE_CHARACTERS = 24_000

QUOTE_CHARACTERS = 8
"""Shorter quotes prove nothing: "a" stands in every trace. The whole answer may be shorter."""


def trace_text(trajectory: Trajectory, *, most: int = TRACE_CHARACTERS) -> str:
    """The trajectory in at most about `most` characters: all steps, or the first and the last of them."""
    steps = [_step(step) for step in trajectory.steps]
    ending = f"[final answer]\n{_cut(trajectory.answer or '(none)', OUTPUT_CHARACTERS)}"
    if trajectory.detail:
        ending += f"\n\n[stopped] {trajectory.stop.value}: {_cut(trajectory.detail, 300)}"
    return "\n\n".join([*_fitting(steps, most - len(ending)), ending])


def is_quoted(quote: str, trace: str, *, answer: str | None) -> bool:
    """Whether `quote` stands in `trace` word for word, line breaks and runs of spaces aside."""
    wanted = _plain(quote)
    if answer is not None and wanted and wanted == _plain(answer):
        return True
    return len(wanted) >= QUOTE_CHARACTERS and wanted in _plain(trace)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _step(step: Step) -> str:
    origin = " (from outside the task)" if step.tainted else ""
    lines = [f"[step {step.index}] {step.tool}{origin} {_cut(step.arguments, OUTPUT_CHARACTERS)}"]
    if step.thought.strip():
        lines.append(f"thought: {_cut(step.thought.strip(), OUTPUT_CHARACTERS)}")
    if step.exit_code is not None:
        lines.append(f"exit code: {step.exit_code}")
    return "\n".join([*lines, "output:", _cut(step.output.rstrip(), OUTPUT_CHARACTERS)])


def _fitting(steps: list[str], most: int) -> list[str]:
    """As many steps as fit, dropped from the middle: the start shows the plan, the end the failure."""
    if sum(map(len, steps)) <= most:
        return steps
    head: list[str] = []
    tail: list[str] = []
    room = most
    first, last = 0, len(steps) - 1
    while first <= last:
        from_end = len(tail) <= 2 * len(head)
        step = steps[last] if from_end else steps[first]
        if len(step) > room:
            break
        room -= len(step)
        if from_end:
            tail.insert(0, step)
            last -= 1
        else:
            head.append(step)
            first += 1
    return [*head, f"[{last - first + 1} steps are left out here]", *tail]


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters are left out here]\n{text[-half:]}"
