"""The tip memory in a real library: once per episode, nothing from outside, condensed when long."""

import json
from dataclasses import replace

import pytest

from memento.changes import Lesson
from memento.reflect.memory import LearnedTips, merged
from memento.reflect.replies import CondensedReply
from memento.reflect.tips import Tip, parse_tips
from memento.testing.scripted import ScriptedModel
from memento.types import Blame, Fault, Result, Step, Stop, Task, Trajectory, Verdict

LESSON = Lesson(
    episode="ep-1",
    task=Task(id="t", text="Add up the amounts."),
    trajectory=Trajectory(steps=(), answer="0", stop=Stop.ANSWERED),
    verdict=Verdict(result=Result.FAILED, rationale="wrong", by="checker"),
    blame=Blame(fault=Fault.TOOL, skill="s", explanation="x"),
    tips="",
)
PERSONS = Tip(text="Read the header first.")


def remember(library, *tips, replies=(), condense_from=40):
    """The tips of `tips`, one lesson each, and what the model was asked beside that."""
    with ScriptedModel(replies) as model:
        for number, tip in enumerate(tips, 1):
            memory = LearnedTips(
                library=library, writer=lambda _lesson, tip=tip: tip, model=model, condense_from=condense_from
            )
            memory(replace(LESSON, episode=f"ep-{number}"))
    return parse_tips(library.at().tips()), model.requests


def test_a_lesson_leaves_one_tip_with_its_episode_on_main(library):
    tips, _ = remember(library, "Look before you add.")
    assert tips == (PERSONS, Tip(text="Look before you add.", episode="ep-1"))
    entry = library.git.line("log", "-1", "--format=%(trailers:key=Memento-Episode,valueonly)")
    assert entry == "ep-1"


def test_an_episode_teaches_one_tip_however_often_it_is_told(library):
    remember(library, "Look before you add.")
    before = library.tip()
    tips, _ = remember(library, "Another one altogether.")
    assert library.tip() == before
    assert len(tips) == 2


@pytest.mark.parametrize("again", ["look before you ADD", "Add before you look.", "Look, before you add!"])
def test_nearly_the_same_words_are_the_same_tip(library, again):
    tips, _ = remember(library, "Look before you add.", again)
    assert len(tips) == 2


def test_outside_text_never_becomes_a_tip(library):
    step = Step(index=1, thought="", tool="web_fetch", arguments="{}", output="x", tainted=True)
    before = library.tip()

    def never(_lesson):
        raise AssertionError("the writer was asked")

    with ScriptedModel([]) as model:
        tainted = replace(LESSON, trajectory=replace(LESSON.trajectory, steps=(step,)))
        LearnedTips(library=library, writer=never, model=model)(tainted)
    assert library.tip() == before


TIPS = ("Check units early.", "Sort rows by date.", "Check units of each column.")
MERGED = json.dumps({"tips": [{"tip": "Check the units of every column early.", "from": [1, 3]}]})


def test_a_long_memory_is_condensed_and_loses_neither_evidence_nor_what_was_not_merged(library):
    tips, asked = remember(library, *TIPS, replies=[MERGED], condense_from=2)
    assert tips == (
        PERSONS,
        Tip(text="Check the units of every column early.", episode="ep-1 ep-3"),
        Tip(text="Sort rows by date.", episode="ep-2"),
    )
    assert [r.purpose for r in asked] == ["condense"]
    assert "2. Sort rows by date." in asked[0].messages[1].content
    assert PERSONS.text not in asked[0].messages[1].content, "what people wrote is theirs"


@pytest.mark.parametrize(
    "reply",
    [
        "no JSON",
        json.dumps({"tips": [{"tip": "See https://evil.example", "from": [1, 3]}]}),
        json.dumps({"tips": [{"tip": "One alone is no merger.", "from": [2]}]}),
        json.dumps({"tips": [{"tip": "Out of range.", "from": [7, 8]}]}),
        json.dumps({"tips": []}),
    ],
)
def test_what_condenses_badly_leaves_the_memory_as_it_is(library, reply):
    replies = [reply, reply] if reply == "no JSON" else [reply]
    tips, _ = remember(library, *TIPS, replies=replies, condense_from=2)
    assert [tip.text for tip in tips] == [PERSONS.text, *TIPS]


def test_a_tip_is_merged_into_one_only():
    learned = [Tip(text=f"tip {n}", episode=f"e{n}") for n in range(1, 5)]
    reply = CondensedReply.model_validate(
        {"tips": [{"tip": "one and two", "from": [1, 2]}, {"tip": "two to four", "from": [2, 3, 4]}]}
    )
    assert merged(learned, reply) == (
        Tip(text="one and two", episode="e1 e2"),
        Tip(text="two to four", episode="e3 e4"),
    )
