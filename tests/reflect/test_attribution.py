"""Attribution: what is settled without a model, what the model may say, and when it abstains."""

import json

import pytest

from memento.reflect.attribution import LLMAttributor
from memento.reflect.evidence import signals
from memento.skill import new
from memento.testing.scripted import ScriptedModel
from memento.testing.snapshots import MemorySnapshot
from memento.types import (
    Blame,
    Fault,
    File,
    Result,
    Skill,
    Step,
    Stop,
    Task,
    Trajectory,
    Verdict,
)

TASK = Task(id="t1", text="Add up the Amount column of ledger.csv.")
SKILL = Skill(name="sum-column", description="Adds up a column.", body="Run scripts/total.py.")
STEP = Step(
    index=1,
    thought="",
    tool="terminal",
    arguments='{"command": "python3 /skill/scripts/total.py"}',
    output="Traceback (most recent call last):\nValueError: could not convert string to float: '1,5'",
    exit_code=1,
)
WRONG = Trajectory(steps=(STEP,), answer="0", stop=Stop.ANSWERED)
FAILED = Verdict(result=Result.FAILED, rationale="The answer is wrong.", by="checker", score=0.0)
LISTED = "<library>\nsum-column: Adds up a column.\nread-ledgers: Reads ledgers.\n</library>"
QUOTE = "ValueError: could not convert string to float"


def opinion(**changes):
    return json.dumps(
        {
            "fault": "tool",
            "skill": "sum-column",
            "first_wrong_step": 1,
            "explanation": "It cannot read\nthousands separators.",
            "quotes": [QUOTE],
            "confidence": 0.9,
        }
        | changes
    )


def described(name, description):
    return {"SKILL.md": File(data=new(name=name, description=description, body="Do it."))}


LIBRARY = MemorySnapshot(
    skills={
        "sum-column": described("sum-column", "Adds up a column."),
        "read-ledgers": described("read-ledgers", "Reads ledgers."),
    }
)


def blamed(*replies, skill=SKILL, trajectory=WRONG, verdict=FAILED):
    with ScriptedModel(replies) as model:
        return LLMAttributor(model=model)(TASK, skill, trajectory, verdict, LIBRARY)


def test_a_failure_is_laid_to_the_skill_that_was_used_with_its_evidence():
    assert blamed(opinion()) == Blame(
        fault=Fault.TOOL,
        skill="sum-column",
        explanation="It cannot read thousands separators.",
        first_wrong_step=1,
        quotes=(QUOTE,),
        confidence=0.95,
    )


@pytest.mark.parametrize(
    ("stop", "fault"),
    [
        (Stop.BUDGET, Fault.ENVIRONMENT),
        (Stop.MODEL_ERROR, Fault.MODEL),
        (Stop.SANDBOX_ERROR, Fault.ENVIRONMENT),
    ],
)
def test_an_accident_is_settled_without_a_model_and_teaches_nothing(stop, fault):
    blame = blamed(trajectory=Trajectory(steps=(STEP,), answer=None, stop=stop))
    assert (blame.fault, blame.skill, blame.teaches) == (fault, None, False)


@pytest.mark.parametrize("result", [Result.PASSED, Result.UNJUDGED])
def test_what_did_not_fail_is_nobodys_fault(result):
    blame = blamed(verdict=Verdict(result=result, rationale="", by="rubric"))
    assert (blame.fault, blame.teaches) == (None, False)


@pytest.mark.parametrize("fault", ["tool", "planning", "reasoning", "routing"])
def test_a_controllable_failure_without_a_skill_is_a_miss_of_the_library(fault):
    blame = blamed(opinion(fault=fault, skill=None), skill=None)
    assert (blame.fault, blame.skill) == (Fault.ROUTING, None)


@pytest.mark.parametrize(
    ("named", "skill"),
    [("read-ledgers", "read-ledgers"), ("sum-column", None), ("no-such-skill", None), (None, None)],
    ids=["one that was there", "the one that was used", "an invented one", "none"],
)
def test_a_wrong_route_blames_a_skill_only_for_having_been_overlooked(named, skill):
    blame = blamed(opinion(fault="routing", skill=named))
    assert (blame.fault, blame.skill, blame.teaches) == (Fault.ROUTING, skill, True)


def test_a_task_that_no_skill_was_used_for_may_have_gone_past_one():
    assert blamed(opinion(fault="routing", skill="sum-column"), skill=None).skill == "sum-column"
    assert blamed(opinion(fault="tool", skill="sum-column"), skill=None).skill == "sum-column"


@pytest.mark.parametrize("fault", ["environment", "model", "judge"])
@pytest.mark.parametrize("skill", [SKILL, None])
def test_what_no_skill_controls_teaches_nothing(fault, skill):
    blame = blamed(opinion(fault=fault), skill=skill)
    assert (blame.fault, blame.skill, blame.teaches) == (Fault(fault), None, False)


@pytest.mark.parametrize(
    "reply",
    [
        opinion(confidence=0.49),
        opinion(fault=None),
        opinion(skill="another-skill"),
        opinion(skill=None),
        opinion(quotes=[]),
        opinion(quotes=["KeyError: nobody ever saw this"]),
        opinion(quotes=["e"]),
    ],
    ids=["unsure", "cannot tell", "unused skill", "no skill", "no quote", "invented quote", "trivial quote"],
)
def test_it_abstains_rather_than_blame_without_grounds(reply):
    blame = blamed(reply)
    assert (blame.fault, blame.skill, blame.teaches) == (None, None, False)


@pytest.mark.parametrize(
    "reply", ["the skill is bad", opinion(fault="karma"), opinion(confidence=7), '{"fault": "tool"}']
)
def test_it_abstains_when_the_reply_stays_unusable(reply):
    assert blamed(reply, reply) == Blame(
        fault=None, skill=None, explanation="the attributor's reply could not be read"
    )


def test_the_threshold_itself_is_sure_enough():
    assert blamed(opinion(confidence=0.5)).fault is Fault.TOOL


def test_a_step_that_does_not_exist_is_not_named():
    assert blamed(opinion(first_wrong_step=12)).first_wrong_step is None


def test_an_invented_quote_beside_a_genuine_one_is_dropped():
    assert blamed(opinion(quotes=["KeyError: nobody ever saw this", QUOTE])).quotes == (QUOTE,)


def test_the_facts_of_a_trace_are_told_in_order():
    again = Step(index=2, thought="", tool="terminal", arguments=STEP.arguments, output="ok", exit_code=0)
    odd = Step(index=3, thought="", tool="web_fetch", arguments="{oops", output="Connection refused")
    trajectory = Trajectory(steps=(STEP, again, odd), answer=None, stop=Stop.STUCK)
    assert signals(trajectory, None) == (
        "step 1 (terminal): exit code 1; ValueError: could not convert string to float: '1,5'",
        "step 3 (web_fetch): its output says 'Connection refused'; its arguments are not a JSON object",
        "terminal was called 2 times with the same arguments",
        "the agent went round in circles and was stopped",
        "no skill was used",
    )


def test_an_answer_out_of_thin_air_is_a_fact():
    assert signals(Trajectory(steps=(), answer="7", stop=Stop.ANSWERED), SKILL) == ("no tool was called",)


def test_the_model_is_shown_the_skill_the_trace_and_the_facts_between_tags():
    with ScriptedModel([opinion()]) as model:
        LLMAttributor(model=model)(TASK, SKILL, WRONG, FAILED, LIBRARY)
    (request,) = model.requests
    system, user = request.messages
    assert request.purpose == "attribute"
    assert [system.role, user.role] == ["system", "user"]
    for piece in (
        '<skill name="sum-column">',
        "<task>",
        "<trace>",
        "<verdict>",
        "<facts>",
        "exit code 1",
        LISTED,
    ):
        assert piece in user.content
    assert TASK.text not in system.content
