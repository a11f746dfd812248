"""Changes to the shared library, and gates that answer what a test wants."""

from dataclasses import replace

from memento.changes import (
    Evidence,
    Exam,
    GateOutcome,
    GateReport,
    GateStep,
    Landing,
    Proposal,
    Rewrite,
)
from memento.library import Library, land
from memento.skill import edit
from memento.types import ChangeKind, File


def report(outcome: GateOutcome = GateOutcome.PASS) -> GateReport:
    step = GateStep(name="static", outcome=outcome, detail="as the test wants it")
    return GateReport(skill="greeter", outcome=outcome, evidence=Evidence.LINT, steps=(step,))


GREEN, RED, UNSURE = report(), report(GateOutcome.FAIL), report(GateOutcome.INDECISIVE)


def rewritten(library: Library, skill: str, body: str, kind: ChangeKind = ChangeKind.OPTIMISE) -> Rewrite:
    """The skill with another body, as a value."""
    folder = dict(library.at().folder(skill))
    document = edit(folder["SKILL.md"].data, body=body)
    return Rewrite(
        skill=skill, kind=kind, folder={**folder, "SKILL.md": File(data=document)}, idea=f"say {body}"
    )


def created(skill: str) -> Rewrite:
    """A skill that does not exist yet."""
    document = f"---\nname: {skill}\ndescription: Does {skill}.\n---\n\nDo it.\n"
    folder = {"SKILL.md": File(data=document.encode())}
    return Rewrite(skill=skill, kind=ChangeKind.CREATE, folder=folder, idea=f"add {skill}")


def propose(library: Library, rewrite: Rewrite, exam: Exam | None = None, **words: object) -> Proposal:
    options = {"base": library.tip(), "trailers": {"Memento-Task": "t1"}, "tainted": False, **words}
    return library.propose(rewrite, exam, **options)


def landed(
    library: Library, proposal: Proposal, answer: GateReport = GREEN, *, may_land: bool = True
) -> Landing:
    return land(
        library,
        proposal,
        gate=lambda base, head: replace(answer, skill=proposal.skill),
        trailers=lambda report: {"Memento-Gate": f"{report.outcome.upper()} {report.evidence}"},
        may_land=lambda *_: may_land,
    )
