"""A skill along main's line: which commit wrote each line, and what stood at each commit. Read-only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from memento.errors import LibraryError
from memento.library.git import Git
from memento.library.snapshot import read_blobs
from memento.skill.reader import NAME, parse
from memento.types import Sha, Skill


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A skill at one commit of main; `tree` is None where it does not exist, `skill` where it is unusable."""

    commit: Sha
    tree: Sha | None
    skill: Skill | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """One line of a file, without its line end, and the commit of main's line that wrote it."""

    text: str
    commit: Sha


def main_line(git: Git, tip: Sha) -> tuple[Sha, ...]:
    """Main's commits by first parent, oldest first."""
    return tuple(Sha(line) for line in git.line("rev-list", "--first-parent", "--reverse", tip).split())


def origins(git: Git, tip: Sha, skill: str) -> tuple[Origin, ...]:
    """Each line of the skill's SKILL.md at `tip`. LibraryError when there is no such file.

    Folded over main's line by our own hand: `git blame` dies when the configured `blame.ignoreRevsFile`
    is not where it stands, and obeys the converters of info/attributes.
    """
    path = f"skills/{_named(skill)}/SKILL.md"
    touched = git.line("rev-list", "--first-parent", "--reverse", tip, "--", path).split()
    found = folded(zip(map(Sha, touched), _documents(git, touched, path), strict=True))
    if not found:
        raise LibraryError(f"There is no skill {skill}. `memento list` shows what there is.")
    return found


def folded(states: Iterable[tuple[Sha, bytes | None]]) -> tuple[Origin, ...]:
    """Each line of a file's last state, from its states (None: gone) with their commits, oldest first."""
    found: list[Origin] = []
    for commit, data in states:
        found = _carried(found, _lines(data), commit)
    return tuple(found)


def file_at(git: Git, commit: Sha, path: str) -> bytes | None:
    """A file's bytes at a commit; None where there is none."""
    return _documents(git, [commit], path)[0]


def _lines(data: bytes | None) -> list[str]:
    # Not splitlines(): it also splits at characters that are no line ends to anybody else.
    text = (data or b"").decode("utf-8", "replace").removesuffix("\n")
    return [line.removesuffix("\r") for line in text.split("\n")] if text else []


def _carried(old: list[Origin], lines: list[str], commit: Sha) -> list[Origin]:
    """The lines of a newer text; those that stood in the older one keep their origin."""
    matcher = SequenceMatcher(None, [line.text for line in old], lines, autojunk=False)
    found = [Origin(text=text, commit=commit) for text in lines]
    for block in matcher.get_matching_blocks():
        found[block.b : block.b + block.size] = old[block.a : block.a + block.size]
    return found


def _documents(git: Git, commits: Sequence[str], path: str) -> list[bytes | None]:
    asked = "".join(f"{commit}:{path}\n" for commit in commits)
    said = git("cat-file", "--batch-check", stdin=asked.encode()).decode().splitlines()
    blobs = [_object(line, "blob") for line in said]
    there = [blob for blob in blobs if blob is not None]
    texts: dict[Sha | None, bytes] = dict(zip(there, read_blobs(git, there), strict=True))
    return [texts.get(blob) for blob in blobs]


def states(git: Git, commits: tuple[Sha, ...], skill: str) -> tuple[State, ...]:
    """The skill at each of these commits, through three processes however many they are."""
    folder = f"skills/{_named(skill)}"
    asked = "".join(f"{commit}:{folder}\n" for commit in commits)
    said = git("cat-file", "--batch-check", stdin=asked.encode()).decode().splitlines()
    documents = _documents(git, commits, f"{folder}/SKILL.md")
    return tuple(
        State(commit=commit, tree=_object(tree, "tree"), skill=_skill(data, skill))
        for commit, tree, data in zip(commits, said, documents, strict=True)
    )


def _object(said: str, kind: str) -> Sha | None:
    name, found = said.split()[:2]
    return Sha(name) if found == kind else None


def _skill(data: bytes | None, name: str) -> Skill | None:
    return None if data is None else parse(data, folder=name).skill


def _named(skill: str) -> str:
    if not NAME.fullmatch(skill):
        raise LibraryError(f"{skill!r} is no skill name. `memento list` shows what there is.")
    return skill
