"""HLE: the judge over a real connection, what is unscored, and the calibration error."""

import json
import time

import pytest

from memento.evals.datasets.items import ByHle, Item
from memento.evals.scoring.hle import Graded, calibration_error, grade
from memento.evals.scoring.judge import DatasetJudge
from memento.llm.client import OpenAIModel
from memento.protocols import Judge
from memento.testing.loopback import LoopbackServer
from memento.types import Exercise, Gold, Result, Stop, Task, Trajectory, Verdict


def said(correct="yes", confidence=80):
    return json.dumps(
        {
            "extracted_final_answer": "4",
            "reasoning": "They are the same number.",
            "correct": correct,
            "confidence": confidence,
        }
    )


def model(server):
    return OpenAIModel(model="loopback", base_url=server.base_url, clock=time.monotonic, sleep=time.sleep)


def no_rubric(task, trajectory, gold) -> Verdict:
    raise AssertionError("a rubric has no business here")


USUAL: Judge = no_rubric
ITEM = Item(
    exercise=Exercise(task=Task(id="h1", text="What is 2 + 2?"), gold=Gold(answer="4")), scored=ByHle()
)


def judged(server, answer="Answer: 4\nConfidence: 80%", stop=Stop.ANSWERED):
    judge = DatasetJudge(items={"h1": ITEM}, usual=USUAL, grader=model(server))
    trajectory = Trajectory(steps=(), answer=answer, stop=stop)
    return judge, judge(ITEM.exercise.task, trajectory, ITEM.exercise.gold)


def test_the_judge_sees_question_response_and_answer_and_fills_its_fields():
    with LoopbackServer([said()]) as server:
        assert grade(model(server), "What is 2 + 2?", "Answer: 4", "4") == Graded(
            correct=True, confidence=0.8, extracted="4"
        )
        user = server.requests[0].body["messages"][1]["content"]
    assert user == (
        "<question>\nWhat is 2 + 2?\n</question>\n\n<right_answer>\n4\n</right_answer>\n\n"
        "<response>\nAnswer: 4\n</response>"
    )


@pytest.mark.parametrize(("word", "result"), [("yes", Result.PASSED), ("no", Result.FAILED)])
def test_the_judges_word_is_the_verdict_and_its_confidence_is_kept(word, result):
    with LoopbackServer([said(word, 35)]) as server:
        judge, verdict = judged(server)
    assert (verdict.result, verdict.by, judge.confidences) == (result, "hle", {"h1": 0.35})


@pytest.mark.parametrize(
    "replies",
    [["I think so.", "Yes!"], [said("maybe"), said("perhaps")], [said(confidence=300), "{}"]],
    ids=["prose", "a grade that is not offered", "a confidence beyond 100"],
)
def test_a_judge_that_cannot_be_read_leaves_the_answer_unscored_never_wrong(replies):
    with LoopbackServer(replies) as server:
        judge, verdict = judged(server)
    assert (verdict.result, verdict.score, judge.confidences) == (Result.UNJUDGED, None, {})


def test_the_reason_of_a_verdict_quotes_neither_answer_nor_gold():
    with LoopbackServer([said("no")]) as server:
        verdict = judged(server, answer="Answer: 5")[1]
    assert verdict.rationale == "The answer is wrong by the rules of the set."


def test_no_answer_is_failed_and_no_judge_is_asked():
    with LoopbackServer([]) as server:
        assert judged(server, answer=None, stop=Stop.BUDGET)[1].result is Result.FAILED
        assert judged(server, answer=None, stop=Stop.MODEL_ERROR)[1].result is Result.UNJUDGED


def test_calibration_error_is_the_root_mean_square_gap_over_bins_of_a_hundred():
    sure = [0.9] * 100 + [0.6] * 100
    right = [True] * 70 + [False] * 30 + [True] * 60 + [False] * 40
    assert calibration_error(sure, right) == pytest.approx(((0.2**2 + 0) / 2) ** 0.5)


def test_the_last_bin_takes_the_rest_and_every_answer_counts():
    # 100 answers at 0.1, none right; 150 at 1.0, all right but the last 50 of them: one bin of 150.
    sure = [0.1] * 100 + [1.0] * 150
    right = [False] * 100 + [True] * 100 + [False] * 50
    expected = ((100 * 0.1**2 + 150 * (1 / 3) ** 2) / 250) ** 0.5
    assert calibration_error(sure, right) == pytest.approx(expected)


def test_few_answers_are_one_bin_and_none_have_no_error():
    assert calibration_error([0.5, 1.0], [True, False]) == pytest.approx(0.25)
    assert calibration_error([], []) is None
