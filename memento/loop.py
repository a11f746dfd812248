"""Read-Write Reflective Learning (arXiv 2603.18743): the model is frozen, the library learns.

    x_t = (q_t, T_t)        observe   the task and the tip memory
    c_t = mu(x_t)           read      the router picks a skill, or none
    a_t ~ LLM(x_t, c_t)     act       the model follows the skill, with tools, in a sandbox
    r_t                     judge     passed, failed or unjudged
    M_t -> M_t+1            write     utility, tips, and a repaired or a new skill through the gate

Invariants kept here:
    - only a FAILED verdict whose blame is controllable changes anything;
    - the gold answer goes to the judge and to the gate's contamination check, and nowhere else;
    - the exam is authored before the rewrite exists, and the rewriter never sees it;
    - main moves only by a landing of the library, which gates the very commit that lands;
    - a discarded proposal changes no skill, no tip and no utility: its idea is remembered.

A miss (no skill fits) is tried without a skill first: what the model can do alone needs no skill.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from memento.changes import (
    Exam,
    GateReport,
    Landing,
    Lesson,
    Pass,
    Rewrite,
)
from memento.errors import ModelError
from memento.journal import Journal
from memento.library import Library, land
from memento.protocols import (
    Attributor,
    Charterer,
    ExamAuthor,
    Executor,
    Gate,
    Judge,
    Observation,
    Parent,
    Policy,
    Rewriter,
    Router,
    Snapshot,
    TipWriter,
)
from memento.reflect.tips import add_tip
from memento.types import (
    SKILL_FAULTS,
    Blame,
    Episode,
    Exercise,
    Fault,
    Result,
    Route,
    Step,
    Task,
    Verdict,
)

Event = Task | Route | Step | Verdict | Blame | Exam | Rewrite | Landing | Pass
"""What an onlooker is told, in the order of the loop: the values themselves."""

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """delta and n_min decide when a skill is hopeless enough for a different approach."""

    rounds: int = 3
    """Retries of one task after its first attempt."""
    delta: float = 0.2
    n_min: int = 3
    learn: bool = True
    create_on_miss: bool = True


@dataclass(frozen=True, kw_only=True)
class Loop:
    """One learner: stages, a library, and the journal between them."""

    library: Library
    journal: Journal
    router: Router
    executor: Executor
    judge: Judge
    attributor: Attributor
    tip_writer: TipWriter
    exam_author: ExamAuthor
    rewriter: Rewriter
    charterer: Charterer
    gate: Gate
    policy: Policy
    model: str
    settings: Settings
    now: Callable[[], float]
    new_id: Callable[[], str]
    tell: Callable[[Event], None] = lambda _event: None

    def solve(self, exercise: Exercise) -> Iterator[Episode]:
        """Attempts at one task, each yielded when it has been learned from; the last one stands."""
        self.tell(exercise.task)
        for attempt in range(self.settings.rounds + 1):
            episode = self.attempt(exercise, attempt)
            if episode.verdict.result is Result.FAILED and self.settings.learn:
                episode = self.learn(episode, exercise)
            else:
                self.journal.record(episode)
            yield episode
            if episode.verdict.result is not Result.FAILED:
                return

    def attempt(self, exercise: Exercise, attempt: int = 0, *, at: Snapshot | None = None) -> Episode:
        """Observe, read, act, judge, with the library as it is now or `at` another moment.

        Changes nothing, records nothing.
        """
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
        """Write: blame, utility, a tip, and a repair through the gate. Returns the episode with its blame."""
        library = self.library.at()
        skill = library.skill(episode.route.skill) if episode.route.skill else None
        try:
            blame = self.attributor(episode.task, skill, episode.trajectory, episode.verdict)
        except ModelError:
            self.journal.record(episode)
            raise
        self.tell(blame)
        episode = replace(episode, blame=blame)
        self.journal.record(episode)
        if blame.teaches:
            lesson = self._lesson(episode, blame, library)
            self._tip(lesson)
            self._repair(lesson, exercise)
        return episode

    def _lesson(self, episode: Episode, blame: Blame, library: Snapshot) -> Lesson:
        return Lesson(
            episode=episode.id,
            task=episode.task,
            trajectory=episode.trajectory,
            verdict=episode.verdict,
            blame=blame,
            tips=library.tips(),
        )

    def _tip(self, lesson: Lesson) -> None:
        # A tip is read by every later attempt: text that came from outside must not become one.
        tip = None if lesson.trajectory.tainted else self.tip_writer(lesson)
        if tip is None:
            return
        library = self.library.at()
        tips = add_tip(library.tips(), tip, episode=lesson.episode)
        if tips is not None:
            self.library.commit_files(
                {"tips.md": tips.encode()},
                message=f"tips: {tip}",
                trailers={"Memento-Episode": lesson.episode, "Memento-Task": lesson.task.id},
                base=library.commit,
            )

    def _repair(self, lesson: Lesson, exercise: Exercise) -> Landing | None:
        """Exam, then rewrite, then the gate; None when a stage has nothing to offer."""
        library = self.library.at()
        parent = self._parent(lesson, library)
        if parent is None or library.commit is None:
            return self._pass("charter")
        name = parent.contract.name
        reason = self.policy.against_proposing(name, library)
        if reason is not None:
            return self._pass("policy", reason)
        lesson = replace(
            lesson, rejected=self.journal.rejected(name), objections=self.journal.objections(name)
        )
        exam = self.exam_author(lesson, parent)
        if exam is None:
            return self._pass("exam")
        self.tell(exam)
        rewrite = self.rewriter(lesson, parent, discover=self._hopeless(parent))
        if rewrite is None:
            return self._pass("rewrite")
        self.tell(rewrite)
        trailers = self._why(lesson)
        proposal = self.library.propose(
            rewrite, exam, base=library.commit, trailers=trailers, tainted=lesson.trajectory.tainted
        )
        landing = land(
            self.library,
            proposal,
            gate=lambda base, head: self.gate(
                skill=proposal.skill, base=base, head=head, exam=exam, exercise=exercise
            ),
            trailers=lambda report: {**trailers, **evidence_of(report)},
            may_land=lambda report: self.policy.against_landing(proposal, report) is None,
            remember=partial(self.journal.record_landing, episode=lesson.episode),
        )
        return self._told(landing)

    def _parent(self, lesson: Lesson, library: Snapshot) -> Parent | None:
        name = lesson.blame.skill
        if lesson.blame.fault in SKILL_FAULTS and name is not None:
            skill = library.skill(name)
            if skill is None:
                return None
            return Parent(contract=skill, folder=library.folder(name), test=library.test(name))
        if lesson.blame.fault is Fault.ROUTING and self.settings.create_on_miss:
            charter = self.charterer(lesson, library)
            return Parent(contract=charter) if charter else None
        return None

    def _hopeless(self, parent: Parent) -> bool:
        """U < delta after at least n_min outcomes: mending has not helped, discover another approach."""
        utility = self.journal.utility(parent.contract.name, parent.contract.tree)
        return utility.n >= self.settings.n_min and utility.value < self.settings.delta

    def _why(self, lesson: Lesson) -> Mapping[str, str]:
        """The trailers that answer, years later and without a server, why this change was proposed."""
        return {
            "Memento-Task": lesson.task.id,
            "Memento-Episode": lesson.episode,
            "Memento-Blame": f"{lesson.blame.fault}: {lesson.blame.explanation}",
            "Memento-Model": self.model,
            "Memento-Cost": cost_of(lesson),
        }

    def _pass(self, stage: str, reason: str = "") -> Landing | None:
        self.tell(Pass(stage=stage, reason=reason))
        return None

    def _told(self, event: E) -> E:
        self.tell(event)
        return event


def evidence_of(report: GateReport) -> Mapping[str, str]:
    """The trailers of a landing: what the gate said, how well it is supported, which tests are new."""
    return {
        "Memento-Gate": f"{report.outcome.upper()} {report.evidence}",
        "Memento-Tests": f"{len(report.tests)} green, new: {', '.join(report.new_tests) or 'none'}",
    }


def cost_of(lesson: Lesson) -> str:
    """What the failed attempt cost, for the trailer; an unknown price is said to be unknown."""
    usage = lesson.trajectory.usage
    price = "price unknown" if usage.usd is None else f"${usage.usd:.4f}"
    return f"{usage.calls} calls, {usage.input_tokens + usage.output_tokens} tokens, {price}"
