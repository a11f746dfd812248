"""The charter of a new skill, and the reasons to write none."""

import json
from dataclasses import dataclass, field

import pytest

from memento.skill.nearby import nearest
from memento.testing.scripted import ScriptedModel
from memento.types import File, Skill
from memento.write.charter import LLMCharterer


@dataclass(frozen=True)
class Library:
    """A snapshot of skills that are only described."""

    skills: tuple[Skill, ...] = ()
    broken: tuple[str, ...] = ()
    commit: str | None = field(default=None)

    def names(self):
        return sorted(skill.name for skill in self.skills)

    def skill(self, name):
        return next((skill for skill in self.skills if skill.name == name), None)

    def folder(self, name):
        return {"SKILL.md": File(data=b"")} if name in (*self.names(), *self.broken) else {}

    def test(self, name):
        return None

    def tips(self):
        return ""


SUM = Skill(name="sum-column", description="Adds up a column of a CSV file with separators.", body="x")
LIBRARY = Library(skills=(SUM,), broken=("half-made",))


def reply(**changes):
    return json.dumps(
        {
            "one_off": False,
            "existing": None,
            "name": "parse-dates",
            "description": "Reads dates  in many\nforms.",
            "usage": "python3 /skill/scripts/dates.py FILE prints one ISO date per line.\n",
        }
        | changes
    )


def chartered(lesson, *replies, library=LIBRARY):
    with ScriptedModel(replies) as model:
        return LLMCharterer(model=model)(lesson, library)


def test_a_charter_says_what_the_skill_is_for_and_how_it_will_be_used(lesson):
    assert chartered(lesson, reply()) == Skill(
        name="parse-dates",
        description="Reads dates in many forms.",
        body="python3 /skill/scripts/dates.py FILE prints one ISO date per line.",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"one_off": True},
        {"existing": "sum-column"},
        {"existing": "a-skill-that-is-not-there"},
        {"name": "sum-column"},
        {"name": "sum-column-2"},
        {"name": "sum-column-v2-enhanced"},
        {"name": "half-made"},
        {"description": "Adds up a column of a CSV file with thousands separators."},
    ],
)
def test_no_skill_is_made_that_is_not_needed_or_there_already(lesson, changes):
    assert chartered(lesson, reply(**changes)) is None


@pytest.mark.parametrize("name", ["", "Parse-Dates", "a_b", "../x", "a--b", "-a", "x" * 65, "a/b", "a\n"])
def test_a_name_that_is_no_slug_may_be_mended_once(lesson, name):
    bad = reply(name=name)
    assert chartered(lesson, bad, bad) is None
    assert chartered(lesson, bad, reply()).name == "parse-dates"


@pytest.mark.parametrize("changes", [{"description": " "}, {"usage": ""}, {"description": "x" * 1025}])
def test_a_charter_needs_a_description_and_a_usage(lesson, changes):
    bad = reply(**changes)
    assert chartered(lesson, bad, bad) is None


def test_the_model_is_shown_the_nearest_skills(lesson):
    others = tuple(Skill(name=f"other-{n:02}", description="Sings songs.", body="x") for n in range(60))
    library = Library(skills=(*others, SUM))
    with ScriptedModel([reply()]) as model:
        LLMCharterer(model=model)(lesson, library)
    user = model.requests[0].messages[1].content
    assert model.requests[0].purpose == "charter"
    assert f"<library>\nsum-column: {SUM.description}\nother-00: Sings songs." in user
    assert len(nearest(lesson.task.text, library)) == 40


def test_an_empty_library_needs_its_first_skill(lesson):
    assert chartered(lesson, reply(), library=Library()).name == "parse-dates"
