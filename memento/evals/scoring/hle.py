"""Humanity's Last Exam: a model compares the response with the answer (arXiv 2501.14249, appendix C.1.1).

The judge fills the fields that the paper's own judge fills: the extracted final answer, the
reasoning, correct (yes or no), and the response's confidence from 0 to 100; the words of the prompt
are ours (prompts/hle_judge.md.j2). A reply that cannot be read, also after one repair, leaves the
answer unscored, never wrong.

Calibration: the root mean square error between stated confidence and accuracy over bins of 100
answers in order of confidence (Hendrycks et al. 2019, arXiv 1812.04606, section 4.2), the last bin
taking the rest. The paper's public script does not count its last bin; here every answer counts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.protocols import Model, Request

BIN = 100


class HleReply(BaseModel):
    """What the judge fills in."""

    extracted_final_answer: str
    reasoning: str
    correct: Literal["yes", "no"]
    confidence: float = Field(ge=0, le=100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Graded:
    """The judge's word on one response. `confidence` is in [0, 1]."""

    correct: bool
    confidence: float
    extracted: str


def grade(model: Model, question: str, response: str, answer: str) -> Graded | None:
    """The judge's word; None when it cannot be read. Raises ModelError."""
    messages = chat("hle_judge", task=question, response=response, answer=answer)
    reply = ask(model, Request(purpose="hle_judge", messages=messages), HleReply)
    if reply is None:
        return None
    return Graded(
        correct=reply.correct == "yes",
        confidence=reply.confidence / 100,
        extracted=reply.extracted_final_answer,
    )


def calibration_error(confidences: Sequence[float], correct: Sequence[bool]) -> float | None:
    """RMS calibration error in [0, 1] of confidences in [0, 1]; None when there is no answer."""
    if not confidences:
        return None
    pairs = sorted(zip(confidences, correct, strict=True), key=lambda pair: pair[0])
    bins = [pairs[start : start + BIN] for start in range(0, len(pairs), BIN)]
    if len(bins) > 1 and len(bins[-1]) < BIN:
        rest = bins.pop()
        bins[-1] += rest
    total = sum(len(bin_) * _gap(bin_) ** 2 for bin_ in bins)
    return math.sqrt(total / len(pairs))


def _gap(bin_: Sequence[tuple[float, bool]]) -> float:
    """How far the mean confidence of a bin is from its accuracy."""
    return abs(sum(c for c, _ in bin_) - sum(ok for _, ok in bin_)) / len(bin_)
