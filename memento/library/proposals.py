"""Proposals as commits: a rewrite written on its base, and the merge that would land it.

                 onto ── merge          merge = onto's tree with the proposal's paths grafted in
                /       /
    ── base ───●───────/
        \\             /
         proposal ────●                 branch memento/<skill>/<id>

Only two paths belong to a proposal: the skill's folder and its test file. A path that both sides
changed since the base is a conflict; two changes to a skill are never merged as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from memento.changes import Exam, Proposal, Rewrite
from memento.errors import ConflictError, LibraryError
from memento.library.git import Git
from memento.library.messages import compose, describe, one_line, trailers_of
from memento.library.objects import Draft, create, writer
from memento.library.opening import BRANCHES
from memento.library.reader import Entry, Reader, reading
from memento.library.steps import Reached, nothing
from memento.skill import bump, edit, parse
from memento.skill.frontmatter import split
from memento.skill.reader import NAME, NAME_CHARACTERS
from memento.skill.versions import newer
from memento.types import ChangeKind, File, Folder, Sha, test_path

OF_EXAM = ("Memento-Exam", "Memento-Parked")
"""Trailers that say which tests a commit's test file holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a proposal is made of."""

    rewrite: Rewrite
    exam: Exam | None
    base: Sha
    trailers: Mapping[str, str] = field(default_factory=dict)
    tainted: bool = False


def write_proposal(git: Git, change: Change, id: str, reached: Reached = nothing) -> Proposal:  # noqa: A002
    """The change as a commit on a new branch. LibraryError when a path or name is not fit for a library."""
    rewrite, exam = change.rewrite, change.exam
    skill = check_name(rewrite.skill)
    branch = f"memento/{skill}/{id}"
    with reading(git) as read:
        put = {f"skills/{skill}/{path}": file for path, file in _versioned(read, change).items()}
        if exam is not None:
            put[test_path(skill)] = File(data=exam.test_file)
        message = describe(skill, rewrite.kind, rewrite.idea, _trailers(change, id))
        # Tests without their skill would be strangers: a retirement takes them along.
        gone = (f"skills/{skill}",) if rewrite.folder else paths_of(skill)
        draft = Draft(message=message, parents=(change.base,), remove=tuple(gone), put=put)
        commit = create(draft, read, writer(git, len(change.base), reached))
    reached("branch: before")
    # The old value of zero: a branch of that name must not exist yet.
    git("update-ref", f"refs/heads/{branch}", commit, "0" * len(commit))
    reached("branch: after")
    return Proposal(
        id=id,
        skill=skill,
        kind=rewrite.kind,
        branch=branch,
        base=change.base,
        commit=commit,
        idea=rewrite.idea,
        exam=exam,
        tainted=change.tainted,
    )


def write_revision(git: Git, proposal: Proposal, change: Change, test: bytes | None) -> Proposal:
    """The change as one more commit on the proposal's branch; LibraryError when somebody moved it meanwhile.

    `change.base` is the proposal's own, or a newer commit of main: then the branch starts anew from there.
    The test file is `test`; `change.exam` only when that is the frozen one.
    """
    rewrite, skill = change.rewrite, proposal.skill
    parent = proposal.commit if change.base == proposal.base else change.base
    with reading(git) as read:
        put = {f"skills/{skill}/{path}": file for path, file in _versioned(read, change).items()}
        if test is not None:
            put[test_path(skill)] = File(data=test)
        message = describe(skill, rewrite.kind, rewrite.idea, _trailers(change, proposal.id))
        draft = Draft(message=message, parents=(parent,), remove=paths_of(skill), put=put)
        commit = create(draft, read, writer(git, len(parent)))
    answer = git.run("update-ref", f"refs/heads/{proposal.branch}", commit, proposal.commit)
    if answer.status:
        raise LibraryError(f"The branch {proposal.branch} has moved or is gone: somebody else is at it.")
    return replace(proposal, base=change.base, commit=commit, exam=change.exam)


def merge_of(read: Reader, proposal: Proposal, onto: Sha, trailers: Mapping[str, str]) -> Draft:
    """The merge commit that lands `proposal` on `onto`, to be made. ConflictError as said above."""
    remove, graft = [], {}
    for path in paths_of(proposal.skill):
        old, new = (_at(read, commit, path) for commit in (proposal.base, proposal.commit))
        now = old if onto == proposal.base else _at(read, onto, path)
        if new in (old, now):
            continue
        if now != old:
            raise ConflictError(
                f"{path} changed on main since this proposal was written. Write it anew on main's tip."
            )
        remove.append(path)
        if new is not None:
            graft[path] = new
    if not remove:
        raise ConflictError(f"Main has all of this already: `git branch -D {proposal.branch}` ends it.")
    subject = f"Land {proposal.skill}: {one_line(proposal.idea) or proposal.kind}"
    message = compose(subject, "", {**_inherited(read, proposal), **trailers})
    parents = (onto, proposal.commit)
    return Draft(message=message, parents=parents, remove=tuple(remove), graft=graft)


def conflict(git: Git, proposal: Proposal, onto: Sha) -> str | None:
    """Why a proposal cannot be merged into a commit of main; None when it can."""
    with reading(git) as read:
        try:
            merge_of(read, proposal, onto, {})
        except ConflictError as error:
            return str(error)
    return None


def paths_of(skill: str) -> tuple[str, str]:
    """All that belongs to a skill: its folder and its test file."""
    return f"skills/{skill}", test_path(skill)


def open_proposals(git: Git) -> tuple[Proposal, ...]:
    """The proposals whose branches exist, oldest first; branches that are none of ours are left out."""
    listed = git("for-each-ref", "--sort=creatordate", "--format=%(objectname) %(refname)", BRANCHES)
    found = (line.split(" ", 1) for line in listed.decode().splitlines())
    with reading(git) as read:
        read_back = [_read_proposal(read, Sha(sha), ref.removeprefix("refs/heads/")) for sha, ref in found]
    return tuple(proposal for proposal in read_back if proposal is not None)


def check_name(name: str) -> str:
    """The name, when it can be a skill's; LibraryError otherwise."""
    if not NAME.fullmatch(name) or len(name) > NAME_CHARACTERS:
        raise LibraryError(f"{name!r} is no skill name. Use a-z, 0-9 and single hyphens, at most 64.")
    return name


def _versioned(read: Reader, change: Change) -> Folder:
    """The folder, its version raised and its parent named; what cannot be read is left to the gate."""
    rewrite = change.rewrite
    document = rewrite.folder.get("SKILL.md")
    if document is None or split(document.data) is None:
        return rewrite.folder
    parent = _at(read, change.base, f"skills/{rewrite.skill}/SKILL.md")
    before = read.blobs([parent.sha])[0] if parent else document.data
    skill = parse(before, folder=rewrite.skill).skill
    version = bump(skill.version if skill else "0.0.0", rewrite.kind if parent else ChangeKind.CREATE)
    if rewrite.kind is ChangeKind.EDIT:
        written = parse(document.data, folder=rewrite.skill).skill
        version = newer(version, written.version if written else version)
    tags = {"memento-version": version, "memento-parent": parent.sha if parent else None}
    data = edit(document.data, metadata=tags)
    return {**rewrite.folder, "SKILL.md": File(data=data, executable=document.executable)}


def _trailers(change: Change, id: str) -> dict[str, str]:  # noqa: A002
    rewrite, exam = change.rewrite, change.exam
    ours = {
        "Memento-Proposal": id,
        "Memento-Skill": rewrite.skill,
        "Memento-Kind": rewrite.kind.value,
        "Memento-Idea": rewrite.idea,
    }
    if exam is not None:
        ours["Memento-Exam"] = " ".join([exam.digest, *exam.new_tests])
        if exam.parked:
            ours["Memento-Parked"] = " ".join(exam.parked)
    if change.tainted:
        ours["Memento-Tainted"] = "yes"
    return {**ours, **change.trailers, **ours}  # first and last word: a caller cannot overrule these


def _inherited(read: Reader, proposal: Proposal) -> dict[str, str]:
    """The proposal's own trailers: the landing carries them too, so that main's line tells all."""
    message = _raw(read, proposal.commit).partition("\n\n")[2]
    found = {key: value for key, value in trailers_of(message).items() if key not in OF_EXAM}
    return {**found, "Memento-Skill": proposal.skill, "Memento-Kind": proposal.kind.value}


def _raw(read: Reader, commit: Sha) -> str:
    found = read.object(commit)
    if found is None:
        raise LibraryError(f"The commit {commit} is missing. Run `memento doctor`.")
    return found.data.decode("utf-8", "replace")


def _at(read: Reader, commit: Sha, path: str) -> Entry | None:
    """What is at a path of a commit, None when nothing is; LibraryError for a link or a submodule."""
    found = read.entry(commit, path)
    if found is not None and not (found.is_file or found.is_folder):
        raise LibraryError(f"{path} is a link or a submodule. Replace it by a file or a folder.")
    return found


def _read_proposal(read: Reader, commit: Sha, branch: str) -> Proposal | None:
    head, _, message = _raw(read, commit).partition("\n\n")
    parents = [line.split()[1] for line in head.split("\n") if line.startswith("parent ")]
    trailers = trailers_of(message)
    kind, skill = trailers.get("Memento-Kind", ""), trailers.get("Memento-Skill", "")
    if kind not in set(ChangeKind) or len(parents) != 1 or not branch.startswith(f"memento/{skill}/"):
        return None
    return Proposal(
        id=branch.rsplit("/", 1)[1],
        skill=skill,
        kind=ChangeKind(kind),
        branch=branch,
        base=_base(read, commit, trailers.get("Memento-Proposal", "")),
        commit=commit,
        idea=trailers.get("Memento-Idea", ""),
        exam=_read_exam(read, commit, skill, trailers),
        tainted=trailers.get("Memento-Tainted") == "yes",
    )


def _base(read: Reader, commit: Sha, id: str) -> Sha:  # noqa: A002
    """The first ancestor that is no revision of the same proposal: the commit of main it starts from."""
    while True:
        head, _, message = _raw(read, commit).partition("\n\n")
        parents = [line.split()[1] for line in head.split("\n") if line.startswith("parent ")]
        if len(parents) != 1 or not id or trailers_of(message).get("Memento-Proposal") != id:
            return commit
        commit = Sha(parents[0])


def _read_exam(read: Reader, commit: Sha, skill: str, trailers: Mapping[str, str]) -> Exam | None:
    digest, *new_tests = trailers.get("Memento-Exam", "").split() or [""]
    test = _at(read, commit, test_path(skill))
    if not digest or test is None:
        return None
    data = read.blobs([test.sha])[0]
    parked = tuple(trailers.get("Memento-Parked", "").split())
    return Exam(skill=skill, test_file=data, new_tests=tuple(new_tests), digest=digest, parked=parked)
