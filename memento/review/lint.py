"""What a library could do without: merges and retirements, proposed as branches that a person lands.

merge         two skills say the same: the one with the poorer record goes, the other is to be extended
low utility   at least FEW outcomes, and U below DELTA
shadowed      every request that its own tests name is answered by another skill
unused        at least MANY runs since it last changed, and not one reached it

One word per skill, the first that holds. What is pinned is left alone; so is what a proposal is open
for, and what was refused before.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial

from memento.changes import Landing, Rewrite
from memento.gate.retirement import retirement
from memento.journal import Journal
from memento.library import Library, land
from memento.library.snapshot import CommitSnapshot
from memento.protocols import Snapshot
from memento.skill.duplicates import Duplicate, Profile, compare, pairs, profile_of
from memento.types import ChangeKind, Episode, Route, Skill, Utility, test_path

DELTA, FEW = 0.2, 5
MANY = 50
"""Runs without it after which a skill counts as unused."""
_LOOKED_AT = 1000

Reach = Callable[[str, Snapshot], Route]
"""Where a request goes in a library."""


class Why(StrEnum):
    """What is wrong with a skill's place in the library."""

    MERGE = "merge"
    LOW_UTILITY = "low-utility"
    SHADOWED = "shadowed"
    UNUSED = "unused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """A skill that should go, why, and which one is to be extended with what it knew."""

    skill: str
    why: Why
    reason: str
    into: str | None = None

    @property
    def idea(self) -> str:
        """One line, stable over time: a refusal of it is remembered."""
        return f"merge into {self.into}" if self.into else f"retire: {self.why}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Linted:
    """One piece of advice and what came of it; `landing` is None where nothing was proposed."""

    advice: Advice
    landing: Landing | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Linter:
    """Looks at a library with its records."""

    library: Library
    journal: Journal
    reach: Reach

    @cached_property
    def _at(self) -> CommitSnapshot:
        return self.library.at()

    @cached_property
    def _skills(self) -> Mapping[str, Skill]:
        found = {name: self._at.skill(name) for name in self._at.names()}
        return {name: skill for name, skill in found.items() if skill is not None}

    @cached_property
    def _profiles(self) -> Mapping[str, Profile]:
        # All tests at once: one by one, each costs a process.
        tests = self._at.files(test_path(name) for name in self._skills)
        return {name: profile_of(skill, tests.get(test_path(name))) for name, skill in self._skills.items()}

    @cached_property
    def _runs(self) -> tuple[Episode, ...]:
        return self.journal.episodes(limit=_LOOKED_AT)

    def advice(self) -> tuple[Advice, ...]:
        """At most one for each skill, by name. Changes nothing."""
        found: dict[str, Advice] = {}
        for one in (*self._merges(), *self._poor(), *self._shadowed(), *self._unused()):
            pinned = self._skills[one.skill].metadata.get("memento-pinned")
            # Whoever is to take another in must stay.
            if not pinned and not any(one.skill == other.into for other in found.values()):
                found.setdefault(one.skill, one)
        return tuple(advice for _, advice in sorted(found.items()))

    def propose(self, advice: Advice) -> Linted:
        """The retirement as an open branch, unless one is open or it was refused before."""
        name = advice.skill
        if any(p.skill == name and p.kind is ChangeKind.RETIRE for p in self.library.proposals()):
            return Linted(advice=advice, landing=None, note="a proposal is open already")
        if advice.idea in self.journal.ideas.rejected(name):
            return Linted(advice=advice, landing=None, note="it was proposed before and refused")
        rewrite = Rewrite(skill=name, kind=ChangeKind.RETIRE, folder={}, idea=advice.idea)
        trailers = {"Memento-Blame": f"{advice.why}: {advice.reason}"}
        proposal = self.library.propose(
            rewrite, None, base=self.library.tip(), trailers=trailers, tainted=False
        )
        landing = land(
            self.library,
            proposal,
            gate=lambda base, head: retirement(name, base, head),
            trailers=lambda _: trailers,
            may_land=lambda *_: False,
            remember=partial(self.journal.ideas.record, episode="lint"),
        )
        return Linted(advice=advice, landing=landing)

    def _merges(self) -> Iterator[Advice]:
        for one, other in pairs(tuple(self._profiles.values())):
            twin = compare(one, other)
            if twin is not None:
                yield self._merge(one.name, other.name, twin)

    def _merge(self, one: str, other: str, twin: Duplicate) -> Advice:
        stays = max((one, other), key=lambda name: (*self._worth(name), -len(name), name == other))
        goes = other if stays == one else one
        reason = twin.reason if twin.extend == stays else f"it repeats {stays}: {twin.reason}"
        return Advice(skill=goes, why=Why.MERGE, reason=reason, into=stays)

    def _worth(self, name: str) -> tuple[float, float]:
        utility = self._utility(name)
        return utility.value, utility.n

    def _utility(self, name: str) -> Utility:
        return self.journal.utility(name, self._skills[name].tree)

    def _poor(self) -> Iterator[Advice]:
        for name in self._skills:
            utility = self._utility(name)
            if utility.n >= FEW and utility.value < DELTA:
                reason = f"its utility is {utility.value:.2f} after {utility.n:g} outcomes"
                yield Advice(skill=name, why=Why.LOW_UTILITY, reason=reason)

    def _shadowed(self) -> Iterator[Advice]:
        for name, profile in self._profiles.items():
            reached = {self.reach(request, self._at).skill for request in profile.requests}
            if reached and None not in reached and name not in reached:
                others = ", ".join(sorted(str(other) for other in reached))
                reason = f"all {len(profile.requests)} requests that its tests name go to {others}"
                yield Advice(skill=name, why=Why.SHADOWED, reason=reason)

    def _unused(self) -> Iterator[Advice]:
        used = {run.route.skill for run in self._runs}
        for name in sorted(self._skills.keys() - used):
            changed = self.library.log(name, 1)
            since = sum(run.started > entry.when for run in self._runs for entry in changed)
            if since >= MANY:
                yield Advice(
                    skill=name, why=Why.UNUSED, reason=f"none of {since} runs since it changed used it"
                )
