"""Accidents, as one tree. Answers (a red gate, a failed task) are values, never exceptions.

    MementoError                  exit 2   usage or environment
    ├── UsageError                exit 2   the command line or an input file is wrong
    ├── ConfigError               exit 2   memento.toml or an environment variable is wrong
    ├── LibraryError              exit 2   not a library, not a git repository, git missing or too old
    │   ├── MovedError            exit 2   main moved while a landing was being prepared; try again
    │   └── ConflictError         exit 2   two changes to the same skill since their common base
    ├── SkillError                exit 2   a SKILL.md that cannot be used
    ├── SandboxError              exit 2   no sandbox, or the sandbox itself broke
    ├── ToolError                 exit 2   a connected tool server cannot be started, or died
    ├── GitHubError               exit 4   credentials, limits or answers of GitHub
    └── ModelError                exit 4   credentials, endpoint or reply of the language model
        └── BudgetError           exit 1   a budget was spent before the work was done

A message says what happened, then what to do about it, in one or two sentences.
"""


class MementoError(Exception):
    """Root of every accident that Memento names; `exit_code` is what the command line ends with."""

    exit_code = 2


class UsageError(MementoError):
    """The command line or an input file is wrong."""


class ConfigError(MementoError):
    """A setting is wrong, wherever it was read from."""


class LibraryError(MementoError):
    """The library cannot be read or written."""


class MovedError(LibraryError):
    """Main is no longer the commit that a landing was built on."""


class ConflictError(LibraryError):
    """A proposal and main both changed the same files since the proposal's base."""


class SkillError(MementoError):
    """A SKILL.md cannot be used."""


class SandboxError(MementoError):
    """No sandbox is available, or the sandbox itself failed."""


class ToolError(MementoError):
    """A connected tool server cannot be reached, or died: the environment's fault, not the skill's."""


class GitHubError(MementoError):
    """GitHub cannot be reached, refuses, or answers outside its protocol."""

    exit_code = 4


class ModelError(MementoError):
    """The language model cannot be reached, refuses, or answers outside its protocol."""

    exit_code = 4

    def __init__(self, message: str, *, kind: str = "protocol", retryable: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable


class BudgetError(ModelError):
    """A budget of steps, tokens, seconds or money was spent; raised before the call that would exceed it."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="budget", retryable=False)
