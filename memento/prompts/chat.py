"""A prompt file as the messages of one call.

    {# variables: ... #}
    You are ...                 system: the role in one line, then the rules and the reply's shape.
    ...                         Nothing in it is text that the project did not write.
    ----
    <task> ... </task>          user: data only, each piece between its tags.

Only the first separator counts, so data that holds the same line stays data.
"""

from memento.prompts import render
from memento.protocols import Message

SEPARATOR = "\n----\n"


def chat(name: str, /, **variables: object) -> tuple[Message, Message]:
    """The system and the user message of prompt `name`; jinja2.UndefinedError when a variable is missing."""
    system, separator, data = render(name, **variables).partition(SEPARATOR)
    assert separator, f"{name}.md.j2 has no line of four hyphens between its rules and its data"
    return (
        Message(role="system", content=system.strip()),
        Message(role="user", content=data.strip()),
    )
