"""The trial: the candidate's test file on three states of the skill, each run in the sandbox.

                    new tests     old tests
    parent          all red       some green      red-to-green, and what must stay green
    candidate       all green     green stays     stay-green, test by test
    emptied         all red                       teeth: the tests notice that the skill is gone

A file that brings no new test (a full gate, or a person's edit of prose) must be green on the
candidate and lose at least one test on the emptied skill.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from memento.gate.change import Answer, Change, failed, listed, passed
from memento.gate.harness import RUN, Harness
from memento.skill import edit
from memento.skill.testfile import base_name
from memento.types import File, Folder, TestResult

Results = tuple[TestResult, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """Results of the same tests on the parent, the candidate and the emptied skill."""

    new_tests: tuple[str, ...]
    parked: frozenset[str]
    parent: Results
    candidate: Results
    emptied: Results


def hold(change: Change, harness: Harness) -> Trial:
    """Run the three states side by side. Raises SandboxError; a broken test file is a red result."""
    test = change.test or b""
    states = (change.before, change.after, emptied(change.after))
    with ThreadPoolExecutor(max_workers=len(states)) as pool:
        parent, candidate, empty = pool.map(lambda folder: harness.run(change.skill, folder, test), states)
    return Trial(
        new_tests=change.new_tests,
        parked=change.parked,
        parent=parent,
        candidate=candidate,
        emptied=empty,
    )


def emptied(folder: Folder) -> Folder:
    """The skill with nothing left of its instructions; its other files stay where they were."""
    document = folder["SKILL.md"]
    return {**folder, "SKILL.md": File(data=edit(document.data, body=""), executable=document.executable)}


def red_to_green(trial: Trial) -> Answer:
    """Each new test fails on the parent and passes on the candidate."""
    if not trial.new_tests:
        return failed("the exam has no new test")
    early = [t for t in trial.new_tests if _green(trial.parent, t)]
    if early:
        return failed(f"these tests pass already on the parent, so they prove nothing: {listed(early)}")
    red = [t for t in trial.new_tests if not _green(trial.candidate, t)]
    if red:
        return failed(f"still red on the candidate: {listed(red)}{_why(trial.candidate, red[0])}")
    return passed(f"{len(trial.new_tests)} red on the parent, green on the candidate")


def stay_green(trial: Trial, *, everything: bool = False) -> Answer:
    """What was green on the parent is green on the candidate; `everything` asks it of each test there is."""
    results = trial.candidate if everything else trial.parent
    due = {base_name(result.id) for result in results} - trial.parked
    if not everything:
        due = {name for name in due if _green(trial.parent, name)}
    broken = sorted(name for name in due if not _green(trial.candidate, name))
    if _ended_badly(trial.candidate):
        broken.append(RUN)
    if broken:
        return failed(f"red on the candidate: {listed(broken)}{_why(trial.candidate, broken[0])}")
    return passed(f"{len(due)} stay green")


def parking(trial: Trial, parked: tuple[str, ...]) -> Answer:
    """A rollback parks just the tests that the newer text passed and the restored one cannot."""
    needless = [t for t in parked if _green(trial.candidate, t) or not _green(trial.parent, t)]
    if needless:
        return failed(f"these tests need no parking: {listed(needless)}")
    return passed(f"kept, and not deciding until a change turns them green: {listed(parked)}")


def teeth(trial: Trial) -> Answer:
    """The tests notice an emptied skill: each new one, or one at least when none is new."""
    blind = [t for t in trial.new_tests if _green(trial.emptied, t)]
    if blind:
        return failed(f"these tests pass on the emptied skill too: {listed(blind)}")
    deciding = [result for result in trial.emptied if base_name(result.id) not in trial.parked]
    if not trial.new_tests and all(result.passed for result in deciding):
        return failed("every test passes on the emptied skill too")
    return passed("the tests fail on the emptied skill")


def _green(results: Results, name: str) -> bool:
    own = [result for result in results if base_name(result.id) == name]
    return bool(own) and all(result.passed for result in own)


def _ended_badly(results: Results) -> bool:
    return any(result.id == RUN for result in results)


def _why(results: Results, name: str) -> str:
    for result in results:
        if base_name(result.id) == name and not result.passed and result.detail:
            return f" ({result.detail.splitlines()[0][:200]})"
    return ""
