"""Runs with one known fault in each, of every class, on every family of the demo's tasks.

    tool          the script has another name; it does not start; it cannot read what the file holds
    planning      a step is missing; the steps are in a wrong order; the same step again and again
    reasoning     the skill says to answer with the wrong line; it draws a wrong conclusion itself
    routing       a skill for other tasks; one that is merely near; none
    environment   the disk is full; a service is down; the task's file is gone; no budget is left
    model         it misreads; it ignores the skill; it answers at once; its endpoint dies
    judge         the gold answer is wrong; it is of another task; it wants a form that nobody asked for

Apart from its one fault a run is sound: the skill is complete, and the simulated agent does what it
says. The skill, the model, the tools or the gold answer carry the fault; nothing marks it in the trace.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from memento.errors import ModelError
from memento.evals.exercises import FAMILIES, Maker
from memento.llm.simulated.kinds import Kind, Temper
from memento.llm.simulated.model import SimulatedModel
from memento.llm.simulated.reading import KINDS
from memento.protocols import Model, Reply, Request, SandboxSession, Tool, ToolCall, ToolResult, ToolSpec
from memento.skill import new
from memento.types import Exercise, Fault, File, Folder, Gold, Scorer, Usage

SOUND = Temper(slip=0.0, wrong_blame=0.0)
OVERVIEW = new(
    name="file-overview",
    description="Describe a file: how long it is, how it begins. Use for a first look at data.",
    body="# File overview\n\nRun it and answer with its last line.\n\n"
    "```sh\npython3 /skill/scripts/overview.py FILE\n```\n",
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run to be made, and the fault that is in it."""

    id: str
    fault: Fault
    exercise: Exercise
    model: Model
    skill: str | None = None
    folder: Folder | None = None
    overlooked: str | None = None
    """The skill that is meant for the task, where the run used another."""
    beside: Mapping[str, Folder] = field(default_factory=dict)
    """Skills that are there and were not used."""
    most_steps: int = 12
    tamper: Callable[[Tool], Tool] = lambda tool: tool


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a fault is put into: a family, one of its tasks, and the skill that solves it."""

    kind: Kind
    exercise: Exercise
    trap: str
    seed: int

    @property
    def mends(self) -> frozenset[str]:
        return frozenset(trap.name for trap in self.kind.traps)

    def folder(
        self, *, body: Callable[[str], str] = str, source: Callable[[str], str] = str, without: str = ""
    ) -> Folder:
        """The complete skill, changed; `without` the mend of one trap."""
        mends = self.mends - {without}
        document = body(self.kind.document(mends))
        return {
            "SKILL.md": File(
                data=new(name=self.kind.skill, description=self.kind.description, body=document)
            ),
            f"scripts/{self.kind.script}": File(data=source(self.kind.compose(mends)).encode()),
        }

    def model(self, temper: Temper = SOUND) -> SimulatedModel:
        return SimulatedModel(seed=self.seed, temper=temper)

    def case(self, fault: Fault, name: str, **changes: Any) -> Case:
        """A sound run but for `changes`."""
        usual: dict[str, Any] = {
            "exercise": self.exercise,
            "model": self.model(),
            "skill": self.kind.skill,
            "folder": self.folder(),
        }
        return Case(id=f"{self.exercise.task.id}-{name}", fault=fault, **{**usual, **changes})


def cases(seed: int) -> Iterator[Case]:
    """Every variant of every fault, once per family."""
    for number, (family, make, traps) in enumerate(f for f in FAMILIES if f[2]):
        kind = next(kind for kind in KINDS if {trap.name for trap in kind.traps} == set(traps))
        ground = _ground(kind, family, make, traps, seed * 10 + number)
        yield from _tool(ground)
        yield from _planning(ground)
        yield from _reasoning(ground)
        yield from _routing(ground)
        yield from _environment(ground)
        yield from _model(ground)
        yield from _judge(ground)


def _ground(kind: Kind, family: str, make: Maker, traps: tuple[str, ...], seed: int) -> Ground:
    rng = Random(f"attribution {family} {seed}")
    trap = rng.choice(traps)
    return Ground(kind=kind, exercise=make(rng, f"{family}-{seed}", [trap]), trap=trap, seed=seed)


# ---------------------------------------------------------------- in the skill


def _tool(at: Ground) -> Iterator[Case]:
    def renamed(body: str) -> str:
        return body.replace(f"scripts/{at.kind.script}", f"scripts/run_{at.kind.script}")

    def unready(source: str) -> str:
        return source.replace("import sys\n", "import sys\n\nimport ledger_helpers\n", 1)

    yield at.case(Fault.TOOL, "no-such-script", folder=at.folder(body=renamed))
    yield at.case(Fault.TOOL, "does-not-start", folder=at.folder(source=unready))
    yield at.case(Fault.TOOL, "cannot-read-it", folder=at.folder(without=at.trap))


def _planning(at: Ground) -> Iterator[Case]:
    command = f"python3 /skill/scripts/{at.kind.script} {at.kind.usage}"

    def unprepared(body: str) -> str:
        return body.replace(command, command.replace("FILE", "prepared.txt"))

    def reversed_order(body: str) -> str:
        return body.replace(command, f"{command}\npython3 /skill/scripts/look.py FILE")

    def circles(body: str) -> str:
        return body.replace(command, "\n".join([command] * 9))

    look = {
        "scripts/look.py": File(data=b"import sys\n\nprint(len(open(sys.argv[1]).read()), 'characters')\n")
    }
    yield at.case(Fault.PLANNING, "step-left-out", folder=at.folder(body=unprepared))
    yield at.case(Fault.PLANNING, "wrong-order", folder={**at.folder(body=reversed_order), **look})
    yield at.case(Fault.PLANNING, "circles", folder=at.folder(body=circles))


def _reasoning(at: Ground) -> Iterator[Case]:
    def first_line(body: str) -> str:
        return body.replace("answer with its last line", "answer with its first line")

    def talks_first(source: str) -> str:
        return source.replace("\n\nmain()\n", '\n\nprint("read", sys.argv[1])\nmain()\n')

    def concludes(source: str) -> str:
        return source.rstrip("\n") + '\nprint("in short: 7")\n'

    rule = next(trap.rule for trap in at.kind.traps if trap.name == at.trap)

    def misreads(body: str) -> str:
        return f"{body}\nWhat looks like an exception is none and is left out of account: {rule}\n"

    yield at.case(Fault.REASONING, "wrong-line", folder=at.folder(body=first_line, source=talks_first))
    yield at.case(Fault.REASONING, "wrong-summary", folder=at.folder(source=concludes))
    yield at.case(Fault.REASONING, "wrong-rule", folder=at.folder(body=misreads, without=at.trap))


def _routing(at: Ground) -> Iterator[Case]:
    other = next(kind for kind in KINDS if kind is not at.kind)
    mends = frozenset(trap.name for trap in other.traps)
    strange: Folder = {
        "SKILL.md": File(
            data=new(name=other.skill, description=other.description, body=other.document(mends))
        ),
        f"scripts/{other.script}": File(data=other.compose(mends).encode()),
    }
    near: Folder = {
        "SKILL.md": File(data=OVERVIEW),
        "scripts/overview.py": File(data=b"import sys\n\nprint(len(list(open(sys.argv[1]))), 'lines')\n"),
    }
    meant: dict[str, Any] = {"overlooked": at.kind.skill, "beside": {at.kind.skill: at.folder()}}
    yield at.case(Fault.ROUTING, "other-skill", skill=other.skill, folder=strange, **meant)
    yield at.case(Fault.ROUTING, "near-skill", skill="file-overview", folder=near, **meant)
    yield at.case(Fault.ROUTING, "no-skill", skill=None, folder=None)


# ---------------------------------------------------------------- outside the skill


class Failing:
    """A tool that works at its first call and never again."""

    def __init__(self, tool: Tool, output: str) -> None:
        self._tool, self._output = tool, output
        self._called = False

    @property
    def spec(self) -> ToolSpec:
        return self._tool.spec

    def __call__(self, arguments: Mapping[str, Any], session: SandboxSession) -> ToolResult:
        if self._called:
            return ToolResult(output=self._output, exit_code=1)
        self._called = True
        return self._tool(arguments, session)


def _environment(at: Ground) -> Iterator[Case]:
    def full(tool: Tool) -> Tool:
        return Failing(tool, "python3: write error: No space left on device")

    def down(tool: Tool) -> Tool:
        return Failing(tool, "terminal: the worker did not answer: Connection timed out")

    gone = replace(at.exercise, task=replace(at.exercise.task, files={}))
    yield at.case(Fault.ENVIRONMENT, "disk-full", tamper=full)
    yield at.case(Fault.ENVIRONMENT, "service-down", tamper=down)
    yield at.case(Fault.ENVIRONMENT, "file-gone", exercise=gone)
    yield at.case(Fault.ENVIRONMENT, "no-budget", most_steps=1)


@dataclass(frozen=True, kw_only=True)
class Altered:
    """A model that is asked something else than it was, or answers by itself."""

    model: Model
    instead: Callable[[Request], Request | Reply]

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, request: Request) -> Reply:
        asked = self.instead(request)
        return asked if isinstance(asked, Reply) else self.model.complete(asked)


def _model(at: Ground) -> Iterator[Case]:
    def blind(request: Request) -> Request:
        unread = [re.sub(r"<skill .*?</skill>", "", m.content, flags=re.DOTALL) for m in request.messages]
        messages = (replace(m, content=text) for m, text in zip(request.messages, unread, strict=True))
        return replace(request, messages=tuple(messages))

    def hasty(_request: Request) -> Reply:
        call = ToolCall(id="1", name="final_answer", arguments='{"answer": "4096 or so"}')
        return Reply(text="", tool_calls=(call,), usage=Usage(calls=1))

    def dies(request: Request) -> Request:
        if any(message.role == "tool" for message in request.messages):
            raise ModelError("the endpoint is gone", kind="connection")
        return request

    yield at.case(Fault.MODEL, "misreads", model=at.model(replace(SOUND, slip=1.0)))
    for name, instead in (("ignores-skill", blind), ("answers-at-once", hasty), ("dies", dies)):
        yield at.case(Fault.MODEL, name, model=Altered(model=at.model(), instead=instead))


def _judge(at: Ground) -> Iterator[Case]:
    gold = at.exercise.gold
    assert gold is not None
    digits = str.maketrans("0123456789", "1234567890")
    wrong = {
        "wrong-gold": replace(gold, answer=gold.answer.translate(digits)),
        "stale-gold": Gold(answer="an answer of last year", scorer=Scorer.EXACT),
        "wants-a-form": Gold(answer=f"The answer is: {gold.answer}", scorer=Scorer.EXACT),
    }
    for name, other in wrong.items():
        yield at.case(Fault.JUDGE, name, exercise=replace(at.exercise, gold=other))
