"""One attempt as a conversation: messages, steps and usage as they grow.

    system, user -> [assistant (calls) -> tool, tool ...] -> assistant (answer)

It is the only mutable thing in the stage, so that an accident in its middle loses no step.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from memento.act.answer import FINAL, given, is_stuck, said
from memento.act.arguments import read
from memento.act.clean import clean
from memento.act.offering import FindTools, Offering
from memento.act.places import Gave, Record, forgetful
from memento.act.toolbox import MCP
from memento.act.whole import shortened
from memento.prompts import render
from memento.protocols import (
    Message,
    Model,
    Observation,
    Reply,
    Request,
    SandboxSession,
    Tool,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from memento.types import FileName, Skill, Step, Usage

WRONG = 2
NO_CALL = "(no call)"
ASK_FOR_ANSWER = "You called no tool and gave no answer. Call a tool, or final_answer."


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Limits of one attempt."""

    most_steps: int = 30
    output_characters: int = 8_000
    """Of one tool output, as the model and the trace see it."""
    most_tools: int = 12
    """That the model is told of at first."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One call of the model, as the first step that follows from it records it."""

    prompt: str
    """SHA-256 of the messages and tools that it was shown."""
    usage: Usage
    seconds: float


@dataclass(kw_only=True)
class Conversation:
    """Grows until an answer, or until it may not."""

    model: Model
    offering: Offering
    clock: Callable[[], float]
    settings: Settings
    on_step: Callable[[Step], None]
    messages: list[Message] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    usage: Usage = Usage()
    record: Record = forgetful
    _prompt: Any = field(default_factory=hashlib.sha256)
    """A running hash of `messages`: hashing all of them at every step would cost more with every step."""
    _asked: Asked | None = None

    @property
    def stuck(self) -> bool:
        return is_stuck(self.steps)

    def begin(self, x: Observation, skill: Skill | None, *, skill_files: Sequence[FileName]) -> None:
        """The system and the first user message."""
        self.offering.begin(x.task, skill)
        system = render(
            "act", skill=skill, skill_files=skill_files, tips=x.tips, most_steps=self.settings.most_steps
        )
        user = render("act_task", task=x.task, names=sorted(x.task.files))
        self._say(Message(role="system", content=system.strip()))
        self._say(Message(role="user", content=user.strip()))

    def _say(self, message: Message) -> None:
        self.messages.append(message)
        self._prompt.update(_canonical(message))

    def go_on(self, session: SandboxSession) -> str | None:
        """The answer; None when the steps are spent or the agent is stuck."""
        while len(self.steps) < self.settings.most_steps and not self.stuck:
            reply = self._ask()
            answer = self._follow(reply, session) if reply.tool_calls else self._plain(reply)
            if answer:
                return answer
        return None

    @property
    def opening(self) -> str:
        """SHA-256 of what the model is told before it says anything, and of its name."""
        return hashlib.sha256(f"{self.model.name} {self._shown()}".encode()).hexdigest()

    def _specs(self) -> tuple[ToolSpec, ...]:
        return (*self.offering.specs(), FINAL)

    def _shown(self) -> str:
        prompt = self._prompt.copy()
        for spec in self._specs():
            prompt.update(_canonical(spec))
        return str(prompt.hexdigest())

    def _ask(self) -> Reply:
        specs, prompt, begun = self._specs(), self._shown(), self.clock()
        reply = self.model.complete(Request(purpose="act", messages=tuple(self.messages), tools=specs))
        self._asked = Asked(prompt=prompt, usage=reply.usage, seconds=self.clock() - begun)
        self.usage += reply.usage
        self._say(
            Message(
                role="assistant",
                content=reply.text or ("" if reply.tool_calls else NO_CALL),
                tool_calls=reply.tool_calls,
            )
        )
        return reply

    def _plain(self, reply: Reply) -> str | None:
        """Text without calls is the answer; nothing at all is asked again."""
        if answer := said(reply.text):
            return answer
        self._say(Message(role="user", content=ASK_FOR_ANSWER))
        nothing = Gave(output=ASK_FOR_ANSWER, exit_code=WRONG)
        self._keep(reply, ToolCall(id="", name=NO_CALL, arguments="{}"), nothing)
        return None

    def _follow(self, reply: Reply, session: SandboxSession) -> str | None:
        for call in reply.tool_calls:
            if len(self.steps) >= self.settings.most_steps:
                return None
            if call.name == FINAL.name and (answer := given(read(call.arguments).values)):
                return answer
            # What is offered follows from the calls, also from those whose result is on record.
            tool = self.offering.tool(call.name)
            record = forgetful if isinstance(tool, FindTools) else self.record
            step = self._keep(reply, call, record(call, partial(self._gave, call, tool, session)))
            self._say(self._told(call, step))
        return None

    def _gave(self, call: ToolCall, tool: Tool | None, session: SandboxSession) -> Gave:
        begun = self.clock()
        result = self._run(call, tool, session)
        seconds = self.clock() - begun
        output = shortened(clean(result.output), self.settings.output_characters, session)
        return Gave(output=output, exit_code=result.exit_code, tainted=result.tainted, seconds=seconds)

    def _run(self, call: ToolCall, tool: Tool | None, session: SandboxSession) -> ToolResult:
        arguments = read(call.arguments)
        if arguments.problem:
            return _refusal(arguments.problem)
        if call.name == FINAL.name:
            return _refusal('final_answer needs {"answer": "..."} with the answer in it.')
        if tool is None:
            names = ", ".join(spec.name for spec in self._specs())
            return _refusal(f"There is no tool {call.name!r} here. There are: {names}.")
        return tool(arguments.values, session)

    def _keep(self, reply: Reply, call: ToolCall, gave: Gave) -> Step:
        first = not reply.tool_calls or call is reply.tool_calls[0]
        asked = self._asked if first else None
        step = Step(
            index=len(self.steps) + 1,
            thought=clean(reply.text).strip() if first else "",
            tool=clean(call.name),
            arguments=_compact(call.arguments),
            output=gave.output,
            exit_code=gave.exit_code,
            seconds=gave.seconds,
            tainted=gave.tainted,
            prompt=asked.prompt if asked else "",
            usage=asked.usage if asked else Usage(),
            model_seconds=asked.seconds if asked else 0.0,
        )
        self.steps.append(step)
        self.on_step(step)
        return step

    def _told(self, call: ToolCall, step: Step) -> Message:
        left = self.settings.most_steps - len(self.steps)
        note = f"{left} tool calls are left; then call final_answer." if left <= 2 else ""
        content = render(
            "act_tool",
            tool=step.tool,
            origin=_origin(step),
            exit_code=step.exit_code,
            output=step.output,
            note=note,
        )
        return Message(role="tool", content=content.strip(), tool_call_id=call.id)


def _origin(step: Step) -> str:
    """Who wrote what a tool gave back."""
    if not step.tainted:
        return "the sandbox"
    return f"the MCP server {step.tool.split('__')[1]}" if step.tool.startswith(MCP) else "the web"


def _canonical(part: Message | ToolSpec) -> bytes:
    return json.dumps(asdict(part), sort_keys=True).encode()


def _refusal(text: str) -> ToolResult:
    return ToolResult(output=text, exit_code=WRONG)


def _compact(arguments: str) -> str:
    """The arguments as compact JSON, as they are when they are none."""
    parsed = read(arguments)
    if parsed.problem:
        return clean(arguments)
    return json.dumps(parsed.values, ensure_ascii=False, separators=(",", ":"))
