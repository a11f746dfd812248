"""Moving main: the only place where it happens.

1. With the landing lock held, a mark says where main, the notes and the branch are to go.
2. One `update-ref` transaction moves them all from their old values, or none.
3. After an error main is read again, never assumed: a command that failed may have moved it.
4. What main has reached is noted down, for the day when its file is found damaged.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from memento.changes import Proposal
from memento.errors import ConflictError, LibraryError, MovedError
from memento.library.git import common_dir
from memento.library.landed import note_down
from memento.library.lock import Held, Intent, landing_lock
from memento.library.messages import compose
from memento.library.objects import Draft, create, writer
from memento.library.opening import make_folder
from memento.library.reader import Reader, reading
from memento.library.recovery import NOTES, Places, mend, settle
from memento.types import File, Sha

if TYPE_CHECKING:
    from memento.library.library import Library

_TRIES = 5
_FEW = 3
"""So many paths fit into the mark that a landing leaves; more are found by comparing commits."""


def folder_of(library: "Library") -> Path:
    """The folder for the lock and the list of landings, one for all work trees of a repository."""
    folder = common_dir(library.git.git_dir) / "memento"
    make_folder(folder)
    return folder


@contextmanager
def writing(library: "Library", wait_s: float | None = None) -> Iterator[Held]:
    """Hold the landing lock, after mending what a holder that was killed left behind."""
    git = library.git
    with landing_lock(
        folder_of(library), durable=git.durable, reached=library.reached, wait_s=wait_s
    ) as held:
        if held.orphan is not None:
            mend(places(library), held)
        yield held


def recover(library: "Library", wait_s: float | None = None) -> tuple[str, ...]:
    """Mend what a killed landing left behind; a sentence for each thing."""
    with landing_lock(folder_of(library), durable=library.git.durable, wait_s=wait_s) as held:
        done = mend(places(library), held)
        note(library, library.tip())
        return done


def note(library: "Library", tip: Sha) -> None:
    """Note down where main is."""
    path = folder_of(library) / "landed"
    note_down(path, library.main, tip, library.now(), durable=library.git.durable)


def places(library: "Library") -> Places:
    common = common_dir(library.git.git_dir)
    follow = library.checkout().follow
    return Places(git=library.git, common=common, main=library.main, aside=library.aside, follow=follow)


def swap(library: "Library", intent: Intent, held: Held) -> None:
    """Move main and what goes with it; MovedError, and nothing moved, when one was not at its old value."""
    git = library.git
    zero = "0" * len(intent.new)
    lines = [f"update {library.main} {intent.new} {intent.old or zero}"]
    if intent.notes_new:
        lines.append(f"update {NOTES} {intent.notes_new} {intent.notes_old or zero}")
    if intent.branch:
        lines.append(f"delete refs/heads/{intent.branch} {intent.commit}")
    held.enter("refs", intent)
    library.reached("mark: after")
    library.reached("main: before")
    script = "\n".join(["start", *lines, "prepare", "commit", ""])
    command = ("update-ref", "-m", "memento: land", "--stdin")
    answer = git.run(*command, stdin=script.encode(), keep=(held.descriptor,))
    library.reached("main: after")
    if answer.status:
        _look_again(library, intent, held, answer.stderr)
    note(library, intent.new)
    library.reached("landed: after")


def _look_again(library: "Library", intent: Intent, held: Held, said: str) -> None:
    """What a failed command means: nothing when main moved all the same, else an error."""
    tuple(settle(library.git, library.main, intent))
    with reading(library.git) as read:
        tip, notes = read.commit(library.main), read.commit(NOTES)
        branch = read.commit(f"refs/heads/{intent.branch}") if intent.branch else None
    if tip == intent.new:
        return
    held.enter("")
    if tip != intent.old or (intent.notes_new and notes != intent.notes_old):
        raise MovedError("Main moved while a change was being landed. Try again.")
    if branch != intent.commit:
        raise LibraryError(
            f"The branch {intent.branch} is gone or has moved: somebody else landed, discarded or changed it."
        )
    words = said.strip().splitlines()
    raise LibraryError(
        f"Main could not be moved: {words[-1] if words else 'git failed'}. Nothing has changed; "
        "`memento doctor` says more."
    )


def discard(library: "Library", proposal: Proposal, held: Held | None) -> None:
    """Delete the proposal's branch, unless somebody moved it since."""
    with held_or_taken(library, held) as holder:
        library.reached("discard: before")
        # Deleting locks packed-refs: whoever dies at it must leave a mark.
        holder.enter("refs")
        ended = ("update-ref", "-d", f"refs/heads/{proposal.branch}", proposal.commit)
        library.git.run(*ended, keep=(holder.descriptor,))
        library.reached("discard: after")
        holder.enter("")


@contextmanager
def held_or_taken(library: "Library", held: Held | None) -> Iterator[Held]:
    """The lock that is held already, or else the lock, taken."""
    if held is not None:
        yield held
        return
    with writing(library) as taken:
        yield taken


def follow(library: "Library", intent: Intent, held: Held, read: Reader) -> str:
    """Bring the checkout along after main moved; what happened to it, in a sentence."""
    held.enter("index", intent)
    try:
        return library.checkout().follow(intent, read)
    except (LibraryError, OSError) as error:
        # Landed is landed: an error in the checkout must not look like a failed landing.
        return f"the checkout could not follow: {error}"


def forward(library: "Library", new: Sha, proposal: Proposal) -> str:
    """Main, brought to a commit that people merged elsewhere; the proposal's branch goes with it.

    What happened to the checkout, in a sentence. ConflictError, and nothing moved, when main is not
    contained in that commit.
    """
    git = library.git
    with writing(library) as held, reading(git) as read:
        tip = library.tip()
        if git.run("merge-base", "--is-ancestor", tip, new).status:
            raise ConflictError(f"{library.main} has commits that {new[:10]} has not.")
        intent = Intent(old=tip, new=new, branch=proposal.branch, commit=proposal.commit)
        swap(library, intent, held)
        return follow(library, intent, held, read)


def commit(
    library: "Library",
    files: Mapping[str, File | None],
    message: str,
    trailers: Mapping[str, str],
    old: Sha | None,
) -> Sha:
    """Main, moved by one commit that writes these files and removes those that are None."""
    git = library.git
    draft = Draft(
        message=compose(message, "", trailers),
        parents=(old,) if old else (),
        remove=tuple(path for path, file in files.items() if file is None and old),
        put={path: file for path, file in files.items() if file is not None},
    )
    digits = len(old or git.line("hash-object", "-t", "tree", "--stdin"))
    with reading(git) as read:
        made = create(draft, read, writer(git, digits, library.reached))
        intent = Intent(old=old, new=made, paths=tuple(files) if len(files) < _FEW else ())
        with writing(library) as held:
            swap(library, intent, held)
            follow(library, intent, held, read)
    return made


def commit_files(
    library: "Library",
    files: Mapping[str, File | None],
    message: str,
    trailers: Mapping[str, str],
    base: Sha | None,
) -> Sha:
    """`commit` on whatever main is by then, unless one of `files` has changed there since `base`."""
    for _ in range(_TRIES):
        tip = library.tip()
        if base is not None and tip != base and _differs(library, base, tip, files):
            raise ConflictError("Main changed the same file meanwhile. Read it again and repeat the change.")
        try:
            return commit(library, files, message, trailers, tip)
        except MovedError:
            continue
    raise MovedError("Main kept moving while a file was being committed. Try again.")


def _differs(library: "Library", one: Sha, other: Sha, paths: Iterable[str]) -> bool:
    return library.git.run("diff-tree", "--quiet", "-r", one, other, "--", *paths).status != 0
