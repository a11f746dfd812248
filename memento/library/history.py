"""Looking back: landings, diffs, the drawn graph, the notes beside landings, earlier versions. Read-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from memento.changes import Rewrite
from memento.errors import LibraryError
from memento.library import merged
from memento.library.git import Git
from memento.library.messages import trailers_of
from memento.library.opening import BRANCHES
from memento.library.proposals import check_name
from memento.library.recovery import NOTES
from memento.library.snapshot import CommitSnapshot, read_blobs
from memento.types import ChangeKind, Sha, test_path


@dataclass(frozen=True, kw_only=True, slots=True)
class LogEntry:
    """One commit of main's first-parent line."""

    sha: Sha
    when: float
    """Unix time of the commit."""
    subject: str
    skill: str | None
    """The skill it landed; None for other commits."""
    trailers: Mapping[str, str]
    """Its own; of what people merged themselves, those that `merged` finds."""


def log(git: Git, tip: Sha, skill: str | None, limit: int, after: Sha | None) -> tuple[LogEntry, ...]:
    """The newest `limit` commits on main's first-parent line; of one skill, and after one, when named."""
    paths = [f"skills/{check_name(skill)}", test_path(skill)] if skill is not None else []
    since = [f"^{after}"] if after is not None else []
    return _listed(git, "--first-parent", f"-n{limit}", *since, tip, "--", *paths)


def touching(git: Git, tip: Sha, skill: str) -> tuple[LogEntry, ...]:
    """Every commit of main's first-parent line that changed the skill's folder, newest first."""
    return _listed(git, "--first-parent", tip, "--", f"skills/{check_name(skill)}")


def lately(git: Git, tip: Sha, since: float) -> tuple[LogEntry, ...]:
    """The commits of main's first-parent line since a Unix time, newest first."""
    return _listed(git, "--first-parent", f"--max-age={int(since)}", tip, "--")


def entries_of(git: Git, commits: Sequence[Sha]) -> tuple[LogEntry, ...]:
    """These commits, in order, wherever they are."""
    found = _listed(git, "--no-walk=unsorted", *commits, "--") if commits else ()
    told = {entry.sha: entry for entry in found}
    return tuple(told[sha] for sha in commits)


def changed_lines(git: Git, skill: str, old: Sha, new: Sha) -> int:
    """How many lines of the skill's folder a change adds or removes; one for a file that is not text."""
    plain = ("--numstat", "--no-ext-diff", "--no-textconv", "--no-renames", "-r")
    listed = git("diff-tree", *plain, old, new, "--", f"skills/{check_name(skill)}")
    counts = (line.split(b"\t")[:2] for line in listed.splitlines())
    return sum(1 if added == b"-" else int(added) + int(gone) for added, gone in counts)


def _listed(git: Git, *chosen: str) -> tuple[LogEntry, ...]:
    shape = ("--no-notes", f"--notes={merged.NOTES}", "--format=%H%x00%ct%x00%P%x00%N%x00%B")
    fields = iter(git("log", "-z", *shape, *chosen).decode("utf-8", "replace").split("\0")[:-1])
    told = [_Told(*each) for each in zip(*[fields] * 5, strict=True)]
    brought = merged.trailers_brought(git, (each.merge for each in told if each.merge is not None))
    return tuple(_entry(each, brought.get(Sha(each.sha), {})) for each in told)


class _Told(NamedTuple):
    """What git prints of a commit."""

    sha: str
    when: str
    parents: str
    note: str
    message: str

    @property
    def merge(self) -> merged.Merge | None:
        """A merge that has no trailers, neither its own nor in a note."""
        _, _, brought = self.parents.partition(" ")
        if not brought or " " in brought or trailers_of(self.message) or trailers_of(self.note):
            return None
        return merged.Merge(sha=Sha(self.sha), brought=Sha(brought))


def _entry(told: _Told, brought: Mapping[str, str]) -> LogEntry:
    trailers = {**brought, **trailers_of(told.message), **trailers_of(told.note)}
    return LogEntry(
        sha=Sha(told.sha),
        when=float(told.when),
        subject=told.message.partition("\n")[0],
        skill=trailers.get("Memento-Skill"),
        trailers=trailers,
    )


def diff(git: Git, skill: str, old: Sha, new: Sha) -> str:
    """The unified diff of the skill's folder and test file between two commits; "" when they agree."""
    paths = (f"skills/{check_name(skill)}", test_path(skill))
    plain = ("-p", "--no-ext-diff", "--no-textconv", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/")
    return git("diff-tree", *plain, old, new, "--", *paths).decode("utf-8", "replace")


def graph(git: Git, main: str, limit: int) -> str:
    """`git log --graph` of main and the open proposals."""
    listed = git("for-each-ref", "--format=%(refname)", BRANCHES).decode().split()
    plain = ("--graph", "--oneline", "--decorate", "--no-notes", f"-n{limit}", "--decorate-refs=refs/heads/")
    return git("log", *plain, main, *listed, "--").decode("utf-8", "replace")


def note(git: Git, about: Sha) -> str | None:
    """The note about a commit, None when there is none."""
    listed = git.run("notes", f"--ref={NOTES}", "list", about)
    if listed.status:
        return None
    return read_blobs(git, [Sha(listed.stdout.decode().strip())])[0].decode("utf-8", "replace")


def earlier(git: Git, skill: str, tip: Sha, to: Sha | None) -> Rewrite:
    """The skill as it was at `to`, by default before the last commit of main's line that touched it.

    LibraryError when there is no such version.
    """
    to = to if to is not None else before_last(git, skill, tip)
    folder = CommitSnapshot(git=git, commit=to).folder(check_name(skill)) if to is not None else {}
    if to is None or not folder:
        raise LibraryError(f"{skill} has no earlier version there. `memento log {skill}` lists its versions.")
    idea = f"go back to the version of {to[:12]}"
    return Rewrite(skill=skill, kind=ChangeKind.ROLLBACK, folder=folder, idea=idea)


def before_last(git: Git, skill: str, tip: Sha) -> Sha | None:
    """The commit before the last one of main's line that touched the skill's folder; None for the first.

    LibraryError when there has never been such a skill.
    """
    path = f"skills/{check_name(skill)}"
    touched = git.line("rev-list", "--first-parent", "--max-count=1", tip, "--", path)
    if not touched:
        raise LibraryError(f"There has never been a skill {skill}. `memento list` shows what there is.")
    before = git.run("rev-parse", "--verify", "--quiet", f"{touched}^1")
    return Sha(before.stdout.decode().strip()) if before.status == 0 else None
