"""A library: a git repository with skills/ and skill_tests/, and the one way to change its main branch.

- Reading resolves a name to a commit once; a snapshot never changes under its reader.
- Main moves by compare-and-swap only, forward only, to a commit that was built before.
- Nothing here reads or writes the user's work tree, index or HEAD, except `checkout.follow`.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memento.errors import ConflictError, LibraryError, MovedError
from memento.library import history, recovery
from memento.library.checkout import follow
from memento.library.git import Git, common_dir, create_repository, ensure_git, find_git_dir
from memento.library.lock import Held, landing_lock
from memento.library.messages import compose
from memento.library.objects import Draft, check_path, create
from memento.library.opening import main_of, make_folder, new_files
from memento.library.proposals import (
    Change,
    open_proposals,
    write_merge,
    write_proposal,
)
from memento.library.snapshot import CommitSnapshot
from memento.library.worktree import WorkTreeSnapshot
from memento.types import Exam, File, Proposal, Rewrite, Sha

VARIABLE = "MEMENTO_LIBRARY"
NOTES = "refs/notes/memento"
_TRIES = 5


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
        library = cls(root=root, git=git, main=main_of(git, root), now=now, ids=ids)
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
        make_folder(root)
        if not (root / ".git").exists():
            create_repository(root, "main")
        git = Git(git_dir=find_git_dir(root), now=now, durable=durable)
        library = cls(root=root, git=git, main=main_of(git, root), now=now, ids=ids)
        old = library._tip_or_none()
        present = library.at(old).entries() if old else {}
        if {"skills", "skill_tests"} <= {path.split("/")[0] for path in present}:
            raise LibraryError(f"{root} is a library already. Nothing was changed.")
        wanted = new_files(present)
        files = {path: file for path, file in wanted.items() if not os.path.lexists(root / path)}
        library._commit(dict(files), "Make this repository a library of skills", {}, old)
        return library

    # ------------------------------------------------------------ reading

    @property
    def state(self) -> Path:
        """The folder `.memento/`, made on first use, never in git."""
        folder = self.root / ".memento"
        make_folder(folder)
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
        answer = self.git.run(*name) if rev.isprintable() and rev else None
        if answer is None or answer.status:
            raise LibraryError(f"{rev!r} names no commit of this library. `memento log` lists them.")
        return CommitSnapshot(git=self.git, commit=Sha(answer.stdout.decode().strip()))

    def settings(self) -> str:
        """The text of memento.toml at main's tip, "" when there is none: policy is what has landed."""
        answer = self.git.run("cat-file", "blob", f"{self.tip()}:memento.toml")
        return answer.stdout.decode("utf-8", "replace") if answer.status == 0 else ""

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
        files = {path: None if data is None else File(data=data) for path, data in changes.items()}
        for _ in range(_TRIES):
            tip = self.tip()
            if base is not None and tip != base and self._differs(base, tip, tuple(files)):
                raise ConflictError(
                    "Main changed the same file meanwhile. Read it again and repeat the change."
                )
            try:
                return self._commit(files, message, trailers, tip)
            except MovedError:
                continue
        raise MovedError("Main kept moving while a file was being committed. Try again.")

    # ------------------------------------------------------------ moving main

    def swap(self, new: Sha, old: Sha | None, held: Held, *, more: str = "") -> None:
        """Move main from `old` to `new`, or raise MovedError and leave it.

        `more` holds further `update-ref --stdin` lines of the same transaction. Main is read again
        after an error: a failed command may still have moved it.
        """
        zero = "0" * len(new)
        lines = f"start\nupdate {self.main} {new} {old or zero}\n{more}prepare\ncommit\n"
        held.enter("refs")
        command = ("update-ref", "-m", "memento: land", "--stdin")
        answer = self.git.run(*command, stdin=lines.encode(), keep=(held.descriptor,))
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

    @contextmanager
    def writing(self) -> Iterator[Held]:
        """Hold the landing lock, after mending what a holder that was killed left behind."""
        with landing_lock(self.state) as held:
            if held.orphan is not None:
                recovery.mend(self._places(), held.orphan)
            yield held

    def recover(self) -> tuple[str, ...]:
        """Remove what a killed landing left behind; a sentence for each thing removed."""
        with landing_lock(self.state) as held:
            return recovery.mend(self._places(), held.orphan)

    def follow(self, old: Sha | None, new: Sha, held: Held) -> str:
        """Bring the checkout along after main moved; what happened to it, in a sentence."""
        held.enter("index")
        try:
            return follow(self.git, self.root, self.main, old, new)
        except (LibraryError, OSError) as error:
            # Landed is landed: an error in the checkout must not look like a failed landing.
            return f"the checkout could not follow: {error}"

    def _places(self) -> recovery.Places:
        git_dir = self.git.git_dir
        return recovery.Places(common=common_dir(git_dir), git_dir=git_dir, main=self.main)

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
        with self.writing() as held:
            self.swap(commit, old, held)
            self.follow(old, commit, held)
        return commit

    def _tip_or_none(self) -> Sha | None:
        answer = self.git.run("rev-parse", "--verify", "--quiet", f"{self.main}^{{commit}}")
        return None if answer.status else Sha(answer.stdout.decode().strip())

    def _differs(self, one: Sha, other: Sha, paths: tuple[str, ...]) -> bool:
        return self.git.run("diff-tree", "--quiet", "-r", one, other, "--", *paths).status != 0

    # ------------------------------------------------------------ looking back

    def log(
        self, skill: str | None = None, limit: int = 50, *, after: str | None = None
    ) -> tuple[history.LogEntry, ...]:
        """The landings on main, newest first; of one skill, or only those after a commit, when named."""
        start = None if after is None else self.at(after).commit
        return history.log(self.git, self.tip(), skill, limit, start)

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
