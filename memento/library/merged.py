"""What people merged themselves, on GitHub or with `git merge`: whose work it is, and who let it in.

    main ──●──────── merge        a merge without trailers of its own has those of the proposal that it
            \\        /            brings, where the skill is in both what it is in the other
             ●─────●  proposal

A squash and a rebase keep the proposal's message, and with it its trailers, unless somebody wrote another.
What a message cannot say (who merged it, the gate's word) and what it no longer says stands in a note of
this clone, `git log --notes=memento-merged`; `memento pr sync` writes it. What tells nothing of where it
came from is people's work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from memento.library.git import Git
from memento.library.lock import Held
from memento.library.messages import compose, trailers_of
from memento.library.objects import create_note, writer
from memento.library.proposals import OF_EXAM, paths_of
from memento.library.reader import Reader, reading
from memento.skill.reader import NAME
from memento.types import Sha

NOTES = "refs/notes/memento-merged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """A merge commit of main that says nothing of itself, and the commit that it brought."""

    sha: Sha
    brought: Sha


def trailers_brought(git: Git, merges: Iterable[Merge]) -> Mapping[Sha, Mapping[str, str]]:
    """By merge, the trailers of the proposal that it brought as it was; other merges are left out."""
    asked = list(merges)
    if not asked:
        return {}
    with reading(git) as read:
        found = {merge.sha: _trailers_in(read, merge) for merge in asked}
    return {sha: trailers for sha, trailers in found.items() if trailers}


def proposal_trailers(git: Git, commit: Sha) -> Mapping[str, str]:
    """What a proposal's commit says of itself and a landing repeats; nothing for another commit."""
    with reading(git) as read:
        return _trailers_at(read, commit)


def same_skill(git: Git, skill: str, one: Sha, other: Sha) -> bool:
    """Whether two commits have the same skill, with the same tests."""
    with reading(git) as read:
        return _same(read, skill, one, other)


def write_note(git: Git, about: Sha, subject: str, trailers: Mapping[str, str], held: Held) -> None:
    """Say these trailers of a commit that people made. The landing lock is `held`: notes have one writer."""
    with reading(git) as read:
        old = read.commit(NOTES)
        new = create_note(compose(subject, "", trailers), about, old, read, writer(git, len(about)))
    held.enter("refs")  # whoever dies at the reference must leave a mark
    git("update-ref", NOTES, new, old or "0" * len(new), keep=(held.descriptor,))
    held.enter("")


def _trailers_in(read: Reader, merge: Merge) -> Mapping[str, str]:
    trailers = _trailers_at(read, merge.brought)
    return trailers if trailers and _same(read, trailers["Memento-Skill"], merge.sha, merge.brought) else {}


def _trailers_at(read: Reader, commit: Sha) -> Mapping[str, str]:
    found = read.object(commit)  # a shallow clone has it not
    message = found.data.decode("utf-8", "replace").partition("\n\n")[2] if found else ""
    trailers = trailers_of(message)
    # Anybody's commit may be merged: what it calls a skill is asked about again.
    if "Memento-Proposal" not in trailers or not NAME.fullmatch(trailers.get("Memento-Skill", "")):
        return {}
    return {key: text for key, text in trailers.items() if key not in OF_EXAM}


def _same(read: Reader, skill: str, one: Sha, other: Sha) -> bool:
    return all(read.entry(one, path) == read.entry(other, path) for path in paths_of(skill))
