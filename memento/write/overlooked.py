"""A skill that was there and was not found: its description is mended, and nothing else of it.

    exam      requests of such a kind reach the skill, the one that went elsewhere first, and near misses
              do not. One test, for they belong together: a description that draws everything is no cure
    rewrite   a new description; body, scripts and all other fields stay byte for byte

Two roles, as apart as those of any change: who describes never sees the requests of the exam. What is
special to the task may not be new in the description, nor may the task's own wording: who pastes the
request in is found by that request only.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memento.changes import Exam, Lesson, Rewrite
from memento.errors import SkillError
from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.protocols import ExamAuthor, Model, Parent, Request, Rewriter
from memento.skill import edit
from memento.skill.specifics import repeated_from
from memento.types import ChangeKind, Fault, File
from memento.write.bounds import objection
from memento.write.exam import LLMExamAuthor, exam_of
from memento.write.material import contract_text
from memento.write.region import query
from memento.write.rewriter import DOCUMENT, MOST_REJECTED, LLMRewriter, fresh_idea, held_to

if TYPE_CHECKING:
    from memento.write.replies import DescriptionReply

TEST = "test_requests_reach_it"
MOST_REQUESTS = 4
"""Of either kind, the task itself among those that must reach it."""


def exam_author(model: Model) -> ExamAuthor:
    """The author of an exam on what is to blame: the skill's description, or the skill."""
    finding, solving = LLMRequestsAuthor(model=model), LLMExamAuthor(model=model)

    def author(lesson: Lesson, parent: Parent) -> Exam | None:
        return (finding if is_overlooked(lesson, parent) else solving)(lesson, parent)

    return author


def rewriter(model: Model, *, most_hunks: int) -> Rewriter:
    """The rewriter of what is to blame: the skill's description, or the skill."""
    describing, rewriting = LLMDescriber(model=model), LLMRewriter(model=model, most_hunks=most_hunks)

    def rewrite(lesson: Lesson, parent: Parent, *, discover: bool) -> Rewrite | None:
        if is_overlooked(lesson, parent):
            return describing(lesson, parent)
        return rewriting(lesson, parent, discover=discover)

    return rewrite


def is_overlooked(lesson: Lesson, parent: Parent) -> bool:
    """Whether the skill is blamed for not having been found."""
    blame = lesson.blame
    return parent.exists and blame.fault is Fault.ROUTING and blame.skill == parent.contract.name


@dataclass(frozen=True, kw_only=True)
class LLMRequestsAuthor:
    """Asks for requests on both sides of the line, and makes a routing test of them."""

    model: Model

    def __call__(self, lesson: Lesson, parent: Parent) -> Exam | None:
        """The exam; None when no near miss was written. Raises ModelError."""
        from memento.write.replies import RequestsReply

        messages = chat("requests", lesson=lesson, contract=contract_text(parent.contract))
        reply = ask(self.model, Request(purpose="requests", messages=messages), RequestsReply)
        if reply is None:
            return None
        wanted = _lines([lesson.task.text, *reply.requests])
        unwanted = [line for line in _lines(reply.near_misses) if line not in wanted]
        if not unwanted:
            return None
        source = "\n".join(_test(parent.contract.name, wanted, unwanted))
        return exam_of(source, [], lesson, parent)


def _lines(requests: Sequence[str]) -> list[str]:
    lines = (query(request) for request in requests)
    return list(dict.fromkeys(line for line in lines if line))[:MOST_REQUESTS]


def _test(skill: str, wanted: Sequence[str], unwanted: Sequence[str]) -> Iterator[str]:
    yield f"def {TEST}(route):"
    yield from (f"    assert route({_literal(request)}) == {_literal(skill)}" for request in wanted)
    yield from (f"    assert route({_literal(request)}) != {_literal(skill)}" for request in unwanted)


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class LLMDescriber:
    """Asks for a description by which such tasks find the skill."""

    model: Model

    def __call__(self, lesson: Lesson, parent: Parent) -> Rewrite | None:
        """The skill with another description; None when none that may be proposed came. Raises ModelError."""
        from memento.write.replies import DescriptionReply

        messages = chat(
            "describe",
            lesson=lesson,
            contract=contract_text(parent.contract),
            rejected=lesson.rejected[-MOST_REJECTED:],
        )

        def against(rewrite: Rewrite) -> str | None:
            return objection(rewrite, lesson, parent, most_hunks=1) or _pasted(rewrite, lesson, parent)

        return held_to(
            self.model,
            Request(purpose="describe", messages=messages),
            DescriptionReply,
            build=lambda reply: described(reply, lesson, parent),
            objection=against,
        )


def described(reply: "DescriptionReply", lesson: Lesson, parent: Parent) -> Rewrite | None:
    """The parent's folder with the reply's description and not a byte besides; None when that is no change,
    repeats a refused idea or breaks the specification."""
    idea, old = fresh_idea(reply.idea, lesson), parent.folder[DOCUMENT]
    if idea is None:
        return None
    try:
        data = edit(old.data, description=" ".join(reply.description.split()))
    except SkillError:
        return None
    if data == old.data:
        return None
    document = File(data=data, executable=old.executable)
    return Rewrite(
        skill=parent.contract.name,
        kind=ChangeKind.OPTIMISE,
        folder={**parent.folder, DOCUMENT: document},
        idea=idea,
    )


def _pasted(rewrite: Rewrite, lesson: Lesson, parent: Parent) -> str | None:
    new = rewrite.folder[DOCUMENT].data.decode("utf-8", "replace")
    run = repeated_from(new, lesson.task, allowed=contract_text(parent.contract))
    return f"it repeats the task ({run!r}); say in general what the skill is for" if run else None
