"""The first opinion on a failure, by rule, and how it is weighed against the model's."""

import pytest

from memento.reflect.opinion import Opinion, first_opinion, weighed
from memento.types import Blame, Fault, Skill, Step, Stop, Task, Trajectory

TASK = Task(id="t", text="Add up the Amount column of ledger.csv?")
SKILL = Skill(
    name="ledger-totals",
    description="Adds up a column of amounts.",
    body="`python3 /skill/scripts/clean.py FILE` makes clean.csv; "
    "then `python3 /skill/scripts/total.py clean.csv`.",
)
TOTAL = '{"command": "python3 /skill/scripts/total.py clean.csv"}'


def step(output, *, index=1, exit_code=1, arguments=TOTAL):
    return Step(
        index=index, thought="", tool="terminal", arguments=arguments, output=output, exit_code=exit_code
    )


def fault(*steps, answer="0", stop=Stop.ANSWERED, skill=SKILL, task=TASK):
    opinion = first_opinion(task, skill, Trajectory(steps=steps, answer=answer, stop=stop))
    return opinion and (opinion.fault, opinion.step)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("cp: error writing 'x': No space left on device", (Fault.ENVIRONMENT, 1)),
        ("curl: (28) Connection timed out", (Fault.ENVIRONMENT, 1)),
        ("head: cannot open 'ledger.csv' for reading: No such file or directory", (Fault.ENVIRONMENT, 1)),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'ledger.csv'", (Fault.ENVIRONMENT, 1)),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'clean.csv'", (Fault.PLANNING, 1)),
        ("python3: can't open file '/skill/scripts/totl.py': [Errno 2] No such file", (Fault.TOOL, 1)),
        ('  File "/skill/scripts/total.py", line 3\nValueError: 1,5', (Fault.TOOL, 1)),
        ("ModuleNotFoundError: No module named 'pandas'", (Fault.TOOL, 1)),
    ],
)
def test_a_command_that_failed_says_whose_fault_it_is(output, expected):
    assert fault(step(output)) == expected


def test_words_of_an_outage_in_a_command_that_went_well_are_data():
    assert fault(step("ERROR web Connection timed out\n0", exit_code=0)) is None


def test_without_a_skill_none_was_found():
    assert fault(step("0", exit_code=0), skill=None) == (Fault.ROUTING, None)


def test_a_skill_that_shares_no_word_with_the_task_is_the_wrong_one():
    other = Skill(name="date-spans", description="Days between dates.", body="Run /skill/scripts/span.py.")
    assert fault(step("KeyError: 'x'"), skill=other) == (Fault.ROUTING, None)


def test_round_in_circles_is_a_plan_that_does_not_end():
    assert fault(step("0", exit_code=0), answer=None, stop=Stop.STUCK) == (Fault.PLANNING, 1)


def test_who_ran_none_of_the_skills_commands_did_not_follow_it():
    assert fault(step("0", exit_code=0, arguments='{"command": "awk 1 ledger.csv"}')) == (Fault.MODEL, None)


def test_an_answer_that_stands_in_no_output_was_misread():
    assert fault(step("1250.00", exit_code=0), answer="1350.00") == (Fault.MODEL, 1)


def test_a_sound_trace_with_a_wrong_answer_says_nothing():
    assert fault(step("1250.00", exit_code=0), answer="1250.00") is None


def blame(fault, confidence, skill=None):
    return Blame(fault=fault, skill=skill, explanation="it says", confidence=confidence, quotes=("q",))


def opinion(fault, confidence):
    return Opinion(fault=fault, why="it shows", confidence=confidence, step=2, quote="there")


def weigh(model, rule):
    found = weighed(model, rule, threshold=0.5)
    return found.fault, round(found.confidence, 3)


def test_two_that_agree_are_surer_than_either():
    assert weigh(blame(Fault.TOOL, 0.6), opinion(Fault.TOOL, 0.7)) == (Fault.TOOL, 0.88)


def test_of_two_that_differ_the_odds_decide():
    assert weigh(blame(Fault.TOOL, 0.9), opinion(Fault.ENVIRONMENT, 0.7)) == (Fault.TOOL, 0.794)
    assert weigh(blame(Fault.TOOL, 0.6), opinion(Fault.ENVIRONMENT, 0.85)) == (Fault.ENVIRONMENT, 0.791)


def test_a_rule_alone_never_blames_a_skill():
    found = weighed(blame(Fault.MODEL, 0.6), opinion(Fault.TOOL, 0.9), threshold=0.5)
    assert (found.fault, found.teaches) == (None, False)
    assert weighed(blame(None, 0.0), opinion(Fault.TOOL, 0.9), threshold=0.5).fault is None


def test_where_the_model_abstains_a_rule_may_name_what_changes_nothing():
    assert weigh(blame(None, 0.0), opinion(Fault.ENVIRONMENT, 0.85)) == (Fault.ENVIRONMENT, 1.0)


def test_nobody_is_certain():
    assert weigh(blame(Fault.TOOL, 1.0), opinion(Fault.TOOL, 0.9)) == (Fault.TOOL, 0.95)
    assert weigh(blame(Fault.TOOL, 1.0), opinion(Fault.ENVIRONMENT, 0.85))[1] < 1.0
