"""The views of changes: what waits for a person, what landed, what was refused, and each one's page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from memento.changes import Disposition, GateOutcome, GateReport, TestResult
from memento.journal import Idea, Remark
from memento.library.history import diff
from memento.review.consent import own_word, without_consent
from memento.review.dossier import Dossier
from memento.review.pages.diffs import FileDiff, side_by_side
from memento.review.pages.past import Past
from memento.skill.testfile import base_name
from memento.types import Episode, Sha, Utility


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """One test on a change. `before` is None where the gate did not compare it with the parent."""

    test: TestResult
    before: bool | None
    new: bool
    flaky: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeView:
    """All that the page of a change shows."""

    id: str
    skill: str
    kind: str
    idea: str
    disposition: Disposition
    when: float
    """Unix time: of its newest commit while it is open, else of its landing; 0 when it was refused."""
    commit: Sha
    reason: str
    """Why it waits, or was refused."""
    tainted: bool
    report: GateReport | None
    tests: tuple[Examined, ...]
    trailers: Mapping[str, str]
    diff: tuple[FileDiff, ...]
    episode: Episode | None
    remarks: tuple[Remark, ...]
    utility: Utility | None
    """Of the version that it starts from, while it is open."""
    size: int | None
    stale: str | None
    owners: tuple[str, ...]


def change_view(past: Past, id: str) -> ChangeView | None:  # noqa: A002
    """None when there is no such change, or it is too old to have a page."""
    for dossier in past.open:
        if dossier.proposal.id == id:
            return _open(dossier)
    if id in past.landed:
        return _landed(past, id, past.landed[id])
    idea = next((idea for idea in past.refused if idea.proposal == id), None)
    return _refused(past, idea) if idea is not None else None


def _open(dossier: Dossier) -> ChangeView:
    proposal = dossier.proposal
    report = without_consent(dossier.report) if dossier.report else None
    return ChangeView(
        id=proposal.id,
        skill=proposal.skill,
        kind=proposal.kind,
        idea=proposal.idea,
        disposition=Disposition.OPEN,
        when=dossier.opened,
        commit=proposal.commit,
        reason=dossier.waits,
        tainted=proposal.tainted,
        report=report,
        tests=tuple(_examined(report)),
        trailers=dossier.trailers,
        diff=side_by_side(dossier.diff),
        episode=dossier.episode,
        remarks=dossier.remarks,
        utility=dossier.utility,
        size=dossier.size,
        stale=dossier.stale,
        owners=dossier.owners,
    )


def _landed(past: Past, id: str, sha: Sha) -> ChangeView:  # noqa: A002
    entry = past.chronicle.by_sha[sha]
    landing = past.journal.ideas.landing(id)
    # The gate's own word stands at the head; the person's is among the steps and in the trailers.
    report = replace(landing.report, outcome=own_word(landing.report)) if landing else None
    skill, before = entry.skill or "", past.chronicle.age[sha] - 1
    parent = past.chronicle.landings[before].sha if before >= 0 else None
    return ChangeView(
        id=id,
        skill=skill,
        kind=entry.trailers.get("Memento-Kind", ""),
        idea=entry.trailers.get("Memento-Idea", entry.subject),
        disposition=Disposition.LANDED,
        when=entry.when,
        commit=sha,
        reason="",
        tainted=entry.trailers.get("Memento-Tainted") == "yes",
        report=report,
        tests=tuple(_examined(report)),
        trailers=entry.trailers,
        diff=side_by_side(diff(past.library.git, skill, parent, sha)) if parent else (),
        episode=past.journal.episode(entry.trailers.get("Memento-Episode", "")),
        remarks=past.journal.ideas.remarks(id),
        utility=None,
        size=None,
        stale=None,
        owners=(),
    )


def _refused(past: Past, idea: Idea) -> ChangeView:
    landing = past.journal.ideas.landing(idea.proposal)
    report = landing.report if landing else None
    return ChangeView(
        id=idea.proposal,
        skill=idea.skill,
        kind=landing.proposal.kind if landing else "",
        idea=idea.idea,
        disposition=Disposition.DISCARDED,
        when=0.0,
        commit=landing.proposal.commit if landing else Sha(""),
        reason=idea.reason,
        tainted=landing.proposal.tainted if landing else False,
        report=report,
        tests=tuple(_examined(report)),
        trailers={},
        diff=(),
        episode=past.journal.episode(idea.episode),
        remarks=past.journal.ideas.remarks(idea.proposal),
        utility=None,
        size=None,
        stale=None,
        owners=(),
    )


def _examined(report: GateReport | None) -> Iterator[Examined]:
    if report is None:
        return
    proven = any(s.name == "red-to-green" and s.outcome is GateOutcome.PASS for s in report.steps)
    for test in sorted(report.tests, key=lambda each: base_name(each.id) not in report.new_tests):
        new = base_name(test.id) in report.new_tests
        yield Examined(
            test=test,
            before=False if new and proven else None,
            new=new,
            flaky=base_name(test.id) in report.flaky,
        )
