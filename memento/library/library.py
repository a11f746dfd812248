"""A library: a git repository with skills/ and skill_tests/, and the one way to change its main branch.

- Reading resolves a name to a commit once; a snapshot never changes under its reader.
- Main moves by compare-and-swap only, forward only, to a commit that was built before.
- Nothing here reads or writes the user's work tree, index or HEAD, except `checkout.follow`.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from memento.errors import LibraryError, MovedError
from memento.library import history, recovery
from memento.library.checkout import follow
from memento.library.git import Git, common_dir, create_repository, ensure_git, find_git_dir
from memento.library.lock import landing_lock
from memento.library.messages import compose
from memento.library.objects import Draft, check_path, create
from memento.library.proposals import (
    BRANCHES,
    Change,
    check_name,
    open_proposals,
    write_merge,
    write_proposal,
)
from memento.library.snapshot import CommitSnapshot
from memento.library.starter import starter_files
from memento.library.worktree import WorkTreeSnapshot
from memento.types import ChangeKind, Exam, File, Folder, Proposal, Rewrite, Sha

VARIABLE = "MEMENTO_LIBRARY"
NOTES = "refs/notes/memento"
_TRIES = 5
_BRANCH = re.compile(r"(?!-)[\w][\w./-]*")

_CONFIG = """\
# Settings of this library. Flags and MEMENTO_... variables win over what is written here.
# What is commented out shows its default.

[library]
# main = "main"        # the branch that landings go to
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """An open library. `main` is its branch, as a full reference name."""

    root: Path
    git: Git
    main: str
    now: Callable[[], float]
    ids: Callable[[], str]
    """Fresh ids; one of them ends the name of each proposal's branch."""

    # ------------------------------------------------------------ finding and making one

    @staticmethod
    def find(start: Path, environ: Mapping[str, str]) -> Path:
        """The library around `start`, upwards like git, else $MEMENTO_LIBRARY; LibraryError when neither."""
        for folder in (start, *start.parents):
            if (folder / ".git").exists() and all(
                (folder / top).is_dir() for top in ("skills", "skill_tests")
            ):
                return folder
        if environ.get(VARIABLE):
            return Path(environ[VARIABLE]).expanduser()
        raise LibraryError(
            f"There is no library in {start} or above. Make one with `memento init DIR`, or set {VARIABLE}."
        )

    @classmethod
    def open(
        cls, root: Path, *, now: Callable[[], float], ids: Callable[[], str], durable: bool = True
    ) -> "Library":
        """The library at `root`; LibraryError with the fix when it is none, or git cannot be used."""
        ensure_git()
        if not root.is_dir():
            raise LibraryError(f"{root} does not exist. Make a library with `memento init {root}`.")
        git = Git(git_dir=find_git_dir(root), now=now, durable=durable)
        library = cls(root=root, git=git, main=_main_of(git, root), now=now, ids=ids)
        tops = git.run("ls-tree", "-d", "--name-only", library.tip()).stdout.decode().split("\n")
        if not {"skills", "skill_tests"} <= set(tops):
            raise LibraryError(
                f"{root} is a git repository but not a library: skills/ and skill_tests/ are missing. "
                f"Add them with `memento init {root}`."
            )
        return library

    @classmethod
    def init(
        cls, root: Path, *, now: Callable[[], float], ids: Callable[[], str], durable: bool = True
    ) -> "Library":
        """Make `root` a library with the starter skills, by one commit on main. What is there stays.

        LibraryError when it is a library already, or when nothing can be written.
        """
        ensure_git()
        _make_folder(root)
        if not (root / ".git").exists():
            create_repository(root, "main")
        git = Git(git_dir=find_git_dir(root), now=now, durable=durable)
        library = cls(root=root, git=git, main=_main_of(git, root), now=now, ids=ids)
        old = library._tip_or_none()
        present = library.at(old).entries() if old else {}
        if {"skills", "skill_tests"} <= {path.split("/")[0] for path in present}:
            raise LibraryError(f"{root} is a library already. Nothing was changed.")
        wanted = _new_files(present)
        files = {path: file for path, file in wanted.items() if not os.path.lexists(root / path)}
        library._commit(dict(files), "Make this repository a library of skills", {}, old)
        return library

    # ------------------------------------------------------------ reading

    @property
    def state(self) -> Path:
        """The folder `.memento/`, made on first use, never in git."""
        folder = self.root / ".memento"
        _make_folder(folder)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")
        return folder

    def tip(self) -> Sha:
        """The commit that main is at now; LibraryError when there is none."""
        tip = self._tip_or_none()
        if tip is None:
            raise LibraryError(
                f"{self.root} has no commit yet. Make a library with `memento init {self.root}`."
            )
        return tip

    def at(self, rev: str | None = None) -> CommitSnapshot:
        """The library at a commit, main's tip when None. LibraryError when `rev` names no commit."""
        if rev is None:
            return CommitSnapshot(git=self.git, commit=self.tip())
        name = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
        answer = self.git.run(*name)
        if answer.status:
            raise LibraryError(f"{rev!r} names no commit of this library. `memento log` lists them.")
        return CommitSnapshot(git=self.git, commit=Sha(answer.stdout.decode().strip()))

    def worktree(self) -> WorkTreeSnapshot:
        """The library as the files in `root` are now."""
        return WorkTreeSnapshot(root=self.root, digits=len(self.tip()))

    # ------------------------------------------------------------ proposing

    def propose(
        self,
        rewrite: Rewrite,
        exam: Exam | None,
        *,
        base: Sha,
        trailers: Mapping[str, str],
        tainted: bool,
    ) -> Proposal:
        """A rewrite and its exam as a commit on a fresh branch; nothing else is touched."""
        change = Change(rewrite=rewrite, exam=exam, base=base, trailers=trailers, tainted=tainted)
        return write_proposal(self.git, change, self.ids())

    def build_merge(self, proposal: Proposal, onto: Sha, trailers: Mapping[str, str]) -> Sha:
        """The merge of `proposal` into `onto` as an object; ConflictError when both changed a path."""
        return write_merge(self.git, proposal, onto, trailers, self.ids())

    def discard(self, proposal: Proposal) -> None:
        """Delete the proposal's branch, unless somebody moved it since."""
        self.git.run("update-ref", "-d", f"refs/heads/{proposal.branch}", proposal.commit)

    def rollback(self, skill: str, to: str | None = None) -> Rewrite:
        """The skill as it was at `to`, by default before the last landing that touched it, as a change.

        The tests stay as they are on main. LibraryError when there is no earlier version.
        """
        path = f"skills/{check_name(skill)}"
        tip = self.tip()
        touched = self.git("rev-list", "--first-parent", "--max-count=1", tip, "--", path).decode().split()
        if not touched:
            raise LibraryError(f"There has never been a skill {skill}. `memento list` shows what there is.")
        before = (
            self.at(to if to is not None else f"{touched[0]}^1") if to or self._parent(touched[0]) else None
        )
        folder = before.folder(skill) if before else {}
        if before is None or not folder:
            raise LibraryError(
                f"{skill} has no earlier version there. `memento log {skill}` lists its versions."
            )
        idea = f"go back to the version of {before.commit[:12]}"
        return Rewrite(skill=skill, kind=ChangeKind.ROLLBACK, folder=folder, idea=idea)

    def commit_files(
        self, changes: Mapping[str, bytes | None], message: str, trailers: Mapping[str, str]
    ) -> Sha:
        """A forward commit on main that writes (or, for None, removes) these files, by compare-and-swap.

        For files that no gate guards (tips.md). MovedError when main never stood still.
        """
        files = {path: None if data is None else File(data=data) for path, data in changes.items()}
        for _ in range(_TRIES):
            try:
                return self._commit(files, message, trailers, self.tip())
            except MovedError:
                continue
        raise MovedError("Main kept moving while a file was being committed. Try again.")

    # ------------------------------------------------------------ moving main

    def swap(self, new: Sha, old: Sha | None, *, more: str = "", keep: tuple[int, ...] = ()) -> None:
        """Move main from `old` to `new`, or raise MovedError and leave it.

        `more` holds further `update-ref --stdin` lines of the same transaction. Main is read again
        after an error: a failed command may still have moved it.
        """
        zero = "0" * len(new)
        lines = f"start\nupdate {self.main} {new} {old or zero}\n{more}prepare\ncommit\n"
        answer = self.git.run("update-ref", "-m", "memento: land", "--stdin", stdin=lines.encode(), keep=keep)
        if answer.status == 0:
            return
        tip = self._tip_or_none()
        if tip == new:
            return
        if tip != old:
            raise MovedError("Main moved while a change was being landed. Try again.")
        said = answer.stderr.strip().splitlines()
        raise LibraryError(
            f"Main could not be moved: {said[-1] if said else 'git failed'}. See `memento doctor`."
        )

    def recover(self) -> tuple[str, ...]:
        """Remove what a killed landing left behind; a sentence for each thing removed."""
        return recovery.recover(common_dir(self.git.git_dir), self.state, self.main, self.now())

    def _commit(
        self, files: Mapping[str, File | None], message: str, trailers: Mapping[str, str], old: Sha | None
    ) -> Sha:
        for path in files:
            check_path(path)
        draft = Draft(
            message=compose(message, "", trailers),
            parents=(old,) if old else (),
            remove=tuple(path for path, file in files.items() if file is None and old),
            put={path: file for path, file in files.items() if file is not None},
        )
        commit = create(self.git, draft, self.ids())
        with landing_lock(self.state) as held:
            self.swap(commit, old, keep=(held.descriptor,))
            follow(self.git, self.root, self.main, old, commit)
        return commit

    def _tip_or_none(self) -> Sha | None:
        answer = self.git.run("rev-parse", "--verify", "--quiet", f"{self.main}^{{commit}}")
        return None if answer.status else Sha(answer.stdout.decode().strip())

    def _parent(self, commit: str) -> bool:
        return self.git.run("rev-parse", "--verify", "--quiet", f"{commit}^1").status == 0

    # ------------------------------------------------------------ looking back

    def log(self, skill: str | None = None, limit: int = 50) -> tuple[history.LogEntry, ...]:
        """The landings on main, newest first; of one skill when it is named."""
        return history.log(self.git, self.tip(), skill, limit)

    def diff(self, skill: str, old: str, new: str | None = None) -> str:
        """The unified diff of a skill and its tests between two commits."""
        return history.diff(self.git, skill, self.at(old).commit, self.at(new).commit)

    def graph(self, limit: int = 50) -> str:
        """Main and the open proposals, drawn by git."""
        return history.graph(self.git, self.main, limit)

    def note(self, sha: Sha) -> str | None:
        """The full gate report kept beside a landing, None when there is none."""
        return history.note(self.git, NOTES, sha)

    def proposals(self) -> tuple[Proposal, ...]:
        """The open proposals, oldest first."""
        return open_proposals(self.git)


def _main_of(git: Git, root: Path) -> str:
    """The full name of main: as memento.toml says, else main, else master, else HEAD's own branch."""
    head = git.run("symbolic-ref", "--quiet", "HEAD").stdout.decode().strip()
    policy = git.run("cat-file", "blob", "HEAD:memento.toml")
    named = _configured(policy.stdout, root) if policy.status == 0 else None
    if named is not None:
        return f"refs/heads/{named}"
    for branch in ("refs/heads/main", "refs/heads/master"):
        if git.run("show-ref", "--verify", "--quiet", branch).status == 0:
            return branch
    if not head.startswith("refs/heads/") or head.startswith(BRANCHES):
        raise LibraryError(f"{root} has no branch main. Name yours in memento.toml: [library] main = ...")
    return head


def _configured(policy: bytes, root: Path) -> str | None:
    try:
        section = tomllib.loads(policy.decode("utf-8")).get("library", {})
    except ValueError as error:
        raise LibraryError(
            f"memento.toml of {root} cannot be read: {error}. Correct and commit it."
        ) from error
    named = section.get("main") if isinstance(section, dict) else None
    if named is not None and (not isinstance(named, str) or not _BRANCH.fullmatch(named) or ".." in named):
        raise LibraryError(f"[library] main = {named!r} in memento.toml is no branch name. Correct it.")
    return named


def _new_files(present: Mapping[str, object]) -> Folder:
    files: dict[str, File] = {
        "tips.md": File(data=b""),
        "memento.toml": File(data=_CONFIG.encode()),
        ".gitignore": File(data=b".memento/\n__pycache__/\n"),
        **starter_files(),
    }
    for top in ("skills", "skill_tests"):
        if not any(path.startswith(f"{top}/") for path in files):
            files[f"{top}/.gitkeep"] = File(data=b"")
    return {path: file for path, file in files.items() if path not in present}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(
            f"{folder} cannot be made: {error.strerror}. Choose a folder you may write."
        ) from error
