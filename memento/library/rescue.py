"""What `memento doctor` mends, with the landing lock held. Each mending is a sentence; nothing else changes.

    a lock of git's          goes when it is older than the machine's start and nobody has it open
    a branch that landed     goes: the landing is its record
    a draft reference        goes: a landing of an earlier version died
    half an object           goes when it is an hour old
    main                     when its commit, a folder or a file of it cannot be read, it goes back to the
                             newest landing that is whole; what its file held is kept beside the lock

Main goes back by a few landings at most: where more is damaged, a person decides.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memento.errors import LibraryError
from memento.library import moving
from memento.library.git import Git, common_dir
from memento.library.landed import newest
from memento.library.lock import landing_lock
from memento.library.objects import PARTIAL
from memento.library.opening import BRANCHES
from memento.library.proposals import open_proposals
from memento.library.reader import Entry, Reader, reading
from memento.library.recovery import mend
from memento.types import Sha

if TYPE_CHECKING:
    from memento.library.library import Library

MOST_LANDINGS = 10
PATIENCE_S = 5.0
_OLD_S = 3600.0


def rescue(library: "Library", booted: float) -> tuple[str, ...]:
    """Mend a repository so that it can be opened. LibraryError when a person must decide.

    `library` need not be one that opens; `booted` is when the machine started, Unix time.
    """
    folder = moving.folder_of(library)
    git, main, common = library.git, library.main, common_dir(library.git.git_dir)
    # The lock that is held by somebody alive is waited for, and never taken.
    with landing_lock(folder, durable=git.durable, wait_s=PATIENCE_S) as held:
        done = [*_drafts(git), *_halves(git, common)]
        if not _whole(git, main):
            done.append(_restore(git, main, folder))
        done += mend(moving.places(library), held)
        done += [*_locks(git, common, main, booted), *_landed_branches(git, main)]
        with reading(git) as read:
            tip = read.commit(main)
        if tip is not None:
            moving.note(library, tip)
        return tuple(done)


def _locks(git: Git, common: Path, main: str, booted: float) -> Iterator[str]:
    git_dir = git.git_dir
    names = (f"{main}.lock", "packed-refs.lock", "HEAD.lock", "config.lock")
    found = [*(common / name for name in names), *(common / "refs/notes").glob("memento*.lock")]
    found += [git_dir / "index.lock", git_dir / "HEAD.lock", *(common / BRANCHES).rglob("*.lock")]
    for lock in dict.fromkeys(found):
        if not lock.is_file() or lock.is_symlink():
            continue
        age_s = git.now() - lock.stat().st_mtime
        if lock.stat().st_mtime < booted and not _is_open(lock):
            lock.unlink()
            yield f"removed {lock.name}, left from before the machine started"
        else:
            yield (
                f"left {lock} alone: it is {age_s / 60:.0f} minutes old and may have an owner; "
                "when no git command is running, delete it"
            )


def _is_open(path: Path) -> bool:
    """Whether a process has the file open; processes of other users may hide it."""
    target = str(path.resolve())
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) == target:
                return True
        except OSError:  # it ended, or is somebody else's
            continue
    return False


def _drafts(git: Git) -> Iterator[str]:
    for line in (
        git("for-each-ref", "--format=%(refname) %(objectname)", "refs/memento/draft/").decode().splitlines()
    ):
        ref, commit = line.split()
        git("update-ref", "-d", ref, commit)
        yield f"removed {ref}, left by a command that died"


def _halves(git: Git, common: Path) -> Iterator[str]:
    for path in (common / "objects").glob(f"??/{PARTIAL}*"):
        if git.now() - path.stat().st_mtime > _OLD_S:
            path.unlink(missing_ok=True)
            yield f"removed {path.name}, half an object of a command that died"


def _landed_branches(git: Git, main: str) -> Iterator[str]:
    for proposal in open_proposals(git):
        landed = ("merge-base", "--is-ancestor", proposal.commit, main)
        if git.run(*landed).status == 0:
            git("update-ref", "-d", f"refs/heads/{proposal.branch}", proposal.commit)
            yield f"removed the branch {proposal.branch}, which has landed"


def _whole(git: Git, rev: str) -> bool:
    """Whether the commit, its folders and its files can all be read."""
    try:
        with reading(git) as read:
            commit = read.commit(rev)
            if commit is None:
                return False
            _read_all(read, list(read.walk(read.root(commit)).values()))
    except LibraryError:
        return False
    return True


def _read_all(read: Reader, items: Sequence[Entry]) -> None:
    shas = [item.sha for item in items if item.is_file]
    for at in range(0, len(shas), 500):
        read.blobs(shas[at : at + 500])


def _restore(git: Git, main: str, folder: Path) -> str:
    common = common_dir(git.git_dir)
    empty = [path for path in (common / "objects").glob("??/*") if path.stat().st_size == 0]
    for path in empty:
        path.unlink()  # a crash of the machine leaves them: git would take the object for written
    tips = [*newest(folder / "landed", main, MOST_LANDINGS), *_reflog(common, main)]
    whole = next((tip for tip in dict.fromkeys(tips) if _whole(git, tip)), None)
    if whole is None:
        raise LibraryError(
            f"{main} is damaged, and so are its last {MOST_LANDINGS} landings, or none is known. "
            "See what `git fsck` says, and fetch main from a clone."
        )
    file = common / main
    if file.is_file() and not file.is_symlink():
        file.replace(folder / f"damaged-main-{int(git.now())}")
    git("update-ref", "-m", "memento: restore", main, whole)
    lost = tips.index(whole)
    return (
        f"main was damaged and is back at {whole[:12]}, its newest landing that is whole "
        f"({lost} newer not readable). The files of the checkout were left alone: compare them with "
        "`git status` before you discard any"
    )


def _reflog(common: Path, main: str) -> list[Sha]:
    """Main's last values by git's own log, newest first."""
    try:
        text = (common / "logs" / main).read_text("utf-8", "replace")
    except OSError:
        return []
    news = [line.split(" ")[1] for line in text.splitlines() if line.count(" ") > 1]
    return [Sha(new) for new in reversed(news) if len(new) in (40, 64) and new.isalnum()][:MOST_LANDINGS]
