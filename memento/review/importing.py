"""Importing skills from elsewhere: as proposals through the gate, like any other change.

1. Only allow-listed files are taken, in the specification's form; what is left out is named.
2. A new skill that repeats one of the library is refused: the one to extend is named.
3. The gate decides. A skill from elsewhere has no tests here, so its word is mostly INDECISIVE: the
   branch waits for a person, or lands at once when the person who imports agrees. A FAIL never lands.
4. What has landed is recorded in memento.lock by a forward commit: source, commit, licence, digests.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from memento.changes import (
    Disposition,
    GateOutcome,
    GateReport,
    Landing,
    Rewrite,
)
from memento.errors import SkillError, UsageError
from memento.journal import Journal
from memento.library import Library, land
from memento.library.lineage import file_at
from memento.library.sources import Found, Source
from memento.protocols import Gate, Snapshot
from memento.review.consent import Trailers, consent, with_consent
from memento.review.lockfile import PLACE, Origin, digests, origin_trailer, read_lock, record
from memento.skill import parse
from memento.skill.duplicates import profile_of, twin_in
from memento.skill.taking import conformed, left_out, skill_name, unfit, without_version
from memento.types import ChangeKind, File, FileName, Folder, Sha

_IDEA = "import from "


class Became(StrEnum):
    """What became of one skill of the source."""

    LANDED = "landed"
    OPEN = "open"
    DISCARDED = "discarded"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    UNUSABLE = "unusable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One skill on its way in. `problem` is why it cannot be imported at all."""

    skill: str
    folder: Folder
    origin: Origin
    left_out: tuple[tuple[FileName, str], ...]
    """(path, why) of what was not taken."""
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """The answer for one skill."""

    skill: str
    became: Became
    reason: str
    left_out: tuple[tuple[FileName, str], ...]
    landing: Landing | None = None


def incoming(source: Source, only: tuple[str, ...] = ()) -> tuple[Incoming, ...]:
    """The skills of a source as they would be written here; UsageError when one of `only` is not there."""
    found: dict[str, Incoming] = {}
    every = [_incoming(folder, source) for folder in source.skills]
    again = "another folder of the source gives the same name"
    every = [
        each if found.setdefault(each.skill, each) is each else replace(each, problem=again) for each in every
    ]
    missing = [name for name in only if name not in found]
    if missing:
        raise UsageError(f"There is no skill {missing[0]} there; there are: {', '.join(sorted(found))}.")
    chosen = (each for each in every if not only or each.skill in only)
    return tuple(sorted(chosen, key=lambda each: each.skill))


def changes(old: Folder, new: Folder) -> str:
    """The unified diff from one folder to another; "" when they say the same."""
    parts: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        before, after = (_lines(folder.get(name)) for folder in (old, new))
        parts += difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
    return "".join(parts)


@dataclass(frozen=True, kw_only=True)
class Importer:
    """Brings skills in. `by` is who asked for it, for the trailers."""

    library: Library
    journal: Journal
    gate: Gate
    evidence: Trailers
    by: str

    def standing(self, skill: Incoming, library: Snapshot) -> Imported | None:
        """The answer where nothing is to be proposed; None where the skill is to be proposed."""

        def answer(became: Became, reason: str) -> Imported:
            return Imported(skill=skill.skill, became=became, reason=reason, left_out=skill.left_out)

        if skill.problem is not None:
            return answer(Became.UNUSABLE, skill.problem)
        known = self._origins(self.library.tip()).get(skill.skill)
        there = library.folder(skill.skill)
        if there and known is not None and known.files == skill.origin.files:
            return answer(Became.UNCHANGED, "these very files were imported before")
        if there and _says(there) == _says(skill.folder):
            return answer(Became.UNCHANGED, "the library's own says the same")
        parsed = parse(skill.folder["SKILL.md"].data, folder=skill.skill).skill
        twin = twin_in(library, profile_of(parsed, None)) if parsed and not there else None
        if twin is not None:
            return answer(Became.DUPLICATE, f"{twin.reason}: extend {twin.extend} instead")
        return None

    def __call__(self, skill: Incoming, *, agreed: bool) -> Imported:
        """Propose one skill and land it if the gate, or the gate and `agreed` together, say so."""
        base = self.library.at()
        standing = self.standing(skill, base)
        if standing is not None:
            return standing
        kind = ChangeKind.EDIT if base.folder(skill.skill) else ChangeKind.CREATE
        where = f"{skill.origin.source}{f' at {skill.origin.commit[:12]}' if skill.origin.commit else ''}"
        rewrite = Rewrite(skill=skill.skill, kind=kind, folder=skill.folder, idea=f"{_IDEA}{where}")
        self._supersede(skill)
        trailers = {"Memento-Source": where, "Memento-Blame": f"imported by {self.by}"}
        carried = {**trailers, **origin_trailer(skill.skill, skill.origin)}
        proposal = self.library.propose(rewrite, None, base=base.commit, trailers=carried, tainted=False)

        def gate(old: Snapshot, new: Snapshot) -> GateReport:
            report = self.gate(skill=proposal.skill, base=old, head=new, exam=None)
            return with_consent(report, self.by) if agreed else report

        landing = land(
            self.library,
            proposal,
            gate=gate,
            trailers=lambda report: {**trailers, **self.evidence(report), **consent(report, self.by)},
            may_land=lambda report, _: agreed and report.outcome is GateOutcome.PASS,
            remember=partial(self.journal.ideas.record, episode=f"import by {self.by}"),
        )
        if landing.disposition is Disposition.LANDED:
            record(self.library, {skill.skill: skill.origin})
        became = Became(landing.disposition.value)
        reason = landing.report.reason
        return Imported(
            skill=skill.skill, became=became, reason=reason, left_out=skill.left_out, landing=landing
        )

    def _supersede(self, skill: Incoming) -> None:
        """A branch that an earlier import from there left open would wait for ever."""
        for proposal in self.library.proposals():
            if proposal.skill == skill.skill and proposal.idea.startswith(f"{_IDEA}{skill.origin.source}"):
                self.library.discard(proposal)
                self.journal.ideas.reject(proposal.id, "a newer import took its place")

    def _origins(self, commit: Sha) -> Mapping[str, Origin]:
        return read_lock(file_at(self.library.git, commit, PLACE))


def _incoming(found: Found, source: Source) -> Incoming:
    document = found.files["SKILL.md"].data
    name = skill_name(found.name, document)
    unfits = {path: why for path, file in found.files.items() if (why := unfit(file.data))}
    taken = {path: file for path, file in found.files.items() if path not in unfits}
    others = {path: left_out(path) or "a link or too large" for path in found.others}
    parsed = parse(document, folder=name)
    skill = parsed.skill
    folder: dict[FileName, File] = dict(taken)
    problem = None if "SKILL.md" in taken else f"SKILL.md is {unfits['SKILL.md']}"
    if skill is None:
        problem = problem or parsed.problems()
    elif problem is None:
        try:
            data = conformed(document, name=name)
            folder["SKILL.md"] = File(data=data, executable=taken["SKILL.md"].executable)
        except SkillError as error:
            problem = str(error)
    origin = Origin(
        source=source.origin,
        commit=source.commit,
        license=(skill.license if skill else None) or source.license,
        files=digests(taken),
    )
    gone = tuple(sorted({**others, **unfits}.items()))
    return Incoming(skill=name, folder=folder, origin=origin, left_out=gone, problem=problem)


def _says(folder: Folder) -> Folder:
    """A folder without what a landing writes into its SKILL.md."""
    document = folder.get("SKILL.md")
    return folder if document is None else {**folder, "SKILL.md": File(data=without_version(document.data))}


def _lines(file: File | None) -> list[str]:
    if file is None:
        return []
    lines = file.data.decode("utf-8", "replace").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines
