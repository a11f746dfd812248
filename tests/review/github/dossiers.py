"""A dossier in which every piece of untrusted text is what a test wants it to be."""

from memento.changes import (
    Evidence,
    GateOutcome,
    GateReport,
    GateStep,
    Proposal,
    RouteChange,
    TestResult,
)
from memento.journal import Remark
from memento.review.dossier import Dossier
from memento.types import (
    Blame,
    ChangeKind,
    Episode,
    Fault,
    Result,
    Route,
    Sha,
    Step,
    Stop,
    Task,
    Trajectory,
    Utility,
    Verdict,
)

BASE = Sha("a" * 40)


def saying(text: str, outcome: GateOutcome = GateOutcome.PASS, **words: object) -> Dossier:
    """`text` stands wherever a model, a task, a tool or a person may have put it."""
    options = {
        "proposal": proposal(text),
        "opened": 1760000000.0,
        "waits": text,
        "stale": text,
        "owners": ("@ada", "@acme/reviewers", "eve@example.org"),
        "report": report(text, outcome),
        "trailers": {
            f"Memento-{key}": text for key in ("Model", "Cost", "Task", "Source", "Edited", "Blame")
        },
        "diff": text,
        "size": 4,
        "episode": episode(text),
        "utility": Utility(successes=1, failures=3),
        "remarks": (Remark(who=text, when=1760000000.0, text=text),),
        **words,
    }
    return Dossier(**options)


def proposal(idea: str, *, tainted: bool = False) -> Proposal:
    return Proposal(
        id="id0",
        skill="greeter",
        kind=ChangeKind.OPTIMISE,
        branch="memento/greeter/id0",
        base=BASE,
        commit=Sha("b" * 40),
        idea=idea,
        tainted=tainted,
    )


def report(text: str, outcome: GateOutcome) -> GateReport:
    return GateReport(
        skill="greeter",
        outcome=outcome,
        evidence=Evidence.RED_TO_GREEN,
        steps=(GateStep(name="static", outcome=outcome, detail=text),),
        tests=(TestResult(id="test_new", passed=True), TestResult(id=text, passed=False, detail=text)),
        new_tests=("test_new",),
        routes=(RouteChange(query=text, owner="greeter", wanted=True, before=None, after="greeter"),),
    )


def episode(text: str) -> Episode:
    step = Step(index=0, thought=text, tool=text, arguments=text, output=text)
    return Episode(
        id="e1",
        task=Task(id=text, text=text),
        attempt=0,
        library=BASE,
        model=text,
        route=Route(skill="greeter", confidence=0.9),
        skill_tree=None,
        trajectory=Trajectory(steps=(step,), answer=text, stop=Stop.ANSWERED),
        verdict=Verdict(result=Result.FAILED, rationale=text, by="rubric"),
        blame=Blame(fault=Fault.PLANNING, skill="greeter", explanation=text, first_wrong_step=0),
    )
