"""The journal, the sandbox, and the gate over both."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from memento.assemble.agents import executor_of, judging_of
from memento.assemble.ambience import Ambience
from memento.assemble.models import model_of

if TYPE_CHECKING:
    from memento.changes import GateStep
    from memento.config import Config
    from memento.gate.behaviour import Solver
    from memento.gate.gate import TestGate
    from memento.journal import Journal
    from memento.library import Library
    from memento.protocols import Sandbox
    from memento.route.router import TantivyRouter


def journal_of(library: "Library") -> "Journal":
    from memento.journal import Journal

    return Journal(path=library.state / "journal.db")


def mended_journal_of(library: "Library") -> "Journal":
    """The journal of a library that is about to be written, mended first where a process died at it."""
    from memento.library.reconcile import reconcile

    journal = journal_of(library)
    library.recover()
    reconcile(library, journal)
    return journal


def sandbox_of(config: "Config", environ: Mapping[str, str]) -> "Sandbox":
    """The chosen sandbox, proven by trying to break out of it. Raises SandboxError."""
    from memento.sandbox.select import choose

    return choose(config.sandbox.kind, environ, image=config.sandbox.image)


def lazy_sandbox_of(config: "Config", environ: Mapping[str, str]) -> "Sandbox":
    """The same, chosen and proven when something is first to be run."""
    from memento.gate.lazy import LazySandbox

    return LazySandbox(name=config.sandbox.kind, choose=lambda: sandbox_of(config, environ))


def gate_of(
    sandbox: "Sandbox",
    journal: "Journal",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
    use_cache: bool = True,
    workers: int = 2,
    tell: "Callable[[GateStep], None] | None" = None,
) -> "TestGate":
    from memento.gate.gate import TestGate
    from memento.gate.harness import Harness
    from memento.gate.routes import Routes
    from memento.gate.scanner import Scanner
    from memento.protocols import Snapshot

    threshold, command = config.route.threshold, config.gate.scanner

    def route(text: str, snapshot: Snapshot) -> str | None:
        return router().route(text, snapshot).skill

    @cache
    def router() -> "TantivyRouter":
        # Without history: what lands must not depend on who was lucky so far.
        from memento.route.router import THRESHOLD, TantivyRouter

        return TantivyRouter(threshold=THRESHOLD if threshold is None else threshold)

    harness = Harness(
        sandbox=sandbox,
        journal=journal,
        new_word=lambda: secrets.token_hex(16),
        use_cache=use_cache,
        workers=workers,
        chance=ambience.chance,
    )
    gate = TestGate(
        harness=harness,
        clock=ambience.clock,
        timeout_s=config.gate.timeout_s,
        solver=_solver_of(sandbox, ambience, config) if config.gate.behaviour else None,
        routes=Routes(router=route),
        scanner=Scanner(command=command, path=environ.get("PATH", os.defpath)) if command else None,
    )
    return replace(gate, tell=tell) if tell else gate


def _solver_of(sandbox: "Sandbox", ambience: Ambience, config: "Config") -> "Solver":
    """The agent that tries behaviour cases for the gate. Raises ModelError when no model is set."""
    from memento.gate.cases import Case
    from memento.llm.budget import Budget, Metered
    from memento.protocols import Observation, Snapshot
    from memento.types import Gold, Result, Task

    budget = Budget(usd=config.budget.usd)
    model = Metered(model_of(config, ambience), budget, clock=ambience.clock)
    executor = executor_of(config, model, sandbox, ambience)
    # No web: what an answer depends on must be the same for the candidate and for its parent.
    tools = [tool for tool in executor.tools if not tool.spec.name.startswith("web")]
    execute, judge = replace(executor, tools=tools), judging_of(model, sandbox)

    @dataclass(frozen=True)
    class Agent:
        model: str

        def __call__(self, case: Case, skill: str, library: Snapshot) -> bool | None:
            task = Task(id=case.test, text=case.task)
            x = Observation(task=task, tips="", library=library)
            verdict = judge(task, execute(x, library.skill(skill)), Gold(answer=case.answer))
            return None if verdict.result is Result.UNJUDGED else verdict.result is Result.PASSED

    return Agent(model.name)
