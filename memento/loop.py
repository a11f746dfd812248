"""Read-Write Reflective Learning (arXiv 2603.18743): the model is frozen, the library learns.

    x_t = (q_t, T_t)        observe   the task and the tip memory
    c_t = mu(x_t)           read      the router picks a skill, or none
    a_t ~ LLM(x_t, c_t)     act       the model follows the skill, with tools, in a sandbox
    r_t                     judge     passed, failed or unjudged
    M_t -> M_t+1            write     utility, tips, and a repaired or a new skill through the gate

Invariants kept here, and in `repair.py`, which is the last step of write:
    - only a FAILED verdict whose blame is controllable changes anything;
    - the gold answer goes to the judge and to the gate's contamination check, and nowhere else;
    - main moves only by a landing of the library, which gates the very commit that lands;
    - a discarded proposal changes no skill, no tip and no utility: its idea is remembered;
    - what an attempt teaches, it teaches once: a run that was killed goes on where it was.

A miss (no skill fits) is tried without a skill first: what the model can do alone needs no skill.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from memento.changes import Announced, Exam, Landing, Lesson, Pass, Rewrite
from memento.errors import ModelError
from memento.journal import Journal
from memento.library import Library
from memento.protocols import Attributor, Executor, Judge, Observation, Probation, Router, Snapshot, TipMemory
from memento.repair import Settings
from memento.types import Blame, Episode, Exercise, Result, Route, Step, Task, Verdict

Event = Task | Route | Step | Verdict | Blame | Exam | Rewrite | Landing | Pass | Announced
"""What an onlooker is told, in the order of the loop: the values themselves."""

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """One learner: stages, a library, and the journal between them."""

    library: Library
    journal: Journal
    router: Router
    executor: Executor
    judge: Judge
    attributor: Attributor
    tips: TipMemory
    repair: Callable[[Lesson, Exercise], Landing | None]
    probation: Probation
    model: str
    settings: Settings
    now: Callable[[], float]
    new_id: Callable[[], str]
    tell: Callable[[Event], None] = lambda _event: None
    entering: Callable[[int, str], None] = lambda _attempt, _stage: None
    """Told before each stage that takes ids or the time: a repeatable run starts them afresh there."""

    def solve(self, exercise: Exercise, told: Sequence[Episode] = ()) -> Iterator[Episode]:
        """Attempts at one task, each yielded when it has been learned from; the last one stands.

        `told` are the attempts that an interrupted run has recorded. They are not made again; what the
        last of them had not taught yet, it teaches now.
        """
        self.tell(exercise.task)
        for attempt in range(self.settings.rounds + 1):
            episode = told[attempt] if attempt < len(told) else self.attempt(exercise, attempt)
            if attempt + 1 >= len(told):
                episode = self.learn(episode, exercise)
            yield episode
            if episode.verdict.result is not Result.FAILED:
                return

    def attempt(self, exercise: Exercise, attempt: int = 0, *, at: Snapshot | None = None) -> Episode:
        """Observe, read, act, judge, with the library as it is now or `at` another moment.

        Changes nothing, records nothing.
        """
        self.entering(attempt, "act")
        task, begun = exercise.task, self.now()
        library = at or self.library.at()
        x = Observation(task=task, tips=library.tips(), library=library)
        route = self._told(self.router(x))
        skill = library.skill(route.skill) if route.skill else None
        trajectory = self.executor(x, skill)
        verdict = self._told(self.judge(task, trajectory, exercise.gold))
        return Episode(
            id=self.new_id(),
            task=task,
            attempt=attempt,
            library=library.commit or self.library.tip(),
            model=self.model,
            route=route,
            skill_tree=skill.tree if skill else None,
            trajectory=trajectory,
            verdict=verdict,
            started=begun,
            seconds=self.now() - begun,
        )

    def learn(self, episode: Episode, exercise: Exercise) -> Episode:
        """Write: blame, utility, and what follows from them. Returns the episode with its blame.

        Each step is taken once, however often it is called for the same episode.
        """
        self.entering(episode.attempt, "learn")
        failed = episode.verdict.result is Result.FAILED
        if failed and self.settings.learn and episode.blame is None:
            episode = self._blamed(episode)
        self.journal.record(episode)
        if failed and self.settings.learn and episode.blame is not None and episode.blame.teaches:
            self._teach(episode, episode.blame, exercise)
        return episode

    def _blamed(self, episode: Episode) -> Episode:
        library = self.library.at(episode.library)
        skill = library.skill(episode.route.skill) if episode.route.skill else None
        try:
            blame = self.attributor(episode.task, skill, episode.trajectory, episode.verdict, library)
        except ModelError:
            self.journal.record(episode)
            raise
        return replace(episode, blame=self._told(blame))

    def _teach(self, episode: Episode, blame: Blame, exercise: Exercise) -> None:
        """A tip; then a version that does worse than its parent goes, and any other is repaired."""
        lesson = Lesson(
            episode=episode.id,
            task=episode.task,
            trajectory=episode.trajectory,
            verdict=episode.verdict,
            blame=blame,
            # Those that the attempt was made with: a tip that it has taught already is not among them.
            tips=self.library.at(episode.library).tips(),
        )
        self.tips(lesson)
        used = blame.skill if blame.skill == episode.route.skill else None
        taken_back = self.probation(used, episode) if used is not None else None
        if taken_back is not None:
            self.tell(taken_back)
        else:
            self.repair(lesson, exercise)

    def _told(self, event: E) -> E:
        self.tell(event)
        return event
