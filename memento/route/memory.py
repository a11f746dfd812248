"""What past requests say: those that a skill solved, and those that it was wrongly given.

For a request q and a skill with past requests p_1 ... p_n (unit vectors, after |p| their mean):

    nearest     max q . p_i
    kernel      max(0, (nearest - 1/2) / (1/2)): only a near repetition counts
    prototype   q . mean(p) / |mean(p)|
    count       log(1 + n)
    wrong       kernel over the requests it was wrongly given

A skill without past requests has no such numbers, and the weights have a column of their own for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_PAST = 50_000
"""Requests remembered, the newest; 77 MB."""


class Past(NamedTuple):
    """A request and the skill that it was given to; `solved` False: it was the wrong skill for it."""

    text: str
    skill: str
    solved: bool = True


History = Callable[[], Sequence[Past]]


class Recalled(NamedTuple):
    """What the memory says of one skill."""

    nearest: float
    prototype: float
    seen: float
    """log(1 + requests that it solved)."""
    wrong: float

    @property
    def kernel(self) -> float:
        return max(0.0, 2 * self.nearest - 1)


def forget_everything() -> Sequence[Past]:
    """No history."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Past requests as vectors, grouped by skill."""

    skills: tuple[str, ...]
    """With past requests that they solved, in the order of `starts`."""
    starts: "NDArray[np.intp]" = field(repr=False)
    solved: "NDArray[np.float32]" = field(repr=False)
    means: "NDArray[np.float32]" = field(repr=False)
    """Sums, not yet divided: one request can be taken out of them."""
    counts: "NDArray[np.float32]" = field(repr=False)
    wrong: "NDArray[np.float32]" = field(repr=False)
    wrong_skills: tuple[str, ...] = ()
    rows: "NDArray[np.intp]" = field(repr=False)
    """Of every row of `solved`, the number of the request that it came from."""
    texts: tuple[str, ...] = field(default=(), repr=False)
    """The requests by number."""

    def recall(self, q: "NDArray[np.float32]", *, without: int | None = None) -> dict[str, Recalled]:
        """By skill; `without` leaves one past request out, as if it had not been seen yet."""
        import numpy as np

        if not self.skills and not self.wrong_skills:
            return {}
        near = self.solved @ q
        dots, counts = self.means @ q, self.counts
        lengths = np.linalg.norm(self.means, axis=1)
        if without is not None:
            own = np.flatnonzero(self.rows == without)
            of = np.searchsorted(self.starts, own, side="right") - 1
            near[own] = -1.0
            dots[of] -= 1.0
            counts = counts.copy()
            counts[of] -= 1
            lengths[of] = np.linalg.norm(self.means[of] - self.solved[own], axis=1)
        nearest = np.maximum.reduceat(near, self.starts) if self.skills else near
        prototypes = dots / np.maximum(lengths, 1e-9)
        wrong = self._wrong(q)
        found = {
            skill: Recalled(float(nearest[n]), float(prototypes[n]), float(np.log1p(counts[n])), 0.0)
            for n, skill in enumerate(self.skills)
            if counts[n] > 0
        }
        for skill, kernel in wrong.items():
            found[skill] = found.get(skill, Recalled(0.0, 0.0, 0.0, 0.0))._replace(wrong=kernel)
        return found

    def _wrong(self, q: "NDArray[np.float32]") -> dict[str, float]:
        worst: dict[str, float] = {}
        if self.wrong_skills:
            for skill, near in zip(self.wrong_skills, self.wrong @ q, strict=True):
                worst[skill] = max(worst.get(skill, 0.0), 2 * float(near) - 1)
        return worst


def remember(past: Sequence[Past], embed: "Callable[[Sequence[str]], NDArray[np.float32]]") -> Memory:
    """A memory of the newest of `past`, whose vectors `embed` gives. Raises what `embed` raises."""
    import numpy as np

    past = past[-MOST_PAST:]
    texts = list(dict.fromkeys(p.text for p in past))
    number = {text: n for n, text in enumerate(texts)}
    vectors = embed(texts) if texts else np.zeros((0, 1), dtype=np.float32)
    solved = sorted({(p.skill, number[p.text]) for p in past if p.solved})
    wrong = sorted({(p.skill, number[p.text]) for p in past if not p.solved} - set(solved))
    rows = np.array([n for _, n in solved], dtype=np.intp)
    owners = [skill for skill, _ in solved]
    starts = [n for n, skill in enumerate(owners) if n == 0 or owners[n - 1] != skill]
    held = vectors[rows]
    sums = np.add.reduceat(held, starts) if starts else held
    return Memory(
        skills=tuple(owners[n] for n in starts),
        starts=np.array(starts, dtype=np.intp),
        solved=held,
        means=sums,
        counts=np.diff([*starts, len(owners)]).astype(np.float32) if starts else np.zeros(0, np.float32),
        wrong=vectors[[n for _, n in wrong]] if wrong else vectors[:0],
        wrong_skills=tuple(skill for skill, _ in wrong),
        rows=rows,
        texts=tuple(texts),
    )
