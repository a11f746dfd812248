"""What happens to the user's checkout when main moves: it follows, or it is not touched at all.

It follows when HEAD is on main, nothing is half done there (merge, rebase, ...), and every path
that changed is exactly as main had it, in the index and on disk. Our own code writes the files:
git would run the smudge filters of the repository's attributes. Otherwise no file and no index
entry changes, and the sentence returned says why and what to do.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memento.errors import LibraryError
from memento.library.git import Git, common_dir
from memento.library.lock import Intent
from memento.library.reader import Reader
from memento.library.steps import Reached, nothing
from memento.library.worktree import blob_sha, read_file
from memento.types import File, Sha

_HALF_DONE = ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "REVERT_HEAD", "index.lock")


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One path that changed from `old` to `new`: (mode, blob), None where it does not exist."""

    path: str
    old: tuple[str, Sha] | None
    new: tuple[str, Sha] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkout:
    """The checkout at `root`, of a repository whose main branch is `main` (a full name)."""

    git: Git
    root: Path
    main: str
    aside: Path
    """A folder on the same file system, for files that are not whole yet."""
    reached: Reached = nothing

    def follow(self, intent: Intent, read: Reader) -> str:
        """Bring it along as main was, or say why not. Doing it again is harmless."""
        self.reached("checkout: before")
        note = self._follow(intent, read)
        self.reached("checkout: after")
        others = [str(place) for place in _others_on(self.git, self.main)]
        return f"{note}; the work tree {others[0]} is on it too and was left alone" if others else note

    def _follow(self, intent: Intent, read: Reader) -> str:
        if self.git.git_dir == self.root:
            return "the repository is bare, there is no checkout"
        if _branch_of(self.git.git_dir) != self.main:
            return f"the checkout is not on {self.main.removeprefix('refs/heads/')} and was left alone"
        half = [name for name in _HALF_DONE if (self.git.git_dir / name).exists()]
        if half:
            return f"the checkout is in the middle of something ({half[0]}) and was left alone"
        moves = _moves(self.git, intent, read)
        dirty = _dirty(self.git, self.root, moves)
        if dirty:
            return (
                f"the checkout has changes of its own in {dirty} and was left alone; keep what you need of "
                f"them, then `git restore --staged --worktree -- {dirty}` brings the landed version"
            )
        if _links_on_the_way(self.root, moves):
            return "a folder of the checkout is a symbolic link and was left alone"
        _write(self, moves, read)
        return "the checkout follows"


def _branch_of(git_dir: Path) -> str | None:
    """The branch that HEAD is on, None when it is detached."""
    head = (git_dir / "HEAD").read_text("utf-8", "replace").strip()
    return head.removeprefix("ref:").strip() if head.startswith("ref:") else None


def _others_on(git: Git, main: str) -> list[Path]:
    """Other work trees that have main checked out."""
    common = common_dir(git.git_dir)
    places = {item: (item / (item / "gitdir").read_text("utf-8").strip()).parent for item in _linked(common)}
    if common.name == ".git":
        places[common] = common.parent
    return [place for item, place in places.items() if item != git.git_dir and _branch_of(item) == main]


def _linked(common: Path) -> list[Path]:
    folder = common / "worktrees"
    return [
        item for item in sorted(folder.glob("*")) if (item / "HEAD").is_file() and (item / "gitdir").is_file()
    ]


def _moves(git: Git, intent: Intent, read: Reader) -> list[Move]:
    if intent.paths and intent.old:
        before, after = (_below(read, commit, intent.paths) for commit in (intent.old, intent.new))
        paths = [path for path in sorted({**before, **after}) if before.get(path) != after.get(path)]
        return [Move(path=path, old=before.get(path), new=after.get(path)) for path in paths]
    start = intent.old or git.line("hash-object", "-t", "tree", "--stdin")
    fields = git("diff-tree", "-r", "-z", "--no-renames", start, intent.new).decode(
        "utf-8", "surrogateescape"
    )
    parts = fields.split("\0")[:-1]
    moves = []
    for meta, path in zip(parts[::2], parts[1::2], strict=True):
        old_mode, new_mode, old_sha, new_sha, _ = meta.removeprefix(":").split()
        moves.append(Move(path=path, old=_side(old_mode, old_sha), new=_side(new_mode, new_sha)))
    return moves


def _below(read: Reader, commit: Sha, paths: Sequence[str]) -> dict[str, tuple[str, Sha]]:
    found: dict[str, tuple[str, Sha]] = {}
    for path in paths:
        item = read.entry(commit, path)
        inside = read.walk(item.sha) if item and item.is_folder else {}
        found |= {f"{path}/{name}": (file.mode, file.sha) for name, file in inside.items()}
        if item and not item.is_folder:
            found[path] = (item.mode, item.sha)
    return found


def _side(mode: str, sha: str) -> tuple[str, Sha] | None:
    return None if mode == "000000" else (mode, Sha(sha))


def _dirty(git: Git, root: Path, moves: list[Move]) -> str | None:
    """The first path that is not as main had it, in the index or on disk."""
    index = _index(git, [move.path for move in moves])
    for move in moves:
        # What is there already as landed is fine too: whoever brought it along was killed at it.
        fine = (move.old, move.new)
        on_disk = _on_disk(root / move.path, len(_any_sha(move)))
        if index.get(move.path) not in fine or on_disk not in fine:
            return move.path
    return None


def _any_sha(move: Move) -> Sha:
    """Any blob name of the move; its length tells the repository's hash."""
    side = move.new or move.old
    assert side is not None
    return side[1]


def _index(git: Git, paths: list[str]) -> dict[str, tuple[str, Sha]]:
    if not paths:
        return {}
    out = git("ls-files", "--stage", "-z", "--", *paths).decode("utf-8", "surrogateescape")
    found = {}
    for line in out.split("\0")[:-1]:
        meta, path = line.split("\t", 1)
        mode, sha, stage = meta.split()
        # A stage other than 0 is an unresolved conflict: never equal to what main had.
        found[path] = (mode if stage == "0" else stage, Sha(sha))
    return found


def _on_disk(path: Path, digits: int) -> tuple[str, Sha] | None:
    """The file as git would name it; a link, device or unreadable file is never as main had it."""
    file = read_file(path)
    if file is None:
        return ("other", Sha("")) if os.path.lexists(path) else None
    return ("100755" if file.executable else "100644", blob_sha(file.data, digits))


def _links_on_the_way(root: Path, moves: list[Move]) -> bool:
    folders = {parent for move in moves for parent in (root / move.path).parents if parent != root}
    return any(folder.is_symlink() for folder in folders if folder.is_relative_to(root))


def _write(checkout: Checkout, moves: list[Move], read: Reader) -> None:
    git, root = checkout.git, checkout.root
    wanted = [(move.path, move.new) for move in moves if move.new is not None]
    if any(mode not in ("100644", "100755") for _, (mode, _) in wanted):
        raise LibraryError("The landed commit holds a link or a submodule; the checkout was left alone.")
    blobs = read.blobs([sha for _, (_, sha) in wanted])
    for (path, (mode, _)), data in zip(wanted, blobs, strict=True):
        _write_file(checkout, path, File(data=data, executable=mode == "100755"))
        checkout.reached("checkout: file")
    for move in moves:
        if move.new is None:
            _remove(root, root / move.path)
    checkout.reached("checkout: files")
    lines = [_index_line(move) for move in moves]
    git("update-index", "-z", "--index-info", stdin="".join(lines).encode("utf-8", "surrogateescape"))


def _index_line(move: Move) -> str:
    mode, sha = move.new or ("0", Sha("0" * len(_any_sha(move))))
    return f"{mode} {sha}\t{move.path}\0"


def _write_file(checkout: Checkout, path: str, file: File) -> None:
    target = checkout.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    checkout.aside.mkdir(exist_ok=True)
    partial = checkout.aside / str(os.getpid())
    partial.write_bytes(file.data)
    partial.chmod(0o755 if file.executable else 0o644)
    partial.replace(target)


def _remove(root: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()
