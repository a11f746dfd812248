"""One attempt as a conversation: messages, steps and usage as they grow.

    system, user -> [assistant (calls) -> tool, tool ...] -> assistant (answer)

It is the only mutable thing in the stage, so that an accident in its middle loses no step.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from memento.act.answer import FINAL, given, is_stuck, said
from memento.act.arguments import read
from memento.act.clean import clean, cut
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
)
from memento.types import Skill, Step, Usage

WRONG = 2
NO_CALL = "(no call)"
ASK_FOR_ANSWER = "You called no tool and gave no answer. Call a tool, or final_answer."


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Limits of one attempt."""

    most_steps: int = 30
    output_characters: int = 8_000
    """Of one tool output, as the model and the trace see it."""


@dataclass(kw_only=True)
class Conversation:
    """Grows until an answer, or until it may not."""

    model: Model
    tools: Sequence[Tool]
    clock: Callable[[], float]
    settings: Settings
    on_step: Callable[[Step], None]
    messages: list[Message] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    usage: Usage = Usage()

    @property
    def stuck(self) -> bool:
        return is_stuck(self.steps)

    def begin(self, x: Observation, skill: Skill | None, *, skill_place: str) -> None:
        """The system and the first user message."""
        system = render(
            "act", skill=skill, skill_place=skill_place, tips=x.tips, most_steps=self.settings.most_steps
        )
        user = render("act_task", task=x.task, names=sorted(x.task.files))
        self.messages = [
            Message(role="system", content=system.strip()),
            Message(role="user", content=user.strip()),
        ]

    def go_on(self, session: SandboxSession) -> str | None:
        """The answer; None when the steps are spent or the agent is stuck."""
        while len(self.steps) < self.settings.most_steps and not self.stuck:
            reply = self._ask()
            answer = self._follow(reply, session) if reply.tool_calls else self._plain(reply)
            if answer:
                return answer
        return None

    def _ask(self) -> Reply:
        specs = (*(tool.spec for tool in self.tools), FINAL)
        reply = self.model.complete(Request(purpose="act", messages=tuple(self.messages), tools=specs))
        self.usage += reply.usage
        self.messages.append(
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
        self.messages.append(Message(role="user", content=ASK_FOR_ANSWER))
        self._keep(reply, ToolCall(id="", name=NO_CALL, arguments="{}"), _refusal(ASK_FOR_ANSWER), 0.0)
        return None

    def _follow(self, reply: Reply, session: SandboxSession) -> str | None:
        for call in reply.tool_calls:
            if len(self.steps) >= self.settings.most_steps:
                return None
            if call.name == FINAL.name and (answer := given(read(call.arguments).values)):
                return answer
            begun = self.clock()
            result = self._run(call, session)
            step = self._keep(reply, call, result, self.clock() - begun)
            self.messages.append(self._told(call, step))
        return None

    def _run(self, call: ToolCall, session: SandboxSession) -> ToolResult:
        arguments = read(call.arguments)
        tool = next((tool for tool in self.tools if tool.spec.name == call.name), None)
        if arguments.problem:
            return _refusal(arguments.problem)
        if call.name == FINAL.name:
            return _refusal('final_answer needs {"answer": "..."} with the answer in it.')
        if tool is None:
            names = ", ".join([*(tool.spec.name for tool in self.tools), FINAL.name])
            return _refusal(f"There is no tool {call.name!r} here. There are: {names}.")
        return tool(arguments.values, session)

    def _keep(self, reply: Reply, call: ToolCall, result: ToolResult, seconds: float) -> Step:
        first = not reply.tool_calls or call is reply.tool_calls[0]
        step = Step(
            index=len(self.steps) + 1,
            thought=clean(reply.text).strip() if first else "",
            tool=clean(call.name),
            arguments=_compact(call.arguments),
            output=cut(clean(result.output), self.settings.output_characters),
            exit_code=result.exit_code,
            seconds=seconds,
            tainted=result.tainted,
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
            origin="the web" if step.tainted else "the sandbox",
            exit_code=step.exit_code,
            output=step.output,
            note=note,
        )
        return Message(role="tool", content=content.strip(), tool_call_id=call.id)


def _refusal(text: str) -> ToolResult:
    return ToolResult(output=text, exit_code=WRONG)


def _compact(arguments: str) -> str:
    """The arguments as compact JSON, as they are when they are none."""
    parsed = read(arguments)
    if parsed.problem:
        return clean(arguments)
    return json.dumps(parsed.values, ensure_ascii=False, separators=(",", ":"))
