"""Tools and their calls said in words, so that any chat template can carry them.

tools            a manual at the end of the system message
a call           <tool_call>{"name": ..., "arguments": {...}}</tool_call> in what the assistant said
its output       a user message between <tool_response> tags, whose closing tag inside is defused
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from memento.protocols import Message, Request, ToolSpec


def tools_in_words(request: Request) -> Request:
    """The same request without tools and tool messages: said in words, in the form that `find` reads."""
    if not request.tools:
        return request
    told = Message(role="system", content=_manual(request.tools))
    messages = [_spoken(message) for message in request.messages]
    if messages and messages[0].role == "system":
        told = Message(role="system", content=f"{messages[0].content}\n\n{told.content}")
        messages = messages[1:]
    return replace(request, messages=(told, *messages), tools=())


def _manual(tools: Sequence[ToolSpec]) -> str:
    lines = (
        json.dumps({"name": t.name, "description": t.description, "parameters": dict(t.parameters)})
        for t in tools
    )
    return (
        "You can call these tools:\n" + "\n".join(lines) + "\n\nTo call one, write this and stop:\n"
        '<tool_call>{"name": "NAME", "arguments": {"KEY": "VALUE"}}</tool_call>\n'
        "Its output comes in the next message, between <tool_response> tags."
    )


def _spoken(message: Message) -> Message:
    if message.role == "tool":
        inner = re.sub(r"<(\s*/\s*tool_response)", r"<\\\1", message.content, flags=re.IGNORECASE)
        return Message(role="user", content=f"<tool_response>\n{inner}\n</tool_response>")
    calls = "\n".join(
        f"<tool_call>{json.dumps({'name': c.name, 'arguments': _object(c.arguments)})}</tool_call>"
        for c in message.tool_calls
    )
    text = f"{message.content}\n{calls}".strip() if calls else message.content
    return Message(role=message.role, content=text)


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
