"""The exam author: tests that the failure calls for, written before any rewrite exists.

It is given the task, the trace, the blame and the *parent's* contract. It is given no rewrite, no
earlier idea for one, and no gold answer. What it writes must fail on the parent: the gate checks
that, and that the tests notice an emptied skill.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from memento.changes import Exam, Lesson
from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.prompts.trace import trace_text
from memento.protocols import Model, Parent, Request
from memento.write.admissible import BUILTINS, MODULES, MOST_TESTS, read_tests
from memento.write.material import contract_text, files_text
from memento.write.region import extend, new_file, query

MOST_QUERIES = 6


@dataclass(frozen=True, kw_only=True)
class LLMExamAuthor:
    """Asks for test functions, admits them or not, and puts them into the skill's test file."""

    model: Model

    def __call__(self, lesson: Lesson, parent: Parent) -> Exam | None:
        """The exam; None when no admissible test was written. Raises ModelError."""
        from memento.write.replies import ExamReply

        messages = chat(
            "exam",
            lesson=lesson,
            trace=trace_text(lesson.trajectory),
            contract=contract_text(parent.contract),
            files=files_text(parent.folder, but="SKILL.md"),
            exists=parent.exists,
            modules=sorted(MODULES),
            builtins=sorted(BUILTINS),
            most=MOST_TESTS,
        )
        reply = ask(self.model, Request(purpose="exam", messages=messages), ExamReply)
        return None if reply is None else exam_of(reply.source, reply.queries, lesson, parent)


def exam_of(source: str, queries: list[str], lesson: Lesson, parent: Parent) -> Exam | None:
    """Admissible `source` as an exam; None when the skill's present test file is not Python."""
    name = parent.contract.name
    # An empty file would put the region, and with it the task's text, where Python looks for an encoding.
    old = parent.test if parent.test and parent.test.strip() else None
    file = old or new_file(name, list(_queries(lesson.task.text, queries)))
    extended = extend(file, read_tests(source), episode=lesson.episode, task=lesson.task)
    if extended is None:
        return None
    return Exam(
        skill=name,
        test_file=extended.data,
        new_tests=extended.names,
        digest=hashlib.sha256(extended.data).hexdigest(),
    )


def _queries(task: str, proposed: list[str]) -> Iterator[str]:
    """The task that showed the need comes first: a skill that it does not reach would not have helped."""
    lines = [query(text) for text in (task, *proposed)]
    yield from list(dict.fromkeys(line for line in lines if line))[:MOST_QUERIES]
