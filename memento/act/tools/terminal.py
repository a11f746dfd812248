"""terminal: a command in the sandbox.

Unrestricted, the command is a bash script in a shell that remembers (shell.py). A skill that is allowed
only some commands (`only`, from `Bash(git:*)` in its allowed-tools) gets no shell at all: the words are
split and run as they are, so no `;`, `|`, `$()` or redirection can lead from an allowed command to another
one, and nothing is remembered.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memento.act.tools import shell
from memento.act.tools.command import WRONG, placed, result, schema, wrong
from memento.protocols import SandboxSession, ToolResult, ToolSpec


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Runs one command at a time."""

    only: tuple[tuple[str, ...], ...] = ()
    """The first words of the commands that are allowed; () allows all."""

    @property
    def spec(self) -> ToolSpec:
        about = (
            "Run a bash command. The first call starts in /workspace; the working directory, variables and "
            "functions stay for the next call. Background processes end with the call. No network."
        )
        if self.only:
            allowed = ", ".join(shlex.join(words) for words in self.only)
            about = f"Run one command in /workspace, without a shell. Allowed are: {allowed}. No network."
        return ToolSpec(name="terminal", description=about, parameters=schema({"command": "The command"}))

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if answer := wrong(self.spec, arguments):
            return answer
        command = placed(arguments["command"], session)
        if not self.only:
            return result(session.run(shell.argv(command, session.path(shell.STATE))))
        try:
            words = shlex.split(command)
        except ValueError as error:
            return ToolResult(output=f"The command cannot be read: {error}.", exit_code=WRONG)
        if not any(_starts(words, allowed) for allowed in self.only):
            return ToolResult(output=self.spec.description, exit_code=WRONG)
        return result(session.run(words))


def _starts(words: Sequence[str], allowed: Sequence[str]) -> bool:
    return bool(words) and tuple(words[: len(allowed)]) == tuple(allowed)
