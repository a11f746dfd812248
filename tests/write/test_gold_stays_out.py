"""No gold answer reaches a prompt: it is in the judge's hand while every other role works."""

import json
from dataclasses import fields, replace

import pytest

from memento.changes import Lesson
from memento.reflect.attribution import LLMAttributor
from memento.reflect.judge import Judging
from memento.reflect.tips import LLMTipWriter
from memento.testing.scripted import ScriptedModel
from memento.types import Fault, Gold, Result, Scorer, Task, Verdict
from memento.write.charter import LLMCharterer
from memento.write.exam import LLMExamAuthor
from memento.write.overlooked import exam_author, rewriter
from memento.write.rewriter import LLMRewriter

PLANTED = "8675309.25"
FORMS = (PLANTED, "8,675,309.25", "8675309")

BLAME = json.dumps(
    {
        "fault": "tool",
        "skill": "sum-column",
        "explanation": "It cannot read separators.",
        "quotes": ["could not convert string"],
        "confidence": 0.9,
    }
)
CHARTER = json.dumps({"name": "read-money", "description": "Reads money.", "usage": "python3 x FILE"})
EXAM = json.dumps({"source": "def test_x(skill):\n    assert 'separator' in skill.body"})
REQUESTS = json.dumps({"requests": ["What do we owe?"], "near_misses": ["Draw the amounts."]})
DESCRIPTION = json.dumps({"idea": "Say sums.", "description": "Adds up columns. Use it for sums."})
REWRITE = json.dumps({"idea": "Strip.", "files": [{"path": "scripts/total.py", "content": "print(1)\n"}]})


class NoSkills:
    commit = None

    def names(self):
        return []

    def skill(self, name):
        return None

    def folder(self, name):
        return {}


@pytest.mark.parametrize("scorer", list(Scorer))
def test_no_request_of_any_role_holds_the_planted_answer(lesson, parent, scorer):
    gold = Gold(answer=PLANTED, scorer=scorer)
    replies = [BLAME, '{"tip": "Look at the number format first."}', CHARTER, EXAM, REWRITE]
    replies += [REQUESTS, DESCRIPTION]
    with ScriptedModel(replies) as model:
        judge = Judging(model=model, run=lambda *_: Result.FAILED)
        verdict = judge(lesson.task, lesson.trajectory, gold)
        blame = LLMAttributor(model=model)(
            lesson.task, parent.contract, lesson.trajectory, verdict, NoSkills()
        )
        lesson = replace(lesson, verdict=verdict, blame=blame)
        tip = LLMTipWriter(model=model)(lesson)
        charter = LLMCharterer(model=model)(lesson, NoSkills())
        exam = LLMExamAuthor(model=model)(lesson, parent)
        rewrite = LLMRewriter(model=model)(lesson, parent, discover=False)
        overlooked = replace(lesson, blame=replace(blame, fault=Fault.ROUTING))
        requests = exam_author(model)(overlooked, parent)
        description = rewriter(model, most_hunks=4)(overlooked, parent, discover=False)
    assert (verdict.result, blame.fault) == (Result.FAILED, Fault.TOOL)
    assert None not in (tip, charter, exam, rewrite, requests, description)
    roles = ["attribute", "tip", "charter", "exam", "rewrite", "requests", "describe"]
    assert [r.purpose for r in model.requests] == roles
    for request in model.requests:
        said = "\n".join(message.content for message in request.messages) + json.dumps(request.schema)
        assert [form for form in FORMS if form in said] == []


def test_no_value_that_the_writing_roles_are_given_can_hold_a_gold_answer():
    held = {str(field.type) for kind in (Lesson, Task, Verdict) for field in fields(kind)}
    assert not any("Gold" in name or "Exercise" in name for name in held)
