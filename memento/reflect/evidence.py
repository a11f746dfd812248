"""What a trace shows by itself: signals for the attributor, and the cases that need no model.

    settled       a stop that no skill could have avoided, a verdict that is not FAILED
    signals       exit codes, exceptions, repeated calls, tools that do not exist, no tool at all

A signal is a fact, not a blame: "command not found" may be a poor machine or a poor instruction.
"""

import json
import re
from collections import Counter

from memento.types import (
    Blame,
    Fault,
    Result,
    Skill,
    Step,
    Stop,
    Trajectory,
    Verdict,
)

_EXCEPTION = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b:?.*", re.MULTILINE)
ENVIRONMENT = re.compile(
    r"No space left on device|Temporary failure in name resolution|Network is unreachable|"
    r"Connection (?:refused|timed out|reset)|command not found|Cannot allocate memory|"
    r"\b(?:50[0234]|429) (?:Service|Bad Gateway|Gateway|Internal|Too Many)",
    re.IGNORECASE,
)

_STOPS = {
    Stop.BUDGET: (Fault.ENVIRONMENT, "the budget was spent before the work was done"),
    Stop.MODEL_ERROR: (Fault.MODEL, "the language model failed"),
    Stop.SANDBOX_ERROR: (Fault.ENVIRONMENT, "the sandbox failed"),
    Stop.TOOL_ERROR: (Fault.ENVIRONMENT, "a tool server failed"),
}


def abstain(explanation: str) -> Blame:
    """No fault is named, so nothing is learned."""
    return Blame(fault=None, skill=None, explanation=explanation)


def settled(trajectory: Trajectory, verdict: Verdict) -> Blame | None:
    """The blame that the way it ended decides alone; None when the trace must be read."""
    if trajectory.stop in _STOPS:
        fault, why = _STOPS[trajectory.stop]
        return Blame(fault=fault, skill=None, explanation=why, confidence=1.0)
    if verdict.result is not Result.FAILED:
        return abstain(f"the attempt was {verdict.result.value}, not failed")
    return None


def signals(trajectory: Trajectory, skill: Skill | None) -> tuple[str, ...]:
    """Facts about the trace, one short sentence each, in the order of the steps."""
    found = [*(_of_step(step) for step in trajectory.steps), _repeats(trajectory), _ending(trajectory)]
    facts = [fact for fact in found if fact]
    if not trajectory.steps:
        facts.append("no tool was called")
    if skill is None:
        facts.append("no skill was used")
    return tuple(facts)


def _of_step(step: Step) -> str:
    facts = []
    if step.exit_code:
        facts.append(f"exit code {step.exit_code}")
    if exceptions := _EXCEPTION.findall(step.output):
        facts.append(exceptions[-1][:160])
    if match := ENVIRONMENT.search(step.output):
        facts.append(f"its output says {match.group()!r}")
    if not _is_json_object(step.arguments):
        facts.append("its arguments are not a JSON object")
    return f"step {step.index} ({step.tool}): {'; '.join(facts)}" if facts else ""


def _repeats(trajectory: Trajectory) -> str:
    calls = Counter((step.tool, step.arguments) for step in trajectory.steps)
    often = [(tool, count) for (tool, _), count in calls.items() if count > 1]
    return "; ".join(f"{tool} was called {count} times with the same arguments" for tool, count in often)


def _ending(trajectory: Trajectory) -> str:
    if trajectory.stop is Stop.STUCK:
        return "the agent went round in circles and was stopped"
    return "" if (trajectory.answer or "").strip() else "there is no final answer"


def _is_json_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except ValueError:
        return False
