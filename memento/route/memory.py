"""What past requests say: those that a skill solved, and those that it was wrongly given.

For a request q and a skill whose past requests are p_1 ... p_n (unit vectors):

    nearest     max q . p_i, above the usual
    prototype   q . mean(p) / |mean(p)|, above the usual
    share       of the weight of all past requests near q, that of those which this skill solved;
                the weight of p is exp((q . p - the nearest of all) / 0.06)
    height      the nearest of all skills, above the usual: how well the past knows such requests
    vote        share x height
    seen        log(1 + n)
    wrong       max(0, 2 q . p - 1) over the requests it was wrongly given

The usual is what a request sees that none of these skills solves: the mean, over past requests, of the best
skill that is wrong for it. Requests of one library sound alike, of another they do not; measured from the
usual, "near" means the same in both, and a skill without a past competes with what is unusual, not with
habit. A skill without past requests has no such numbers, and the weights count them as nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log1p
from typing import TYPE_CHECKING

from memento.route.past import USUAL, Past, Recalled, Usual

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.intp]

MOST_PAST = 50_000
"""Requests remembered, the newest; 77 MB."""
SPREAD = 0.06
"""Cosine by which a past request must be nearer than another to count e times as much."""
SAMPLE = 300
"""Past requests that the usual is measured on."""


@dataclass(frozen=True, kw_only=True)
class Recall:
    """What the memory says of every skill about some requests: arrays of requests x skills."""

    memory: "Memory" = field(repr=False)
    nearest: "Floats"
    """Cosines, -1 where the skill has nothing left."""
    prototype: "Floats"
    share: "Floats"
    counts: "Floats"
    wrong: Sequence[Mapping[str, float]]

    def of(self, request: int, skill: str) -> Recalled | None:
        """One skill's numbers, None when nothing is remembered of it."""
        wrong = self.wrong[request].get(skill, 0.0)
        n = self.memory.places.get(skill)
        if n is None or self.counts[request, n] < 1:
            return Recalled(wrong=wrong) if wrong else None
        usual = self.memory.usual
        return Recalled(
            nearest=float(self.nearest[request, n]) - usual.nearest,
            prototype=float(self.prototype[request, n]) - usual.prototype,
            share=float(self.share[request, n]),
            height=float(self.nearest[request].max()) - usual.nearest,
            seen=log1p(float(self.counts[request, n])),
            wrong=wrong,
        )

    def knows(self, request: int, skill: str) -> bool:
        """Whether the skill has solved something, the request itself left out."""
        n = self.memory.places.get(skill)
        return n is not None and bool(self.counts[request, n] >= 1)

    def table(self, request: int, skills: Sequence[str]) -> "Floats":
        """nearest, prototype, share, height and seen of many skills, as `of` gives them; 0 without a past."""
        import numpy as np

        found = np.zeros((len(skills), 5), dtype=np.float32)
        known = [(n, self.memory.places[s]) for n, s in enumerate(skills) if self.knows(request, s)]
        if known:
            rows, at = (np.array(column) for column in zip(*known, strict=True))
            usual = self.memory.usual
            found[rows, 0] = self.nearest[request, at] - usual.nearest
            found[rows, 1] = self.prototype[request, at] - usual.prototype
            found[rows, 2] = self.share[request, at]
            found[rows, 3] = self.nearest[request].max() - usual.nearest
            found[rows, 4] = np.log1p(self.counts[request, at])
        return found

    def best(self, request: int, most: int) -> list[str]:
        """The skills whose past is nearest, and all that were wrongly given something near."""
        import numpy as np

        near = self.nearest[request]
        order = np.argsort(-near, kind="stable")[:most]
        return [*(self.memory.skills[n] for n in order if near[n] > -1), *self.wrong[request]]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Past requests as vectors, grouped by skill."""

    texts: tuple[str, ...] = field(repr=False)
    """The requests by number."""
    vectors: "Floats" = field(repr=False)
    """One row a request."""
    skills: tuple[str, ...]
    """With past requests that they solved, in the order of `starts`."""
    starts: "Numbers" = field(repr=False)
    rows: "Numbers" = field(repr=False)
    """Numbers of requests, those of one skill after those of another."""
    wrong: Mapping[str, "Numbers"] = field(repr=False)
    """Numbers of the requests that a skill was wrongly given."""
    usual: Usual = USUAL

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Of the skills."""
        return {skill: n for n, skill in enumerate(self.skills)}

    def recall(self, requests: "Floats", *, without: Sequence[int | None] = ()) -> Recall:
        """For unit vectors of requests; `without` names for each a past request to leave out, its own."""
        import numpy as np

        near = requests @ self.vectors.T
        own = [(r, n) for r, n in enumerate(without) if n is not None]
        for r, n in own:
            near[r, n] = -1.0
        if not self.skills:
            none = np.zeros((len(requests), 0), dtype=np.float32)
            return Recall(
                memory=self, nearest=none, prototype=none, share=none, counts=none, wrong=self._wrong(near)
            )
        solved = near[:, self.rows]
        counts = np.repeat(self._counts[None], len(requests), axis=0)
        dots, lengths = requests @ self._sums.T, np.repeat(self._lengths[None], len(requests), axis=0)
        for r, n in own:
            for c in self._owners(n):
                counts[r, c] -= 1
                dots[r, c] -= requests[r] @ self.vectors[n]
                lengths[r, c] = np.linalg.norm(self._sums[c] - self.vectors[n])
        nearest = np.maximum.reduceat(solved, self.starts, axis=1)
        return Recall(
            memory=self,
            nearest=np.where(counts > 0, nearest, np.float32(-1)),
            prototype=(dots / np.maximum(lengths, 1e-6)).astype(np.float32, copy=False),
            share=self._shares(near),
            counts=counts,
            wrong=self._wrong(near),
        )

    def without(self, skills: Collection[str]) -> "Memory":
        """As if these skills had never solved anything; what is usual stays."""
        import numpy as np

        kept = [skill for skill in self.skills if skill not in skills]
        groups = [self._group(self.places[skill]) for skill in kept]
        return replace(
            self,
            skills=tuple(kept),
            starts=_starts(groups),
            rows=np.concatenate(groups) if groups else self.rows[:0],
        )

    def solved_by(self, skill: str) -> "Numbers":
        """Numbers of the requests."""
        return self._group(self.places[skill])

    def _shares(self, near: "Floats") -> "Floats":
        import numpy as np

        solved = self._solved
        weight = np.exp((near - near[:, solved].max(axis=1, keepdims=True)) / np.float32(SPREAD))
        weight[near <= 0] = 0
        total = weight[:, solved].sum(axis=1, keepdims=True)
        shares: Floats = np.add.reduceat(weight[:, self.rows], self.starts, axis=1) / np.maximum(total, 1e-9)
        return shares

    def _wrong(self, near: "Floats") -> Sequence[Mapping[str, float]]:
        worst = {skill: near[:, numbers].max(axis=1) for skill, numbers in self.wrong.items()}
        return [
            {skill: 2 * float(found[r]) - 1 for skill, found in worst.items() if found[r] > 0.5}
            for r in range(len(near))
        ]

    def _group(self, n: int) -> "Numbers":
        end = self.starts[n + 1] if n + 1 < len(self.starts) else len(self.rows)
        return self.rows[self.starts[n] : end]

    def _owners(self, request: int) -> "Numbers":
        import numpy as np

        found: Numbers = np.searchsorted(self.starts, np.flatnonzero(self.rows == request), side="right") - 1
        return found

    @cached_property
    def _solved(self) -> "Numbers":
        import numpy as np

        return np.unique(self.rows)

    @cached_property
    def _counts(self) -> "Floats":
        import numpy as np

        return np.diff([*self.starts, len(self.rows)]).astype(np.float32)

    @cached_property
    def _sums(self) -> "Floats":
        """Of every skill; not yet divided, so that one request can be taken out of them."""
        import numpy as np

        rows = [self.vectors[self._group(n)].sum(axis=0) for n in range(len(self.skills))]
        return np.array(rows, dtype=np.float32)

    @cached_property
    def _lengths(self) -> "Floats":
        import numpy as np

        lengths: Floats = np.linalg.norm(self._sums, axis=1)
        return lengths


def remember(past: Sequence[Past], embed: "Callable[[Sequence[str]], Floats]") -> Memory:
    """A memory of the newest of `past`, whose vectors `embed` gives. Raises what `embed` raises."""
    import numpy as np

    past = past[-MOST_PAST:]
    texts = tuple(dict.fromkeys(p.text for p in past))
    number = {text: n for n, text in enumerate(texts)}
    solved: dict[str, set[int]] = {}
    wrong: dict[str, set[int]] = {}
    for p in past:
        (solved if p.solved else wrong).setdefault(p.skill, set()).add(number[p.text])
    skills = sorted(solved)
    groups = [np.array(sorted(solved[skill]), dtype=np.intp) for skill in skills]
    misled = {skill: sorted(numbers - solved.get(skill, set())) for skill, numbers in wrong.items()}
    memory = Memory(
        texts=texts,
        vectors=embed(texts) if texts else np.zeros((0, 1), dtype=np.float32),
        skills=tuple(skills),
        starts=_starts(groups),
        rows=np.concatenate(groups) if groups else np.zeros(0, dtype=np.intp),
        wrong={skill: np.array(numbers, dtype=np.intp) for skill, numbers in misled.items() if numbers},
    )
    return replace(memory, usual=_usual(memory))


def _usual(memory: Memory) -> Usual:
    """Measured on some past requests, spread over all; the default where no request has a wrong skill."""
    import numpy as np

    if len(memory.skills) < 2:
        return USUAL
    solved = memory._solved
    chosen = solved[:: max(1, len(solved) // SAMPLE)]
    recall = memory.recall(memory.vectors[chosen])
    nearest, prototype = recall.nearest.copy(), recall.prototype.copy()
    for r, number in enumerate(chosen):
        owners = memory._owners(int(number))
        nearest[r, owners] = prototype[r, owners] = -1.0
    strange = nearest.max(axis=1) > -1
    if not strange.any():
        return USUAL
    return Usual(float(np.mean(nearest.max(axis=1)[strange])), float(np.mean(prototype.max(axis=1)[strange])))


def _starts(groups: "Sequence[Numbers]") -> "Numbers":
    import numpy as np

    return np.cumsum([0, *(len(group) for group in groups)], dtype=np.intp)[:-1]
