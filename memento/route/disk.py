"""The index on disk: a cache under `.memento/route/`, made from git and never the source of anything.

    index-<k>/    a Tantivy index
    state.json    its folder, its last commit in Tantivy's own counting (opstamp), the library commit that
                  it shows, and of every skill its number and the digest of what was indexed of it

Rules
- The state is written after the index, by rename. When the two do not belong together (a process died in
  between, a file is damaged, the schema is another), the index is built again from the library.
- Only skills whose text changed are indexed again. Tantivy counts replaced ones in its statistics until
  its files are merged: beyond a twentieth of the library all is built anew, so scores hardly drift.
- One process writes. A second one that comes meanwhile builds its own in memory, and waits for nobody.
- Readers keep what they opened: a writer never changes files that it wrote before.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from memento.route.index import WRITER_BYTES, Index, build, by_number, document, schema
from memento.types import Skill

if TYPE_CHECKING:
    import tantivy

Skills = Callable[[], Iterable[Skill]]

FORMAT = 4
"""Raise it with the schema, the analysis or the meaning of a field."""
MOST_REPLACED = 0.05


@dataclass(frozen=True, kw_only=True)
class State:
    """What state.json says."""

    folder: str
    opstamp: int
    commit: str
    skills: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Number and digest by name."""
    replaced: int = 0
    """Documents deleted since the index was built."""
    next_number: int = 0


def digest(skill: Skill) -> str:
    """Of what is indexed of a skill; its git tree says as much, and costs nothing."""
    if skill.tree is not None:
        return str(skill.tree)
    text = "\0".join((skill.name, skill.description, skill.body))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def on_disk(folder: Path, commit: str, skills: Skills) -> Index:
    """The index of `skills`, brought up to date in `folder`; in memory when somebody else is writing.

    `skills` gives them from the start at every call: a library's bodies are never in memory together.
    """
    with _alone(folder) as alone:
        if not alone:
            return build(skills())
        state = read_state(folder)
        opened = _open(folder, state) if state else None
        if state is None or opened is None:
            return _built(folder, commit, skills())
        if state.commit == commit:
            return _index(opened, state)
        fresh = {skill.name: digest(skill) for skill in skills()}
        gone = [n for name, (n, d) in state.skills.items() if fresh.get(name) != d]
        new = {name for name, d in fresh.items() if state.skills.get(name, (0, ""))[1] != d}
        if state.replaced + len(gone) > MOST_REPLACED * max(len(fresh), 1):
            return _built(folder, commit, skills())
        changed = (skill for skill in skills() if skill.name in new) if new else ()
        return _updated(folder, commit, opened, state, gone, changed)


def read_state(folder: Path) -> State | None:
    """None when there is none, or it cannot be trusted."""
    try:
        raw = json.loads((folder / "state.json").read_text("utf-8"))
        if raw.pop("format") != FORMAT:
            return None
        skills = {str(name): (int(n), str(d)) for name, (n, d) in raw.pop("skills").items()}
        return State(skills=skills, **raw)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _write_state(folder: Path, state: State) -> None:
    text = json.dumps({"format": FORMAT, **state.__dict__})
    made = folder / "state.json.new"
    made.write_text(text, "utf-8")
    made.replace(folder / "state.json")


def _open(folder: Path, state: State) -> "tantivy.Index | None":
    import tantivy

    path = folder / state.folder
    if path.parent != folder or not path.is_dir():
        return None
    try:
        if json.loads((path / "meta.json").read_text("utf-8"))["opstamp"] != state.opstamp:
            return None
        index = tantivy.Index(schema(), path=str(path), reuse=True)
        index.reload()
        return index if index.searcher().num_docs == len(state.skills) else None
    except (OSError, ValueError, KeyError):
        return None


def _built(folder: Path, commit: str, skills: Iterable[Skill]) -> Index:
    import tantivy

    taken = {path.name for path in folder.glob("index-*")}
    name = next(f"index-{k}" for k in range(len(taken) + 1) if f"index-{k}" not in taken)
    (folder / name).mkdir()
    index = tantivy.Index(schema(), path=str(folder / name))
    empty = State(folder=name, opstamp=0, commit=commit)
    made = _updated(folder, commit, index, empty, (), skills)
    for other in taken:
        shutil.rmtree(folder / other, ignore_errors=True)
    return made


def _updated(
    folder: Path,
    commit: str,
    index: "tantivy.Index",
    state: State,
    gone: Sequence[int],
    new: Iterable[Skill],
) -> Index:
    import tantivy

    lost = frozenset(gone)
    numbers = {name: kept for name, kept in state.skills.items() if kept[0] not in lost}
    number, opstamp = state.next_number, state.opstamp
    if gone or new != ():
        writer = index.writer(heap_size=WRITER_BYTES, num_threads=1)
        for old in gone:
            # By query: delete_documents_by_term takes the number for a signed one, and deletes nothing.
            writer.delete_documents_by_query(tantivy.Query.term_query(index.schema, "n", old))
        for skill in new:
            writer.add_document(document(skill, number))
            numbers[skill.name] = (number, digest(skill))
            number += 1
        opstamp = writer.commit()
        writer.wait_merging_threads()
        # Merging may have written meta.json once more, with the opstamp of the commit it belongs to.
        opstamp = json.loads((folder / state.folder / "meta.json").read_text("utf-8"))["opstamp"]
        index.reload()
    after = State(
        folder=state.folder,
        opstamp=opstamp,
        commit=commit,
        skills=numbers,
        replaced=state.replaced + len(gone),
        next_number=number,
    )
    _write_state(folder, after)
    return _index(index, after)


def _index(index: "tantivy.Index", state: State) -> Index:
    numbers = {name: n for name, (n, _) in state.skills.items()}
    return Index(
        numbers=numbers,
        names=by_number(numbers),
        searcher=index.searcher(),
        schema=index.schema,
    )


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether this process may write; the lock dies with the process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
