"""G3, the trial: the candidate's test file on three states of the skill, each run in the sandbox.

                    new tests     old tests
    parent          all red       some green      red-to-green, and what must stay green
    candidate       all green     green stays     stay-green, test by test; twice, to find flaky tests,
                                                  and ADMISSION times where a test is new
    emptied         all red                       teeth: the tests notice that the skill is gone

A file that brings no new test (a full gate, or a person's edit of prose) must be green on the
candidate and lose at least one test on the emptied skill. A test that is flaky decides nothing.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from memento.gate.change import Answer, Change, failed, indecisive, listed, passed
from memento.gate.harness import Harness
from memento.gate.job import RUN, Job, Results
from memento.gate.quarantine import quarantine, quarantined
from memento.skill import edit
from memento.skill.testfile import base_name
from memento.types import File, Folder

Answers = Mapping[str, str | None]

ADMISSION = 5
"""Runs that a new test must agree with itself in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """Results of the same tests on the parent, the candidate and the emptied skill."""

    new_tests: tuple[str, ...]
    parked: frozenset[str]
    """Tests that decide nothing: parked by a rollback, or flaky."""
    parent: Results
    candidate: Results
    emptied: Results
    flaky: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """The jobs of a trial."""

    candidate: Job
    again: tuple[Job, ...]
    emptied: Job
    parent: Job | None
    """None where no step asks for it, or it is the candidate."""


def runs(change: Change, before: Answers, after: Answers) -> Runs:
    """What to run; `before` and `after` say where requests go in the two libraries."""
    test, name = change.test or b"", change.skill
    gone = {request: None if to == name else to for request, to in after.items()}
    beside = change.beside_after

    def job(folder: Folder, routes: Answers, others: Mapping[str, Folder]) -> Job:
        return Job(skill=name, folder=folder, test=test, routes=routes, beside=others)

    candidate = job(change.after, after, beside)
    parent = None
    if change.authored or compares(change):
        parent = job(change.before, before, change.beside_before)
    return Runs(
        candidate=candidate,
        again=tuple(replace(candidate, turn=turn) for turn in range(1, ADMISSION if change.new_tests else 2)),
        emptied=job(emptied(change.after), gone, beside),
        parent=None if parent == candidate else parent,
    )


def compares(change: Change) -> bool:
    """Whether red-to-green is asked of a person's change."""
    return change.changes_skill and bool(change.new_tests)


def hold(change: Change, harness: Harness, planned: Runs) -> Trial:
    """Run the candidate alone, beside it the controls in one sandbox, then its repetitions in another.

    Raises SandboxError; a broken test file is a red result.
    """
    controls = [planned.emptied, *([planned.parent] if planned.parent else [])]
    with ThreadPoolExecutor(max_workers=harness.workers) as pool:
        (candidate,), control = pool.map(harness.run_turns, ([planned.candidate], controls))
    # What is red already is refused, unless it is green once.
    again = harness.run_turns(planned.again if _all_passed(candidate) else planned.again[:1])
    if len(controls) > 1 and any(map(_ended_badly, control)):
        control = [harness.run_alone(job) for job in controls]  # one may have ended the other
    empty, *before = control
    parent = before[0] if before else candidate
    flaky = differing(candidate, *again, known=quarantined(change.head, change.skill))
    return Trial(
        new_tests=tuple(name for name in change.new_tests if name not in flaky),
        parked=change.parked | set(flaky),
        parent=parent,
        candidate=candidate,
        emptied=empty,
        flaky=flaky,
    )


def differing(*runs: Results, known: Collection[str] = ()) -> tuple[str, ...]:
    """Tests, without the run itself, that are green in one run and not in another; and the `known` ones."""
    names = {base_name(result.id) for results in runs for result in results} - {RUN}
    return tuple(sorted(n for n in names if n in known or len({green(run, n) for run in runs}) > 1))


def emptied(folder: Folder) -> Folder:
    """The skill with nothing left of its instructions; its other files stay where they were."""
    document = folder["SKILL.md"]
    return {**folder, "SKILL.md": File(data=edit(document.data, body=""), executable=document.executable)}


def steadiness(trial: Trial, change: Change) -> Answer:
    """No test has changed its mind between two runs of the same content."""
    if trial.flaky:
        said = f"these tests differ between two runs of the same content: {listed(trial.flaky)}"
        return quarantine(change.head, {change.skill: trial.flaky}, said)
    return passed("every time the same, in another order, place and time zone")


def red_to_green(trial: Trial) -> Answer:
    """Each new test fails on the parent and passes on the candidate."""
    if not trial.new_tests:
        if trial.flaky:
            return indecisive("no new test is steady")
        return failed("the exam has no new test")
    early = [t for t in trial.new_tests if green(trial.parent, t)]
    if early:
        return failed(f"these tests pass already on the parent, so they prove nothing: {listed(early)}")
    red = [t for t in trial.new_tests if not green(trial.candidate, t)]
    if red:
        return failed(f"still red on the candidate: {listed(red)}{why(trial.candidate, red[0])}")
    return passed(f"{len(trial.new_tests)} red on the parent, green on the candidate")


def stay_green(trial: Trial, *, everything: bool = False) -> Answer:
    """What was green on the parent is green on the candidate; `everything` asks it of each test there is.

    Where the run on the parent did not end in order it tells nothing: a test there may have ended it, so
    that the others seem to have been red.
    """
    everything = everything or _ended_badly(trial.parent)
    due = {base_name(result.id) for result in trial.candidate} - trial.parked - {RUN}
    if not everything:
        due = {name for name in due if green(trial.parent, name)}
    broken = sorted(name for name in due if not green(trial.candidate, name))
    if _ended_badly(trial.candidate):
        broken.append(RUN)
    if broken:
        return failed(f"red on the candidate: {listed(broken)}{why(trial.candidate, broken[0])}")
    return passed(f"{len(due)} stay green")


def parking(trial: Trial, parked: tuple[str, ...]) -> Answer:
    """A rollback parks just the tests that the newer text passed and the restored one cannot."""
    needless = [t for t in parked if green(trial.candidate, t) or not green(trial.parent, t)]
    if needless:
        return failed(f"these tests need no parking: {listed(needless)}")
    return passed(f"kept, and not deciding until a change turns them green: {listed(parked)}")


def awake(trial: Trial, parked: frozenset[str]) -> Answer | None:
    """Parked tests that the candidate turns green: a person may take them back into service."""
    names = sorted(name for name in parked if name not in trial.flaky and green(trial.candidate, name))
    return passed(f"green now, take them out of PARKED: {listed(names)}") if names else None


def teeth(trial: Trial) -> Answer:
    """The tests notice an emptied skill: each new one, or one at least when none is new."""
    blind = [t for t in trial.new_tests if green(trial.emptied, t)]
    if blind:
        return failed(f"these tests pass on the emptied skill too: {listed(blind)}")
    deciding = [result for result in trial.emptied if base_name(result.id) not in trial.parked]
    if not trial.new_tests and all(result.passed for result in deciding):
        return failed("every test passes on the emptied skill too")
    return passed("the tests fail on the emptied skill")


def green(results: Results, name: str) -> bool:
    """Whether a test reported, and all its cases passed."""
    own = [result for result in results if base_name(result.id) == name]
    return bool(own) and all(result.passed for result in own)


def _all_passed(results: Results) -> bool:
    return all(result.passed for result in results)


def _ended_badly(results: Results) -> bool:
    return any(result.id == RUN for result in results)


def why(results: Results, name: str) -> str:
    """The first line of what a red test said, in brackets."""
    for result in results:
        if base_name(result.id) == name and not result.passed and result.detail:
            return f" ({result.detail.splitlines()[0][:200]})"
    return ""
