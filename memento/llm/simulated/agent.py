"""The simulated model as an agent: it looks at the file, runs what the skill says, and answers."""

import json
import re
from collections.abc import Sequence
from random import Random

from memento.llm.simulated.kinds import Temper
from memento.llm.simulated.reading import between, file_in, kind_of
from memento.protocols import Message, Reply, ToolCall
from memento.types import Usage

_COMMAND = re.compile(r"^(?:python3|bash|sh) /skill/scripts/\S+.*$", re.MULTILINE)
_FILES = re.compile(r"^Its files \(read-only[^)]*\): (.*)$", re.MULTILINE)


def act(
    system: str, prompt: str, messages: Sequence[Message], temper: Temper, rng: Random, usage: Usage
) -> Reply:
    """The next step: look, run what the skill says in its order, answer."""
    outputs = [between(m.content, "tool-output") for m in messages if m.role == "tool"]
    task = between(prompt, "task")
    file = file_in(task)
    if not outputs:
        return _call("terminal", {"command": f"head -n 40 {file}"}, "Look at the file first.", usage)
    commands = _documented(system, file) or [_naive(task, file)]
    if len(outputs) <= len(commands):
        return _call("terminal", {"command": commands[len(outputs) - 1]}, "Now work it out.", usage)
    lines = [line for line in outputs[-1].splitlines() if line.strip()]
    place = 0 if "answer with its first line" in between(system, "skill") else -1
    answer = lines[place].strip() if lines else "unknown"
    if rng.random() < temper.slip:
        answer = _misread(answer)
    return _call("final_answer", {"answer": answer}, "", usage)


def _documented(system: str, file: str) -> list[str]:
    """The commands that the skill's instructions give, for this file."""
    listed = _FILES.search(system)
    places = listed.group(1).split(", ") if listed else []
    return [_placed(found.group(0), places, file) for found in _COMMAND.finditer(between(system, "skill"))]


def _placed(command: str, places: Sequence[str], file: str) -> str:
    # On the bare host the skill's files are elsewhere: the prompt says where.
    script = command.split()[1].removeprefix("/skill")
    place = next((path for path in places if path.endswith(script)), f"/skill{script}")
    return command.replace(f"/skill{script}", place).replace("FILE", file)


def _naive(task: str, file: str) -> str:
    kind = kind_of(task)
    if kind is not None:
        return kind.naive.replace("FILE", file)
    return f"wc -l < {file}" if "how many lines" in task.lower() else f"cat {file}"


def _misread(answer: str) -> str:
    digits = re.findall(r"\d", answer)
    return answer.replace(digits[0], str((int(digits[0]) + 1) % 10), 1) if digits else f"not {answer}"


def _call(name: str, arguments: dict[str, str], thought: str, usage: Usage) -> Reply:
    call = ToolCall(id=f"call-{name}", name=name, arguments=json.dumps(arguments))
    return Reply(text=thought, tool_calls=(call,), usage=usage)
