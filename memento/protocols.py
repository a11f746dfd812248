"""The seams. A stage is a function or a frozen object with `__call__`; everything else is handed in.

outside world      Model  Embedder  Sandbox  Tool
stages             Router  Executor  Judge  Attributor  ExamAuthor  Rewriter  Gate
people             Policy
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from memento.changes import Exam, GateReport, Landing, Lesson, Proposal, Rewrite
from memento.types import (
    Blame,
    Episode,
    Exercise,
    Folder,
    Gold,
    Route,
    Sha,
    Skill,
    Task,
    Trajectory,
    Usage,
    Verdict,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# ---------------------------------------------------------------- the language model


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A tool call as the model wrote it; `arguments` is its JSON text, not yet parsed."""

    id: str
    name: str
    arguments: str
    extra: str = ""
    """JSON that the endpoint wants back beside the call (Gemini's thought signature), unread by us."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One chat message; `role` is system, user, assistant or tool."""

    role: str
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolSpec:
    """What a model is told of a tool; `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call of the model. `purpose` names the stage that asks, for the journal and the budget."""

    purpose: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    schema: Mapping[str, Any] | None = None
    """A JSON Schema that the reply must satisfy, where structured output is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The model's answer: text, tool calls, or both."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    counted: bool = True
    """False when the endpoint stated no tokens: those in `usage` are an estimate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """A piece of a reply while it comes in; the whole reply is still what `complete` returns."""

    purpose: str
    """Of the request that is answered."""
    text: str
    call: str = ""
    """The tool whose arguments this is a piece of; "" for the reply's own text."""
    first: bool = False
    """The request was sent, with nothing said yet: what was heard of this reply before is void."""


Hear = Callable[[Delta], None]
"""A model that can stream is given its listener when it is made."""


class Model(Protocol):
    """A frozen language model. Raises ModelError; never retries silently past its deadline."""

    @property
    def name(self) -> str:
        """Identifies the model in episodes and trailers; a simulated one starts with SIMULATED."""

    def complete(self, request: Request) -> Reply: ...


class Embedder(Protocol):
    """Text to vectors."""

    @property
    def name(self) -> str:
        """Identifies the embedder, and with it the space its vectors live in."""

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of shape (len(texts), dimensions)."""


# ---------------------------------------------------------------- the sandbox


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one sandboxed command may use."""

    wall_s: float = 30.0
    cpu_s: int = 30
    memory_mb: int = 512
    processes: int = 64
    file_mb: int = 64
    """One file, and all of /tmp."""
    disk_mb: int = 512
    """All of /workspace, for the whole session; a command that grows it further is killed."""
    output_kb: int = 256
    """Per stream; more is cut and said so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A host folder seen read-only inside the sandbox at an absolute, neutral path."""

    source: Path
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """How a sandboxed command ended; a non-zero exit or a timeout is an answer, not an accident."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    truncated: bool = False
    seconds: float = 0.0


class SandboxSession(Protocol):
    """A confined place that lives as long as one task or one test run."""

    @property
    def python(self) -> Sequence[str]:
        """argv of an isolated Python (-I) inside that can import memento.testing and pytest."""

    def path(self, target: str) -> str:
        """How commands name `target`, a path below /workspace or a mount: as it is, except on the host."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        cwd: str = "/workspace",
        env: Mapping[str, str] = {},
        limits: Limits | None = None,
    ) -> Completed:
        """Run `argv` to its end. /workspace outlives a command; /tmp and processes may not."""


class Sandbox(Protocol):
    """Runs untrusted commands. What each backend covers and does not cover is in its docstring."""

    @property
    def name(self) -> str:
        """ "bubblewrap", "docker" or "host"; part of every cached gate verdict's key."""

    def check(self) -> None:
        """Try to break out, cheaply. Raises SandboxError, with the way to get a sandbox, when it could."""

    def open(
        self,
        *,
        workspace: Path | None = None,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),
    ) -> AbstractContextManager[SandboxSession]:
        """A session whose /workspace is `workspace` (read-write; a private empty folder when None) and whose
        other visible folders are `mounts`, read-only. No network, no environment, no secrets.
        """


# ---------------------------------------------------------------- tools of the agent


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolResult:
    """What a tool gave back; text is cut and cleaned of control characters before a model sees it."""

    output: str
    exit_code: int | None = None
    tainted: bool = False


class Tool(Protocol):
    """Something the agent can call."""

    @property
    def spec(self) -> ToolSpec: ...

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        """Bad arguments are answered in the output, so that the model can mend its call."""


# ---------------------------------------------------------------- the library as stages see it


class Snapshot(Protocol):
    """The library at one moment: a commit, or the files of a work tree. Read-only."""

    @property
    def commit(self) -> Sha | None:
        """None for a work tree."""

    def entries(self) -> Mapping[str, str]:
        """Every path with its git mode and object name ("100644 ab12..."), for custody."""

    def names(self) -> Sequence[str]:
        """Names of all usable skills, sorted."""

    def skill(self, name: str) -> Skill | None: ...

    def folder(self, name: str) -> Folder:
        """All files of the skill's folder; empty when there is no such skill."""

    def test(self, name: str) -> bytes | None:
        """The skill's test file."""

    def tips(self) -> str:
        """The tip memory, "" when there is none."""


# ---------------------------------------------------------------- stages


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """x_t = (q_t, T_t): the task and the tip memory, with the library they were read from."""

    task: Task
    tips: str
    library: Snapshot


class Router(Protocol):
    def __call__(self, x: Observation) -> Route: ...


class Executor(Protocol):
    def __call__(self, x: Observation, skill: Skill | None) -> Trajectory: ...


class Judge(Protocol):
    def __call__(self, task: Task, trajectory: Trajectory, gold: Gold | None) -> Verdict: ...


class Attributor(Protocol):
    def __call__(
        self, task: Task, skill: Skill | None, trajectory: Trajectory, verdict: Verdict
    ) -> Blame: ...


class TipMemory(Protocol):
    def __call__(self, lesson: Lesson) -> None:
        """Keep what the lesson teaches in general, where every later attempt reads it; once per episode."""


class TipWriter(Protocol):
    def __call__(self, lesson: Lesson) -> str | None:
        """One general tip, or None when the failure teaches nothing general."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parent:
    """The version that a change starts from.

    `contract` is what the skill promises: the parent's SKILL.md or, for a skill that does not
    exist yet, its charter (name, description, and in the body how it will be used). Both the
    exam and the rewrite are written from it, apart from each other.
    """

    contract: Skill
    folder: Folder = field(default_factory=dict)
    """Empty when the skill does not exist yet."""
    test: bytes | None = None

    @property
    def exists(self) -> bool:
        return bool(self.folder)


class Charterer(Protocol):
    def __call__(self, lesson: Lesson, library: Snapshot) -> Skill | None:
        """The charter of a new skill, or None when the task is a one-off or a skill for it exists."""


class ExamAuthor(Protocol):
    def __call__(self, lesson: Lesson, parent: Parent) -> Exam | None:
        """Tests that the failure calls for. It never sees a rewrite; None when it has none to offer."""


class Rewriter(Protocol):
    def __call__(self, lesson: Lesson, parent: Parent, *, discover: bool) -> Rewrite | None:
        """A better folder. It never sees the exam nor the gold answer."""


class Gate(Protocol):
    def __call__(
        self,
        *,
        skill: str,
        base: Snapshot,
        head: Snapshot,
        exam: Exam | None,
        exercise: Exercise | None = None,
    ) -> GateReport:
        """Gate one skill's change from `base` to `head`; `exercise` feeds the contamination check only."""


class Probation(Protocol):
    def __call__(self, skill: str, episode: Episode) -> Landing | None:
        """After a failure that was the skill's own: take its newest version back when it does worse than
        the one before. None when it stays."""


# ---------------------------------------------------------------- people


class Policy(Protocol):
    """What the people of a library leave to the agent. Answers are reasons against, None for a yes."""

    def against_proposing(self, skill: str, library: Snapshot) -> str | None:
        """Why the agent may not propose a change of this skill, in a sentence."""

    def against_landing(self, proposal: Proposal, report: GateReport, tip: Sha) -> str | None:
        """Why a proposal must wait for a person instead of landing on that commit of main, in a sentence."""
