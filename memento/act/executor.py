"""Act: the model follows a skill, in steps, with tools, until it answers.

Rules
- Accidents of the model, the sandbox and connected tool servers end the attempt as a value: the steps
  so far are kept.
- Every call that the model makes is answered and is a step, also the one that names no tool or
  whose arguments are not JSON; so `most_steps` bounds everything that can repeat.
- All calls of one reply are answered in order; a final answer among them ends the attempt.
- What a tool gives back is cleaned, cut, labelled with its origin and quoted as data.
- The skill's export and connections to tool servers are made for the attempt; nothing of them outlives it,
  nor does the workspace, unless `place` keeps it for a run that may be interrupted (places.py).
- The skill's body is in the prompt; its other files are named there and read on demand.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from memento.act.conversation import Conversation, Settings
from memento.act.offering import Offering, Rank, in_order
from memento.act.places import Places, fresh
from memento.act.toolbox import permitted
from memento.act.workspace import lay_skill, lay_task
from memento.errors import BudgetError, ModelError, SandboxError, ToolError
from memento.protocols import Limits, Model, Mount, Observation, Sandbox, Tool
from memento.sandbox.folders import scratch
from memento.types import Folder, Skill, Step, Stop, Task, Trajectory

SKILL_PLACE = "/skill"

MOST_NAMED = 50
"""Of a skill's files; list_files shows the rest."""

Connect = Callable[[], AbstractContextManager[Sequence[Tool]]]
"""Tools that have to be connected to; ToolError when one cannot be."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended."""

    stop: Stop
    answer: str | None = None
    detail: str = ""


def _no_servers() -> AbstractContextManager[Sequence[Tool]]:
    return nullcontext(())


def _ignore(step: Step) -> None:
    del step


def _leave(task: Task, workspace: Path) -> None:
    del task, workspace


@dataclass(frozen=True, kw_only=True)
class ReactExecutor:
    """Implements Executor: reason, call a tool, observe, and again."""

    model: Model
    sandbox: Sandbox
    tools: Sequence[Tool]
    clock: Callable[[], float]
    connect: Connect = _no_servers
    rank: Rank = in_order
    settings: Settings = field(default_factory=Settings)
    limits: Limits = Limits()
    on_step: Callable[[Step], None] = _ignore
    on_end: Callable[[Task, Path], None] = _leave
    """Sees the workspace as the agent left it, before it goes; not after an accident."""
    place: Places = fresh
    """Where attempts work."""

    def __call__(self, x: Observation, skill: Skill | None) -> Trajectory:
        """One attempt. UsageError or SkillError when a file's name cannot be used."""
        files = x.library.folder(skill.name) if skill else {}
        talk = Conversation(
            model=self.model,
            offering=Offering(rank=self.rank, most=self.settings.most_tools),
            clock=self.clock,
            settings=self.settings,
            on_step=self.on_step,
        )
        ending = self._attempt(talk, x, skill, files)
        return Trajectory(
            steps=tuple(talk.steps),
            answer=ending.answer,
            stop=ending.stop,
            usage=talk.usage,
            detail=ending.detail,
        )

    def _attempt(self, talk: Conversation, x: Observation, skill: Skill | None, files: Folder) -> Ending:
        try:
            with ExitStack() as stack:
                connected = stack.enter_context(self.connect())
                talk.offering.allowed = permitted((*self.tools, *connected), skill)
                talk.begin(x, skill, skill_files=_named(files))
                place = stack.enter_context(self.place(talk.opening, partial(lay_task, x.task.files)))
                talk.record = place.record
                session = stack.enter_context(
                    self.sandbox.open(
                        workspace=place.workspace, mounts=_mounts(stack, files), limits=self.limits
                    )
                )
                ending = _ending(talk.go_on(session), talk)
                self.on_end(x.task, place.workspace)
                return ending
        except BudgetError as error:
            return Ending(stop=Stop.BUDGET, detail=str(error))
        except ModelError as error:
            return Ending(stop=Stop.MODEL_ERROR, detail=str(error))
        except SandboxError as error:
            return Ending(stop=Stop.SANDBOX_ERROR, detail=str(error))
        except ToolError as error:
            return Ending(stop=Stop.TOOL_ERROR, detail=str(error))


def _mounts(stack: ExitStack, files: Folder) -> list[Mount]:
    """The skill's export."""
    if not files:
        return []
    folder = stack.enter_context(scratch()) / "skill"
    folder.mkdir()
    lay_skill(files, folder)
    return [Mount(source=folder, target=SKILL_PLACE)]


def _named(files: Folder) -> Sequence[str]:
    """Places of a skill's files but SKILL.md, whose text is in the prompt."""
    return [f"{SKILL_PLACE}/{name}" for name in sorted(files) if name != "SKILL.md"][:MOST_NAMED]


def _ending(answer: str | None, talk: Conversation) -> Ending:
    if answer is not None:
        return Ending(stop=Stop.ANSWERED, answer=answer)
    if talk.stuck:
        return Ending(
            stop=Stop.STUCK, detail=f"the same calls gave the same output, up to step {len(talk.steps)}"
        )
    return Ending(stop=Stop.BUDGET, detail=f"no answer within {talk.settings.most_steps} steps")
