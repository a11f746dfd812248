"""The demo: one learner, one stream of tasks, and what became of the library. SIMULATED throughout.

    before     first attempts at held-out tasks with the starter library
    stream     attempt, and where it fails: blame, exam, rewrite, gate, land or discard, retry
    after      first attempts at the same held-out tasks with the library as it is now

The tasks, files, git, sandbox, test runs and the gate are real; the model is simulated, and the
numbers say nothing about a real one.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from memento.changes import Disposition, Landing, Rewrite
from memento.evals.exercises import battery, heldout, stream
from memento.evals.quality import true_quality
from memento.loop import Event, Loop
from memento.protocols import Sandbox
from memento.types import Episode, Exercise, Folder, Result

FAMILY_OF = {"ledger-totals": "ledger", "log-error-counts": "log", "date-spans": "dates"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One attempt of the stream, for the table."""

    task: str
    attempt: int
    skill: str | None
    verdict: str
    blame: str | None
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What `memento demo --json` prints. Shares are in [0, 1]."""

    simulated: bool = True
    seed: int
    landed: int
    discarded: int
    harmful_landed: int
    """Landed changes whose hidden quality is below that of the version before."""
    harmful_refused: int
    """The same among the discarded ones."""
    heldout_before: float
    heldout_after: float
    seconds: float
    library: str
    """Where the library is, for looking further."""
    rows: tuple[Row, ...]


@dataclass(kw_only=True)
class Observer:
    """Hears what the loop tells, keeps the landings with their true worth, and passes all on."""

    tell: Callable[[Event], None]
    sandbox: Sandbox
    seed: int
    before: Callable[[str], Folder]
    landings: list[Landing] = field(default_factory=list)
    harmful: list[bool] = field(default_factory=list)
    _gain: float = 0.0
    _mute: bool = False

    def __call__(self, event: Event) -> None:
        if isinstance(event, Rewrite):
            # Measured now: once it has landed, the version before is no longer the current one.
            self._gain = self._quality(event.skill, event.folder) - self._quality(
                event.skill, self.before(event.skill)
            )
        elif isinstance(event, Landing):
            self.landings.append(event)
            self.harmful.append(self._gain < 0)
        if not self._mute:
            self.tell(event)

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Nothing is passed on: held-out tasks are measured, not watched."""
        self._mute = True
        yield
        self._mute = False

    def count(self, disposition: Disposition, *, harmful: bool = False) -> int:
        """Proposals that met this fate; only the harmful ones when asked."""
        pairs = zip(self.landings, self.harmful, strict=True)
        return sum(x.disposition is disposition and (worse or not harmful) for x, worse in pairs)

    def _quality(self, skill: str, folder: Folder) -> float:
        family = FAMILY_OF.get(skill)
        return true_quality(skill, folder, battery(family, self.seed), self.sandbox) if family else 0.0


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What a demo leaves: its figures, and the history that the library now has."""

    summary: Summary
    graph: str


def run(
    loop: Loop, observer: Observer, *, seed: int, tasks: int | None = None, clock: Callable[[], float]
) -> Demo:
    """Before, stream (its first `tasks` only, when given), after."""
    begun = clock()
    exercises = heldout(seed)
    with observer.muted():
        before = first_attempts(loop, exercises)
    rows = play(loop, stream(seed)[:tasks], observer)
    with observer.muted():
        after = first_attempts(loop, exercises)
    summary = Summary(
        seed=seed,
        landed=observer.count(Disposition.LANDED),
        discarded=observer.count(Disposition.DISCARDED),
        harmful_landed=observer.count(Disposition.LANDED, harmful=True),
        harmful_refused=observer.count(Disposition.DISCARDED, harmful=True),
        heldout_before=before,
        heldout_after=after,
        seconds=round(clock() - begun, 1),
        library=str(loop.library.root),
        rows=rows,
    )
    return Demo(summary=summary, graph=loop.library.graph())


def first_attempts(loop: Loop, exercises: Iterable[Exercise]) -> float:
    """Share of tasks solved at the first attempt, with nothing learned from them."""
    results = [loop.attempt(exercise).verdict.result is Result.PASSED for exercise in exercises]
    return sum(results) / len(results)


def play(loop: Loop, exercises: Iterable[Exercise], observer: Observer) -> tuple[Row, ...]:
    """Solve the stream; one row per attempt."""
    rows = []
    for exercise in exercises:
        heard = len(observer.landings)
        for episode in loop.solve(exercise):
            rows.append(_row(episode, observer.landings[heard:]))
            heard = len(observer.landings)
    return tuple(rows)


def _row(episode: Episode, landings: list[Landing]) -> Row:
    blame = episode.blame
    return Row(
        task=episode.task.id,
        attempt=episode.attempt + 1,
        skill=episode.route.skill,
        verdict=episode.verdict.result,
        blame=(blame.fault or "abstained") if blame else None,
        outcome="; ".join(_fate(landing) for landing in landings),
    )


def _fate(landing: Landing) -> str:
    what = f"{landing.proposal.kind} {landing.proposal.skill}"
    if landing.disposition is Disposition.LANDED:
        return f"landed: {what}"
    return f"{landing.disposition}: {what} ({landing.report.reason.split(':')[0]})"
