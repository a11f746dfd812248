"""The simulated model as an agent: it looks at the file, runs what the skill says, and answers."""

import json
import re
from collections.abc import Sequence
from random import Random

from memento.llm.simulated.kinds import Temper
from memento.llm.simulated.reading import between, file_in, kind_of
from memento.protocols import Message, Reply, ToolCall
from memento.types import Usage

_COMMAND = re.compile(r"^(?:python3|bash|sh) /skill/scripts/\S+.*\bFILE\b.*$", re.MULTILINE)
_FILES = re.compile(r"^Its files \(read-only[^)]*\): (.*)$", re.MULTILINE)


def act(
    system: str, prompt: str, messages: Sequence[Message], temper: Temper, rng: Random, usage: Usage
) -> Reply:
    """The next step: look, run, answer."""
    outputs = [between(m.content, "tool-output") for m in messages if m.role == "tool"]
    task = between(prompt, "task")
    file = file_in(task)
    if not outputs:
        return _call("terminal", {"command": f"head -n 40 {file}"}, "Look at the file first.", usage)
    if len(outputs) == 1:
        command = _documented(system, file) or _naive(task, file)
        return _call("terminal", {"command": command}, "Now work it out.", usage)
    lines = [line for line in outputs[-1].splitlines() if line.strip()]
    answer = lines[-1].strip() if lines else "unknown"
    if rng.random() < temper.slip:
        answer = _misread(answer)
    return _call("final_answer", {"answer": answer}, "", usage)


def _documented(system: str, file: str) -> str | None:
    """The command that the skill's instructions give, for this file."""
    command, listed = _COMMAND.search(between(system, "skill")), _FILES.search(system)
    if command is None or listed is None:
        return None
    # On the bare host the skill's files are elsewhere: the prompt says where.
    script = command.group(0).split()[1].removeprefix("/skill")
    place = next((path for path in listed.group(1).split(", ") if path.endswith(script)), f"/skill{script}")
    return command.group(0).replace(f"/skill{script}", place).replace("FILE", file)


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
