"""The rewriter: a better folder for the skill that is to blame, as a value. Nothing is written.

It is given the parent's files, the trace, the blame, the redacted verdict, the tips and the ideas that
were refused before. It has no tools, and is given no exam and no gold answer. A rewrite that goes too
far (bounds.py) is quoted back once with the reason.

    optimise    keep the approach; add constraints and alternatives, stay general
    discover    the approach has failed for good: a fundamentally different one
    create      from a charter, when there is no parent

SKILL.md goes through the format's own editor: only description and body are taken from the reply, so
the name, the version (the landing raises it) and every field that we do not understand stay as they are.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from memento.changes import Lesson, Rewrite
from memento.errors import SkillError
from memento.llm.structured import ask
from memento.prompts.chat import chat
from memento.prompts.trace import trace_text
from memento.protocols import Message, Model, Parent, Request
from memento.skill import edit, new, parse
from memento.types import ChangeKind, File, Folder
from memento.write.bounds import objection
from memento.write.material import contract_text, files_text, shown_whole

if TYPE_CHECKING:
    from pydantic import BaseModel

    from memento.write.replies import RewriteReply

R = TypeVar("R", bound="BaseModel")

DOCUMENT = "SKILL.md"
IDEA_CHARACTERS = 200
AGAIN = "Answer again with one JSON object: the whole rewrite, with that mended."
MOST_REJECTED = 12
"""Refused ideas that are shown, the newest; all of them are checked."""


@dataclass(frozen=True, kw_only=True)
class LLMRewriter:
    """Asks for the files that change and builds the whole new folder."""

    model: Model
    most_hunks: int = 4

    def __call__(self, lesson: Lesson, parent: Parent, *, discover: bool) -> Rewrite | None:
        """The rewrite; None when nothing usable, nothing new or nothing different came. Raises ModelError."""
        from memento.write.replies import RewriteReply

        kind = _kind(parent, discover=discover)
        messages = chat(
            "rewrite",
            lesson=lesson,
            kind=kind,
            trace=trace_text(lesson.trajectory),
            name=parent.contract.name,
            contract=contract_text(parent.contract),
            files=files_text(parent.folder),
            rejected=lesson.rejected[-MOST_REJECTED:],
            most_hunks=self.most_hunks,
        )
        return held_to(
            self.model,
            Request(purpose="rewrite", messages=messages),
            RewriteReply,
            build=lambda reply: rewrite_of(reply, lesson, parent, kind),
            objection=lambda rewrite: objection(rewrite, lesson, parent, most_hunks=self.most_hunks),
        )


def held_to(
    model: Model,
    request: Request,
    schema: type[R],
    *,
    build: Callable[[R], Rewrite | None],
    objection: Callable[[Rewrite], str | None],
) -> Rewrite | None:
    """What a reply builds; one that is objected to is quoted back once, with the reason."""
    messages = request.messages
    for _ in range(2):
        reply = ask(model, replace(request, messages=messages), schema)
        rewrite = build(reply) if reply is not None else None
        against = objection(rewrite) if rewrite is not None else None
        if reply is None or against is None:
            return rewrite
        messages = (
            *request.messages,
            Message(role="assistant", content=reply.model_dump_json()),
            Message(role="user", content=f"That rewrite is refused: {against}.\n{AGAIN}"),
        )
    return None


def rewrite_of(reply: "RewriteReply", lesson: Lesson, parent: Parent, kind: ChangeKind) -> Rewrite | None:
    """The reply as a whole folder; None: it changes nothing, repeats a refused idea or cannot be built."""
    idea = fresh_idea(reply.idea, lesson)
    if idea is None:
        return None
    try:
        folder = _built(reply, parent)
    except SkillError:  # a description or a body that the specification does not allow is no rewrite
        return None
    if folder is None or not _is_sound(list(folder)) or folder == dict(parent.folder):
        return None
    return Rewrite(skill=parent.contract.name, kind=kind, folder=folder, idea=idea)


def fresh_idea(text: str, lesson: Lesson) -> str | None:
    """The idea in one line; None when there is none, or when it was refused before."""
    idea = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:IDEA_CHARACTERS]
    known = {old.casefold() for old in lesson.rejected}
    return idea if idea and idea.casefold() not in known else None


def _kind(parent: Parent, *, discover: bool) -> ChangeKind:
    if not parent.exists:
        return ChangeKind.CREATE
    return ChangeKind.DISCOVER if discover else ChangeKind.OPTIMISE


def _built(reply: "RewriteReply", parent: Parent) -> Folder | None:
    folder, shown = dict(parent.folder), shown_whole(parent.folder)
    for path in reply.delete:
        if path != DOCUMENT:
            folder.pop(path, None)
    for file in reply.files:
        data = file.content.encode()
        if file.path == DOCUMENT:
            data = _document(file.content, parent)
        old = folder.get(file.path)
        if old is not None and file.path not in shown:
            return None  # it was replaced unread
        folder[file.path] = File(data=data, executable=old.executable if old else False)
    return folder if DOCUMENT in folder else None


def _document(content: str, parent: Parent) -> bytes:
    """SKILL.md with the reply's description and body. Raises SkillError."""
    written = parse(content.encode(), folder=parent.contract.name).skill
    if written is None and content.lstrip("\ufeff \t\r\n").startswith("---"):
        raise SkillError("The frontmatter of the rewritten SKILL.md cannot be read.")
    description = written.description if written else parent.contract.description
    body = written.body if written else content.strip("\n")
    if not body.strip():
        raise SkillError("The rewritten SKILL.md has no instructions.")
    if parent.exists:
        return edit(parent.folder[DOCUMENT].data, description=description, body=body)
    return new(name=parent.contract.name, description=description, body=body)


def _is_sound(paths: Sequence[str]) -> bool:
    """No two paths are one file on some system, and none is a folder of another."""
    folded = {unicodedata.normalize("NFC", path).casefold() for path in paths}
    inner = any(other.startswith(f"{path}/") for path in folded for other in folded)
    return len(folded) == len(paths) and not inner
