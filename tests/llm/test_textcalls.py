"""Tool calls that models write as text: what is read as a call, and what is left as text."""

import json

import pytest

from memento.llm.spoken import tools_in_words
from memento.llm.textcalls import Found, find
from memento.protocols import Message, Request, ToolCall, ToolSpec

READ = ToolSpec(
    name="read_file",
    description="Read.",
    parameters={
        "type": "object",
        "properties": {"path": {"type": "string"}, "lines": {"type": "integer"}, "all": {"type": "boolean"}},
    },
)
COMMAND = {"type": "object", "properties": {"command": {"type": "string"}}}
RUN = ToolSpec(name="terminal", description="Run.", parameters=COMMAND)
TOOLS = (READ, RUN)

ONE = [("read_file", {"path": "a.txt"})]
BOTH = [*ONE, ("terminal", {"command": "ls"})]
JSON = '{"name": "read_file", "arguments": {"path": "a.txt"}}'
JSON2 = '{"name": "terminal", "arguments": {"command": "ls"}}'
BAR = "\uff5c"
SPACE = "\u2581"


def deepseek(name, arguments):
    return (
        f"<{BAR}tool{SPACE}call{SPACE}begin{BAR}>function<{BAR}tool{SPACE}sep{BAR}>{name}\n"
        f"```json\n{arguments}\n```<{BAR}tool{SPACE}call{SPACE}end{BAR}>"
    )


@pytest.mark.parametrize(
    ("text", "calls", "rest"),
    [
        (f"<tool_call>{JSON}</tool_call>", ONE, ""),
        (f"I look.\n<tool_call>\n{JSON}\n</tool_call>", ONE, "I look."),
        (f"<tool_call>\n{JSON}", ONE, ""),
        (f"<tool_call>{JSON}</tool_call>\n<tool_call>{JSON2}</tool_call>", BOTH, ""),
        (f"<tool_call>{JSON}\n{JSON2}</tool_call>", BOTH, ""),
        (f"<tool_call>{JSON}<tool_call>{JSON2}", BOTH, ""),
        (f"<tool_call>```json\n{JSON}\n```</tool_call>", ONE, ""),
        (f"<|tool_call|>[{JSON}, {JSON2}]<|/tool_call|>", BOTH, ""),
        (f"<|tool_call|>[{JSON}]", ONE, ""),
        (f"<tool_calls>[{JSON}]</tool_calls>", ONE, ""),
        (f"[TOOL_REQUEST]{JSON}[END_TOOL_REQUEST]", ONE, ""),
        (
            "<tool_call>\n<function=read_file>\n<parameter=path>\na.txt\n</parameter>\n"
            "<parameter=lines>\n3\n</parameter>\n<parameter=all>True</parameter>\n</function>\n</tool_call>",
            [("read_file", {"path": "a.txt", "lines": 3, "all": True})],
            "",
        ),
        ("Now.\n<function=terminal><parameter=command>cat <<E\n  3\nE</parameter></function>",
         [("terminal", {"command": "cat <<E\n  3\nE"})], "Now."),
        ('<function=read_file>{"path": "a.txt"}</function>', ONE, ""),
        (
            '<function_calls>\n<invoke name="read_file">\n<parameter name="path">a.txt</parameter>\n'
            '</invoke>\n<invoke name="terminal">\n<parameter name="command">ls</parameter>\n</invoke>\n'
            "</function_calls>",
            BOTH,
            "",
        ),
        ('ok <invoke name="terminal"><parameter name="command">a &amp;&amp; b</parameter></invoke>',
         [("terminal", {"command": "a && b"})], "ok"),
        (f"[TOOL_CALLS] [{JSON}, {JSON2}]", BOTH, ""),
        (f"[TOOL_CALLS]{JSON}", ONE, ""),
        ('[TOOL_CALLS]read_file[ARGS]{"path": "a.txt"}[TOOL_CALLS]terminal[ARGS]{"command": "ls"}', BOTH, ""),
        ('[TOOL_CALLS]read_file{"path": "a.txt"}', ONE, ""),
        ('Hm. [TOOL_CALLS]read_file[CALL_ID]x1[ARGS]{"path": "a.txt"}', ONE, "Hm."),
        (
            f"<{BAR}tool{SPACE}calls{SPACE}begin{BAR}>"
            + deepseek("read_file", '{"path": "a.txt"}') + deepseek("terminal", '{"command": "ls"}')
            + f"<{BAR}tool{SPACE}calls{SPACE}end{BAR}>",
            BOTH,
            "",
        ),
        (f"I read it:\n```json\n{JSON}\n```\nand wait.", ONE, "I read it:"),
        (f"```tool_call\n{JSON}\n```", ONE, ""),
        (f"```\n[{JSON}, {JSON2}]\n```", BOTH, ""),
        ('{"name": "read_file", "parameters": {"path": "a.txt"}}', ONE, ""),
        ('<|python_tag|>{"name": "read_file", "parameters": {"path": "a.txt"}}', ONE, ""),
        (f"{JSON}; {JSON2}", BOTH, ""),
        (f"[{JSON}, {JSON2}]", BOTH, ""),
        (f"First I read the file.\n\n{JSON}", ONE, "First I read the file."),
        ('{"tool": "read_file", "args": {"path": "a.txt"}}', ONE, ""),
        ('{"action": "read_file", "action_input": {"path": "a.txt"}}', ONE, ""),
        ('{"tool_calls": [{"id": "x", "type": "function", "function": '
         '{"name": "read_file", "arguments": "{\\"path\\": \\"a.txt\\"}"}}]}', ONE, ""),
        ('{"function_call": {"name": "read_file", "arguments": "{\\"path\\": \\"a.txt\\"}"}}', ONE, ""),
        ('{"type": "function", "function": {"name": "read_file", "arguments": {"path": "a.txt"}}}', ONE, ""),
        ('[read_file(path="a.txt"), terminal(command="ls")]', BOTH, ""),
        ('read_file(path="a.txt")', ONE, ""),
        ('<think>maybe <tool_call>{"name": "terminal", "arguments": {}}</tool_call></think>'
         f"<tool_call>{JSON}</tool_call>", ONE,
         '<think>maybe <tool_call>{"name": "terminal", "arguments": {}}</tool_call></think>'),
        ('<tool_call>{"name": "terminal", "arguments": {"command": "a\nb"}}</tool_call>',
         [("terminal", {"command": "a\nb"})], ""),
        ('{"name": "terminal", "arguments": {}}', [("terminal", {})], ""),
    ],
)  # fmt: skip
def test_a_call_is_read_in_each_style(text, calls, rest):
    found = find(text, TOOLS)
    assert [(call.name, json.loads(call.arguments)) for call in found.calls] == calls
    assert found.text == rest
    assert len({call.id for call in found.calls}) == len(calls)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "four",
        '{"name": "Ada", "arguments": {"path": "a.txt"}}',
        '{"name": "read_file"}',
        '{"answer": 4}',
        f"Write it like this: {JSON} and wait for the output.",
        "<tool_call>not JSON</tool_call>",
        '<tool_call>{"name": "rm_rf", "arguments": {}}</tool_call>',
        "<function=rm_rf>{}</function>",
        f"<think>{JSON}",
        f"<think>\n{JSON}\n</think>",
        "[read_file(open('a'))]",
        "read_file(path=__import__('os').getcwd())",
        "The list is [1, 2, 3].",
        "```python\nread_file('a.txt')\n```",
        "[" * 50_000,
        "{" * 50_000,
        "<tool_call>" * 2_000,
        "<function=read_file>" * 1_000 + "x",
    ],
    ids=lambda text: text[:30],
)
def test_everything_else_stays_what_the_model_said(text):
    found = find(text, TOOLS)
    calls = [call for call in found.calls if json.loads(call.arguments)]
    assert calls == []
    if not found.calls:
        assert found == Found(text=text)


def test_arguments_that_are_not_json_go_on_as_they_are():
    text = '{"function_call": {"name": "read_file", "arguments": "{\\"path\\": "}}'
    assert find(text, TOOLS).calls == (ToolCall(id="text_0", name="read_file", arguments='{"path": '),)


def test_what_is_said_in_words_is_read_back_as_the_same_calls():
    call = ToolCall(id="a", name="read_file", arguments='{"path": "a </tool_call> b"}')
    spoken = tools_in_words(
        Request(
            purpose="act",
            messages=(
                Message(role="system", content="Be brief."),
                Message(role="user", content="Go."),
                Message(role="assistant", content="I read.", tool_calls=(call,)),
                Message(role="tool", content="text </tool_response> <tool_response>", tool_call_id="a"),
            ),
            tools=TOOLS,
        )
    )
    assert spoken.tools == ()
    assert [message.role for message in spoken.messages] == ["system", "user", "assistant", "user"]
    assert all(not m.tool_calls and m.tool_call_id is None for m in spoken.messages)
    system, _, said, output = (message.content for message in spoken.messages)
    assert system.startswith("Be brief.\n\nYou can call these tools:\n")
    assert all(tool.name in system for tool in TOOLS)
    assert output.count("</tool_response>") == 1
    found = find(said, TOOLS)
    assert [(c.name, c.arguments) for c in found.calls] == [(call.name, call.arguments)]
    assert found.text == "I read."
