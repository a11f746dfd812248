"""Mending what a killed process left behind. Runs inside the landing lock, so nobody is landing.

git's own `*.lock` files carry no owner. One is removed when it appeared after the mark of a landing
that died (see `lock.py`), and could be of the stage that the mark names. Nothing else is touched:
the index lock of a person who has an editor open is none of ours.

    stage "refs"    main, the notes, HEAD, packed-refs and the proposals' branches
    stage "index"   the index of the checkout

git moves several references one after the other, and may be killed between two. The mark says where
all of them were going: when main arrived, the others are brought there and the checkout follows;
when it did not, the note that was moved already goes back.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from memento.library.git import Git
from memento.library.lock import UNSETTLED, Held, Intent, Orphan
from memento.library.reader import Reader, reading
from memento.types import Sha

NOTES = "refs/notes/memento"


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where git keeps what a landing locks, and how the checkout is brought along."""

    git: Git
    common: Path
    main: str
    aside: Path
    """The folder of checkout files that are not whole yet."""
    follow: Callable[[Intent, Reader], str]


def mend(places: Places, held: Held) -> tuple[str, ...]:
    """A sentence for each thing that was mended."""
    orphan = held.orphan
    done = [_remove(path) for path in (_locks(places, orphan) if orphan is not None else ())]
    done += [_remove(path) for path in places.common.glob("fast_import_crash_*")]
    for path in places.aside.glob("*") if places.aside.is_dir() else ():
        path.unlink(missing_ok=True)
    if orphan is not None and orphan.intent is not None:
        # A new mark: who is killed while mending leaves locks of this stage, not of the one before.
        held.enter("refs", orphan.intent)
        done += settle(places.git, places.main, orphan.intent)
        with reading(places.git) as read:
            if read.commit(places.main) == orphan.intent.new:
                held.enter("index", orphan.intent)
                note = places.follow(orphan.intent, read)
                done.append(f"completed a landing that was interrupted: {note}")
    return tuple(done)


def settle(git: Git, main: str, intent: Intent) -> Iterator[str]:
    """Bring the other references where main is: all of them at the intent's old values, or all at the new."""
    with reading(git) as read:
        tip, notes = read.commit(main), read.commit(NOTES)
        branch = read.commit(f"refs/heads/{intent.branch}") if intent.branch else None
    arrived = tip is not None and _holds(git, tip, intent.new)
    if arrived and intent.notes_new and notes == intent.notes_old:
        git("update-ref", NOTES, intent.notes_new, intent.notes_old or "0" * len(intent.new))
        yield "put the gate's report beside a landing that was interrupted"
    if arrived and branch is not None and branch == intent.commit:
        git("update-ref", "-d", f"refs/heads/{intent.branch}", branch)
        yield f"removed the branch {intent.branch}, which has landed"
    if not arrived and intent.notes_new and notes == intent.notes_new:
        back = ("update-ref", NOTES, intent.notes_old) if intent.notes_old else ("update-ref", "-d", NOTES)
        git(*back, notes)
        yield "took back the report of a landing that did not happen"


def _holds(git: Git, tip: Sha, commit: Sha) -> bool:
    return tip == commit or git.run("merge-base", "--is-ancestor", commit, tip).status == 0


def _locks(places: Places, orphan: Orphan) -> Iterator[Path]:
    common, git_dir = places.common, places.git.git_dir
    if orphan.stage == UNSETTLED:
        return
    if orphan.stage == "index":
        candidates = [git_dir / "index.lock"]
    else:
        candidates = [common / f"{places.main}.lock", *(common / "refs/notes").glob("memento*.lock")]
        candidates += [git_dir / "HEAD.lock", common / "HEAD.lock", common / "packed-refs.lock"]
        candidates += (common / "refs/heads/memento").rglob("*.lock")
    for lock in dict.fromkeys(candidates):
        # A hundredth of a second for file systems that round times down.
        if lock.is_file() and not lock.is_symlink() and lock.stat().st_mtime >= orphan.since - 0.01:
            yield lock


def _remove(path: Path) -> str:
    path.unlink(missing_ok=True)
    return f"removed {path.name}, left by a command that died"
