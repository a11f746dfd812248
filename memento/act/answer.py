"""The final answer, and when an agent is going round in circles.

An answer is a call of `final_answer`, or text without any tool call (models without a taste for
tools); reasoning between <think> tags is no answer.

Stuck means: the last calls are one block of one to three calls, three times over, each time with the
same arguments and the same output. The same test that fails again after an edit is not stuck.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from memento.act.clean import clean
from memento.protocols import ToolSpec
from memento.types import Step

FINAL = ToolSpec(
    name="final_answer",
    description="Give the final answer and stop. The bare answer, nothing else.",
    parameters={
        "type": "object",
        "properties": {"answer": {"type": "string", "description": "The answer"}},
        "required": ["answer"],
        "additionalProperties": False,
    },
)

THINKING = re.compile(r"<(think|thinking)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)

TIMES = 3
LONGEST_BLOCK = 3


def said(text: str) -> str:
    """A plain reply as an answer; "" when there is none in it."""
    return clean(THINKING.sub("", text)).strip()


def given(arguments: Mapping[str, Any]) -> str:
    """The answer in the arguments of `final_answer`, "" when there is none.

    A number or a list is taken as its text: the model meant the answer and missed the type.
    """
    answer = arguments.get("answer")
    return "" if answer is None else clean(str(answer)).strip()


def is_stuck(steps: Sequence[Step]) -> bool:
    """Whether the last steps repeat themselves."""
    marks = [(step.tool, step.arguments, step.output) for step in steps[-TIMES * LONGEST_BLOCK :]]
    for length in range(1, LONGEST_BLOCK + 1):
        tail = marks[-TIMES * length :]
        if len(tail) == TIMES * length and tail == tail[-length:] * TIMES:
            return True
    return False
