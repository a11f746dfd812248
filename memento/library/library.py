"""A library: a git repository with skills/ and skill_tests/, and the one way to change its main branch.

- Reading resolves a name to a commit once; a snapshot never changes under its reader.
- Main moves by compare-and-swap only, forward only, to a commit that was built before (`moving.py`).
- Nothing here reads or writes the user's work tree, index or HEAD, except `Checkout.follow`.

What only a change needs is imported where it is needed: a library of 10,000 skills is opened and
listed in less time than loading all of it takes.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from memento.changes import Exam, Proposal, Rewrite
from memento.errors import LibraryError
from memento.library.git import Git, common_dir, create_repository, ensure_git, find_git_dir
from memento.library.opening import main_of, main_of_damaged, make_folder, new_files, private_folder
from memento.library.reader import reading
from memento.library.snapshot import CommitSnapshot
from memento.library.steps import Reached, nothing
from memento.types import File, Sha

if TYPE_CHECKING:
    from memento.library import history
    from memento.library.checkout import Checkout
    from memento.library.lock import Held, Intent
    from memento.library.reader import Reader
    from memento.library.worktree import WorkTreeSnapshot

VARIABLE = "MEMENTO_LIBRARY"


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """An open library. `main` is its branch, as a full reference name."""

    root: Path
    git: Git
    main: str
    now: Callable[[], float]
    ids: Callable[[], str]
    """Fresh ids; one of them ends the name of each proposal's branch."""
    reached: Reached = nothing
    """Told of every step of a change; see `steps.py`."""

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
        cls,
        root: Path,
        *,
        now: Callable[[], float],
        ids: Callable[[], str],
        durable: bool = True,
        reached: Reached = nothing,
    ) -> "Library":
        """The library at `root`; LibraryError with the fix when it is none, or git cannot be used."""
        ensure_git()
        if not root.is_dir():
            raise LibraryError(f"{root} does not exist. Make a library with `memento init {root}`.")
        git = Git(git_dir=find_git_dir(root), now=now, durable=durable)
        with reading(git) as read:
            main = main_of(git, read, root)
            tops = read.tree(f"{main}^{{tree}}")
        library = cls(root=root, git=git, main=main, now=now, ids=ids, reached=reached)
        if not all(name in tops and tops[name].is_folder for name in ("skills", "skill_tests")):
            library.tip()
            raise LibraryError(
                f"{root} is a git repository but not a library: skills/ and skill_tests/ are missing. "
                f"Add them with `memento init {root}`."
            )
        return library

    @classmethod
    def init(
        cls,
        root: Path,
        *,
        now: Callable[[], float],
        ids: Callable[[], str],
        durable: bool = True,
        settings: str = "",
    ) -> "Library":
        """Make `root` a library with the starter skills, by one commit on main. What is there stays.

        `settings` is the text of its memento.toml; by default all defaults, commented out.
        LibraryError when it is a library already, or when nothing can be written.
        """
        from memento.library import moving

        ensure_git()
        make_folder(root)
        if not (root / ".git").exists():
            create_repository(root, "main")
        git = Git(git_dir=find_git_dir(root), now=now, durable=durable)
        with reading(git) as read:
            library = cls(root=root, git=git, main=main_of(git, read, root), now=now, ids=ids)
            old = read.commit(library.main)
        present = library.at(old).entries() if old else {}
        if {"skills", "skill_tests"} <= {path.split("/")[0] for path in present}:
            raise LibraryError(f"{root} is a library already. Nothing was changed.")
        wanted = new_files(present, settings)
        files = {path: file for path, file in wanted.items() if not os.path.lexists(root / path)}
        moving.commit(library, dict(files), "Make this repository a library of skills", {}, old)
        return library

    @classmethod
    def rescue(cls, root: Path, *, now: Callable[[], float], booted: float) -> tuple[str, ...]:
        """Mend the repository at `root` so that it can be opened; a sentence for each thing.

        `booted` is when the machine started: git's locks from before have no owner. LibraryError when
        it is no repository, or when a person must decide.
        """
        from memento.library.rescue import rescue

        ensure_git()
        git = Git(git_dir=find_git_dir(root), now=now)
        main = main_of_damaged(git, root)
        return rescue(cls(root=root, git=git, main=main, now=now, ids=lambda: ""), booted)

    # ------------------------------------------------------------ reading

    @property
    def state(self) -> Path:
        """The folder `.memento/`, made on first use, never in git."""
        return private_folder(self.root / ".memento")

    @property
    def aside(self) -> Path:
        """Where files of the checkout are while they are not whole."""
        return self.state / "checkout"

    def tip(self) -> Sha:
        """The commit that main is at now; LibraryError when there is none."""
        with reading(self.git) as read:
            tip = read.commit(self.main)
        if tip is None:
            if (common_dir(self.git.git_dir) / self.main).exists():
                raise LibraryError(
                    f"Main of {self.root} is damaged: it names no commit. `memento doctor` restores it."
                )
            raise LibraryError(
                f"{self.root} has no commit yet. Make a library with `memento init {self.root}`."
            )
        return tip

    def at(self, rev: str | None = None) -> CommitSnapshot:
        """The library at a commit, main's tip when None. LibraryError when `rev` names no commit."""
        if rev is None:
            return self.snapshot(self.tip())
        with reading(self.git) as read:
            commit = read.commit(rev) if rev.isprintable() and rev and not rev.startswith("-") else None
        if commit is None:
            raise LibraryError(f"{rev!r} names no commit of this library. `memento log` lists them.")
        return self.snapshot(commit)

    def snapshot(self, commit: Sha) -> CommitSnapshot:
        """The library at a commit that is known to exist."""
        return CommitSnapshot(git=self.git, commit=commit, cache=self.root / ".memento" / "headers.json")

    def settings(self) -> str:
        """The text of memento.toml at main's tip, "" when there is none: policy is what has landed."""
        with reading(self.git) as read:
            found = read.object(f"{self.main}:memento.toml")
        return found.data.decode("utf-8", "replace") if found and found.kind == "blob" else ""

    def worktree(self) -> "WorkTreeSnapshot":
        """The library as the files in `root` are now."""
        from memento.library.worktree import WorkTreeSnapshot

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
        from memento.library.proposals import Change, write_proposal

        change = Change(rewrite=rewrite, exam=exam, base=base, trailers=trailers, tainted=tainted)
        return write_proposal(self.git, change, self.ids(), self.reached)

    def discard(self, proposal: Proposal, held: "Held | None" = None) -> None:
        """Delete the proposal's branch, unless somebody moved it since. `held`: the lock, when one has it."""
        from memento.library import moving

        moving.discard(self, proposal, held)

    def rollback(self, skill: str, to: str | None = None) -> Rewrite:
        """The skill as it was at `to`, by default before the last landing that touched it, as a change.

        The tests stay as they are on main. LibraryError when there is no earlier version.
        """
        from memento.library import history

        return history.earlier(self.git, skill, self.tip(), self.at(to).commit if to is not None else None)

    def commit_files(
        self,
        changes: Mapping[str, bytes | None],
        message: str,
        trailers: Mapping[str, str],
        *,
        base: Sha | None = None,
    ) -> Sha:
        """A forward commit on main that writes (or, for None, removes) these files, by compare-and-swap.

        For files that no gate guards (tips.md). `base` is the commit they were read from: with it,
        ConflictError when main changed one of them since. MovedError when main never stood still.
        """
        from memento.library import moving

        files = {path: None if data is None else File(data=data) for path, data in changes.items()}
        return moving.commit_files(self, files, message, trailers, base)

    # ------------------------------------------------------------ moving main

    def swap(self, intent: "Intent", held: "Held") -> None:
        """Move main, or raise MovedError and leave everything."""
        from memento.library import moving

        moving.swap(self, intent, held)

    @contextmanager
    def writing(self, wait_s: float | None = None) -> "Iterator[Held]":
        """Hold the landing lock, after mending what a holder that was killed left behind."""
        from memento.library import moving

        with moving.writing(self, wait_s) as held:
            yield held

    def recover(self, wait_s: float | None = None) -> tuple[str, ...]:
        """Mend what a killed landing left behind; a sentence for each thing.

        LibraryError when another process is landing for longer than `wait_s` seconds.
        """
        from memento.library import moving

        return moving.recover(self, wait_s)

    def follow(self, intent: "Intent", held: "Held", read: "Reader") -> str:
        """Bring the checkout along after main moved; what happened to it, in a sentence."""
        from memento.library import moving

        return moving.follow(self, intent, held, read)

    def checkout(self) -> "Checkout":
        from memento.library.checkout import Checkout

        return Checkout(git=self.git, root=self.root, main=self.main, aside=self.aside, reached=self.reached)

    # ------------------------------------------------------------ looking back

    def log(
        self, skill: str | None = None, limit: int = 50, *, after: str | None = None
    ) -> "tuple[history.LogEntry, ...]":
        """The landings on main, newest first; of one skill, or only those after a commit, when named."""
        from memento.library import history

        start = None if after is None else self.at(after).commit
        return history.log(self.git, self.tip(), skill, limit, start)

    def diff(self, skill: str, old: str, new: str | None = None) -> str:
        """The unified diff of a skill and its tests between two commits."""
        from memento.library import history

        return history.diff(self.git, skill, self.at(old).commit, self.at(new).commit)

    def graph(self, limit: int = 50) -> str:
        """Main and the open proposals, drawn by git."""
        from memento.library import history

        return history.graph(self.git, self.main, limit)

    def note(self, sha: Sha) -> str | None:
        """The full gate report kept beside a landing, None when there is none."""
        from memento.library import history

        return history.note(self.git, sha)

    def proposals(self) -> tuple[Proposal, ...]:
        """The open proposals, oldest first."""
        from memento.library.proposals import open_proposals

        return open_proposals(self.git)
