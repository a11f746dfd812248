"""How far a rewrite may go, and what it may not say.

bounded    an optimising rewrite changes at most `most_hunks` separate places of the folder; a new or a
           deleted file is one. Edits that cure one fault are small, and a person can read them.
general    nothing that is special to the failing task (skill/specifics.py) may be new in it

Held before anything is proposed, and said to the rewriter, which may mend it once.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher

from memento.changes import Lesson, Rewrite
from memento.protocols import Parent
from memento.skill.specifics import specific_to
from memento.types import ChangeKind, File, Folder, Task
from memento.write.material import contract_text

CONTEXT = 3
"""Changes with fewer lines between them than twice this are one place, as in a unified diff."""


def objection(rewrite: Rewrite, lesson: Lesson, parent: Parent, *, most_hunks: int) -> str | None:
    """Why the rewrite may not be proposed, in words for its author; None when it may."""
    before = parent.folder
    if rewrite.kind is ChangeKind.OPTIMISE:
        places = hunks(before, rewrite.folder)
        if places > most_hunks:
            return f"it changes {places} places, and at most {most_hunks} may change; cure one fault only"
    special = special_in(rewrite.folder, before, lesson.task, contract_text(parent.contract))
    if special is not None:
        return f"it holds {special!r}, which is special to this task; say it in general"
    return None


def hunks(before: Folder, after: Folder) -> int:
    """Separate places that differ."""
    paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return sum(_hunks(before.get(path), after.get(path)) for path in paths)


def special_in(after: Folder, before: Folder, task: Task, contract: str) -> str | None:
    """What is special to the task in the new lines, the paths included."""
    allowed = "\n".join([contract, *before, *map(_text, before.values())])
    new = "\n".join([*after, *_new_lines(before, after)])
    return specific_to(new, task, allowed=allowed)


def _hunks(old: File | None, new: File | None) -> int:
    if old is None or new is None or old.data == new.data:
        return 1  # one that came or went, or may be executed from now on
    matcher = SequenceMatcher(None, _text(old).splitlines(), _text(new).splitlines(), autojunk=False)
    return sum(1 for _ in matcher.get_grouped_opcodes(CONTEXT))


def _new_lines(before: Folder, after: Folder) -> Iterator[str]:
    for path, file in after.items():
        old = set(_text(before[path]).splitlines()) if path in before else set()
        yield from (line for line in _text(file).splitlines() if line not in old)


def _text(file: File) -> str:
    return file.data.decode("utf-8", "replace")
