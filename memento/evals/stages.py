"""The parts that one task is attempted with: fresh for each task, over what tasks may share.

shared    the learner's library, the sandbox's kind, the client of the endpoint, the router's index
fresh     budgets, the judge with its rubrics, the checker of the workspace, a simulated model
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from memento.evals.arms import Arm
from memento.evals.attempts import Faults, Stage, Work
from memento.evals.datasets.items import ByTests
from memento.evals.scoring.judge import DatasetJudge
from memento.evals.scoring.tests import TestChecker
from memento.llm.budget import Budget, Metered
from memento.loop import Loop
from memento.protocols import Executor, Judge, Model, Router, Sandbox
from memento.types import Task

OnEnd = Callable[[Task, Path], None]


@dataclass(frozen=True, kw_only=True)
class Models:
    """Who answers a task, and who grades the answer."""

    agent: Model
    grader: Model


@dataclass(frozen=True, kw_only=True)
class Stages:
    """Makes the stage of a piece of work."""

    learner: Loop
    sandbox: Sandbox
    budget: Budget
    clock: Callable[[], float]
    models: Callable[[str], Models]
    """By task id."""
    router: Callable[[Arm], Router]
    executor: Callable[[Model, OnEnd], Executor]
    judging: Callable[[Model], Judge]

    def __call__(self, work: Work) -> Stage:
        item, faults = work.item, Faults()
        models = self.models(item.id)
        agent = Metered(models.agent, self.budget, clock=self.clock, record=faults)
        grader = Metered(models.grader, self.budget, clock=self.clock)
        tests = {item.id: item.scored} if isinstance(item.scored, ByTests) else {}
        checker = TestChecker(sandbox=self.sandbox, tests=tests)
        judge = DatasetJudge(
            items={item.id: item}, usual=self.judging(grader), grader=grader, tested=checker.results
        )
        loop = replace(
            self.learner,
            router=self.router(work.arm),
            executor=self.executor(agent, checker),
            judge=judge,
        )
        return Stage(loop=loop, judge=judge, grader=grader, faults=faults)
