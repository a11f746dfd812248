"""inspect_ai (https://inspect.aisi.org.uk): its model behind our Model seam.

Ours is called in a thread, theirs lives in an event loop: each call is handed over and waited for.
Inspect meters, limits and caches its models itself, so no budget of ours is laid over them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memento.protocols import Message, Reply, Request, ToolCall, ToolSpec
from memento.types import Usage

if TYPE_CHECKING:
    from inspect_ai.model import Model as TheirModel
    from inspect_ai.model import ModelOutput


@dataclass(frozen=True, kw_only=True)
class BridgedModel:
    """Implements Model over a model of inspect_ai. Only for threads that its event loop started."""

    theirs: "TheirModel"

    @property
    def name(self) -> str:
        return str(self.theirs)

    def complete(self, request: Request) -> Reply:
        """The reply. What inspect raises (a limit, a refusal) passes through: it ends the sample there."""
        import anyio.from_thread

        return reply_of(anyio.from_thread.run(self._generate, request))

    async def _generate(self, request: Request) -> "ModelOutput":
        return await self.theirs.generate(messages_of(request.messages), tools=tools_of(request.tools))


def messages_of(messages: Sequence[Message]) -> list[Any]:
    """Our messages as theirs."""
    from inspect_ai.model import (
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageTool,
        ChatMessageUser,
    )
    from inspect_ai.tool import ToolCall as TheirCall

    made: list[Any] = []
    for message in messages:
        if message.role == "assistant":
            calls = [
                TheirCall(id=call.id, function=call.name, arguments=_arguments(call.arguments))
                for call in message.tool_calls
            ]
            made.append(ChatMessageAssistant(content=message.content, tool_calls=calls or None))
        elif message.role == "tool":
            made.append(ChatMessageTool(content=message.content, tool_call_id=message.tool_call_id))
        else:
            kind = ChatMessageSystem if message.role == "system" else ChatMessageUser
            made.append(kind(content=message.content))
    return made


def tools_of(tools: Sequence[ToolSpec]) -> list[Any]:
    """Our tools as theirs."""
    from inspect_ai.tool import ToolInfo, ToolParams

    return [
        ToolInfo(
            name=tool.name,
            description=tool.description,
            parameters=ToolParams.model_validate(dict(tool.parameters)),
        )
        for tool in tools
    ]


def reply_of(output: "ModelOutput") -> Reply:
    """Their output as our reply; arguments that they could not parse stay as they were written."""
    calls = tuple(
        ToolCall(id=call.id, name=call.function, arguments=call.parse_error or json.dumps(call.arguments))
        for call in output.message.tool_calls or ()
    )
    used = output.usage
    usage = Usage(
        calls=1,
        input_tokens=used.input_tokens if used else 0,
        output_tokens=used.output_tokens if used else 0,
        usd=used.total_cost if used else None,
    )
    return Reply(text=output.message.text, tool_calls=calls, usage=usage)


def _arguments(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
