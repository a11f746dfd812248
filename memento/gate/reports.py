"""The verdict on each expected test, from what the sandboxed supervisor printed."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from memento.changes import TestResult
from memento.gate.job import RUN
from memento.gate.plan import Plan
from memento.protocols import Completed
from memento.skill.testfile import base_name

Message = dict[str, Any]
"""A line of the supervisor, as it was parsed."""


@dataclass(kw_only=True)
class _Heard:
    """What was said about one test file."""

    results: list[TestResult] = field(default_factory=list)
    finished: bool = False
    """The file's own process came to its end."""
    complaints: list[str] = field(default_factory=list)


def read_reports(
    done: Completed, messages: Iterable[Message], plan: Plan, *, changed: bool = False
) -> tuple[TestResult, ...]:
    """One result per expected test or case; then what was strange, then the run if it ended badly."""
    heard = _heard(messages)
    if changed:
        heard.complaints.append("the run changed what it was given to read")
    results = [result for name in dict.fromkeys(plan.deciding) for result in _of(name, heard, plan, done)]
    known = set(plan.deciding)
    results += [
        TestResult(id=r.id, passed=False, detail=r.detail or "not in the test file")
        for r in heard.results
        if base_name(r.id) not in known
    ]
    if not heard.finished:
        heard.complaints.insert(0, _how_it_ended(heard, done))
    if not plan.expected:
        heard.complaints.append("the file has no tests")
    if heard.complaints:
        results.append(TestResult(id=RUN, passed=False, detail=heard.complaints[0]))
    return tuple(results)


def _of(name: str, heard: _Heard, plan: Plan, done: Completed) -> Iterator[TestResult]:
    if plan.expected.count(name) > 1:
        # The second definition hides the first: a failing test can be covered by an empty one.
        yield TestResult(id=name, passed=False, detail="it is defined more than once")
        return
    own = [result for result in heard.results if base_name(result.id) == name]
    for result in own:
        twice = [other.id for other in own].count(result.id) > 1
        yield TestResult(id=result.id, passed=False, detail="it reported twice") if twice else result
    silence = "it did not report" if heard.finished else f"did not report: {_how_it_ended(heard, done)}"
    cases = plan.cases.get(name)
    if not own:
        yield TestResult(id=name, passed=False, detail=silence)
    elif cases is not None:
        said = {result.id for result in own}
        for missing in sorted(cases - said):
            yield TestResult(id=missing, passed=False, detail=silence)
        for strange in sorted(said - cases):
            yield TestResult(id=strange, passed=False, detail="not a case that the file names")


def listen(done: Completed, word: str) -> Mapping[int, Sequence[Message]]:
    """What the supervisor said, by job; lines without its word are somebody else's."""
    found: dict[int, list[Message]] = {}
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        mark, _, text = line.partition(" ")
        message = _object(text) if mark == word else None
        if message is not None and isinstance(message.get("job"), int):
            found.setdefault(message["job"], []).append(message)
    return found


def has_said(done: Completed, word: str, what: str) -> bool:
    """Whether the supervisor came to its work ("begin"), and to the end of it ("end")."""
    start = f'{word} {{"what": "{what}"'.encode()
    return any(line.startswith(start) for line in done.stdout.splitlines())


def _heard(messages: Iterable[Message]) -> _Heard:
    heard = _Heard()
    for message in messages:
        if message["what"] == "said":
            _take(heard, _object(message["line"]))
        elif message["what"] == "done":
            if message["late"]:
                heard.complaints.append("the file was stopped at its time limit")
            if message["left"]:
                heard.complaints.append("it left a process running")
    return heard


def _take(heard: _Heard, said: dict[str, Any] | None) -> None:
    if said is not None and said.get("end") is True:
        heard.finished = True
        return
    try:
        assert said is not None
        fields = {"id": str(said["id"]), "detail": str(said["detail"])}
        heard.results.append(TestResult(passed=said["passed"] is True, **fields))
    except (AssertionError, KeyError):
        heard.complaints.append("an unreadable report")


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _how_it_ended(heard: _Heard, done: Completed) -> str:
    if heard.complaints:
        return heard.complaints[0]
    if done.timed_out:
        return "the run was stopped at its time limit"
    if done.truncated:
        return "the run printed more than its output limit"
    if not done.exit_code:
        return "the file's process ended early"
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    return f"the run ended early with exit code {done.exit_code}" + (f" ({last[0][:200]})" if last else "")
