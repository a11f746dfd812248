"""What is wrong with a library as a whole, seen from the router.

    shadowed      its own description, given as a request, is routed to another skill
    unreachable   that request fits no skill at all, or the skill is not even among the first ten
    overlap       two skills whose texts are so alike that requests for one will reach the other

Not every overlap is a fault, and a description is a kind request: the report is where to look first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from memento.protocols import Snapshot
from memento.route.router import TantivyRouter

ALIKE = 0.9
"""Cosine from which two skills are reported as overlapping."""
MOST_OVERLAPS = 200
AT_ONCE = 64
"""Skills between two words on how far it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shadow:
    """A skill whose own description does not reach it; `by` None: it reaches none."""

    skill: str
    by: str | None
    rank: int | None
    """Its place in that ranking, from 1; None when it is not among the first ten."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Two skills, by name, and the cosine of their texts."""

    first: str
    second: str
    cosine: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """The report: worst first."""

    skills: int
    shadowed: tuple[Shadow, ...]
    unreachable: tuple[Shadow, ...]
    overlaps: tuple[Overlap, ...]
    degraded: str | None = None


def _nobody(_: int) -> None:
    """Nobody is told how far it is."""


def examine(router: TantivyRouter, snapshot: Snapshot, told: Callable[[int], None] = _nobody) -> Health:
    """Route every skill's own description, and compare all with all; `told` hears how many more are done."""
    skills = [s for name in snapshot.names() if (s := snapshot.skill(name)) is not None]
    shadowed, unreachable = [], []
    degraded: str | None = None
    for start in range(0, len(skills), AT_ONCE):
        some = skills[start : start + AT_ONCE]
        routes = router.route_many([skill.description for skill in some], snapshot)
        for skill, route in zip(some, routes, strict=True):
            degraded = degraded or route.degraded
            names = [name for name, _ in route.ranked]
            rank = names.index(skill.name) + 1 if skill.name in names else None
            shadow = Shadow(skill=skill.name, by=names[0] if names else None, rank=rank)
            if rank is None or route.skill is None:
                unreachable.append(shadow)
            elif rank > 1:
                shadowed.append(shadow)
        told(len(some))
    return Health(
        skills=len(skills),
        shadowed=tuple(sorted(shadowed, key=lambda s: (-(s.rank or 0), s.skill))),
        unreachable=tuple(unreachable),
        overlaps=() if degraded else tuple(overlaps(router, snapshot)),
        degraded=degraded,
    )


def overlaps(router: TantivyRouter, snapshot: Snapshot) -> Sequence[Overlap]:
    """The most alike pairs, most alike first; none without an embedder. Raises ModelError."""
    import numpy as np

    names, vectors = router.vectors(snapshot)
    found: list[Overlap] = []
    if vectors is None:
        return found
    for start in range(0, len(names), 1024):
        block = vectors[start : start + 1024] @ vectors.T
        for row, column in np.argwhere(block >= ALIKE):
            if column > row + start:
                pair = names[row + start], names[column]
                found.append(Overlap(first=pair[0], second=pair[1], cosine=float(block[row, column])))
    return sorted(found, key=lambda o: (-o.cosine, o.first, o.second))[:MOST_OVERLAPS]
