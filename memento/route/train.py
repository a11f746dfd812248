"""Learn the weights from a library's own past: listwise, with history taken away at random.

    each request       its candidates (as the router finds them), of which the right ones are to come first
    its own row        is left out of the memory: at test time a request is new
    the others         skills that solved nothing yet are left out: they would only teach that the new lose
    each step          a random share of the skills has no history, so that the weights of `cold` are learned
                       beside those of `warm`, and no skill is starved for being new
    loss               -log of the share of the right candidates under softmax (temperature learned)

Gated like a skill: each quarter of the requests is held against weights learned from the others. New ones
replace old ones only when they win more of those than they lose, and do not lose clearly without history.
numpy only; a few seconds for thousands of requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from memento.errors import UsageError
from memento.route.memory import Past, Recalled
from memento.route.weights import COLD, DEFAULT, WARM, Cold, Warm, Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST = 30
"""Requests; fewer teach nothing that holds."""
STEPS, BATCH, RATE = 400, 128, 0.03
FOLDS = 4
SHARES = (1.0, 1.0, 0.7, 0.5, 0.5, 0.0)
"""Of the skills that keep their history in a step."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One candidate of one request, as the router sees it."""

    skill: str
    cosine: float
    bm25: float
    recalled: Recalled | None
    right: bool


@dataclass(frozen=True, kw_only=True)
class Lists:
    """Requests x candidates, padded; `owner` numbers the skills, -1 where there is no candidate."""

    cold: "NDArray[np.float32]" = field(repr=False)
    warm: "NDArray[np.float32]" = field(repr=False)
    seen: "NDArray[np.bool_]" = field(repr=False)
    right: "NDArray[np.bool_]" = field(repr=False)
    owner: "NDArray[np.intp]" = field(repr=False)
    skills: int

    def rows(self, chosen: "NDArray[np.bool_]") -> "Lists":
        """Some of the requests."""
        return Lists(
            cold=self.cold[chosen],
            warm=self.warm[chosen],
            seen=self.seen[chosen],
            right=self.right[chosen],
            owner=self.owner[chosen],
            skills=self.skills,
        )


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The better of the old and the new weights, with both their hit@1 on held-out requests."""

    weights: Weights
    kept_old: bool
    requests: int
    before_warm: float
    after_warm: float
    before_cold: float
    after_cold: float


def lists(cases: Sequence[Sequence[Case]]) -> Lists:
    """Arrays of the features; requests without a right candidate teach nothing and are left out."""
    import numpy as np

    cases = [row for row in cases if any(c.right for c in row)]
    number: dict[str, int] = {}
    shape = (len(cases), max((len(row) for row in cases), default=1))
    cold = np.zeros((*shape, len(COLD)), dtype=np.float32)
    warm = np.zeros((*shape, len(WARM)), dtype=np.float32)
    seen, right = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    owner = np.full(shape, -1)
    unit_cold, unit_warm = _units()
    for r, row in enumerate(cases):
        for c, case in enumerate(row):
            owner[r, c] = number.setdefault(case.skill, len(number))
            right[r, c] = case.right
            bare = unit_cold.parts(case.cosine, case.bm25, None)
            cold[r, c] = [bare[name] for name in COLD]
            if case.recalled is not None and case.recalled.seen > 0:
                seen[r, c] = True
                full = unit_warm.parts(case.cosine, case.bm25, case.recalled)
                warm[r, c] = [full[name] for name in WARM]
    return Lists(cold=cold, warm=warm, seen=seen, right=right, owner=owner, skills=len(number))


def _units() -> tuple[Weights, Weights]:
    ones = Warm(**{f.name: 1.0 for f in fields(Warm)})
    return Weights(), Weights(warm=ones)


def hits(data: Lists, weights: Weights, kept: "NDArray[np.bool_] | None" = None) -> "NDArray[np.float64]":
    """1 for each request whose best candidate is right, else 0; `kept` says which skills have history."""
    import numpy as np

    seen = data.seen if kept is None else data.seen & kept[data.owner]
    scores = _scores(data, seen, *_vectors(weights), slice(None))
    best = scores.argmax(axis=1)
    found: NDArray[np.float64] = data.right[np.arange(len(best)), best].astype(np.float64)
    return found


def fit(data: Lists, *, seed: int = 0) -> Weights:
    """Weights for `data`, from the defaults on, by Adam (Kingma and Ba, arXiv 1412.6980)."""
    import numpy as np

    draw = np.random.default_rng(seed)
    cold, warm = _vectors(DEFAULT)
    theta = np.concatenate([cold, warm, [2.5]])
    first, second = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, STEPS + 1):
        rows = draw.integers(0, len(data.right), BATCH)
        kept = draw.random(data.skills) < draw.choice(SHARES)
        slope = _slope(data, rows, kept, theta)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        pace = RATE * min(1.0, 2 * (1 - step / STEPS) + 0.05)
        theta -= pace * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    numbers = [round(float(v), 4) for v in theta]
    at = len(COLD)
    return Weights(
        cold=Cold(**dict(zip(COLD, numbers[:at], strict=True))),
        warm=Warm(**dict(zip(WARM, numbers[at : at + len(WARM)], strict=True))),
    )


def train(cases: Sequence[Sequence[Case]], old: Weights, *, embedder: str) -> Trained:
    """New weights, or the old ones where those are better. Raises UsageError when there is too little."""
    import numpy as np

    if len(cases) < LEAST:
        raise UsageError(
            f"{len(cases)} past requests are too few to learn from; {LEAST} are needed. "
            "Run tasks, or add QUERIES to the tests of skills."
        )
    proven = {case.skill for row in cases for case in row if case.right}
    cases = [[case for case in row if case.skill in proven] for row in cases]
    data = lists(cases)
    warm, cold = _folded(data, old)
    new = fit(data)
    worse = warm.sum() <= 0 or _clearly_worse(warm) or _clearly_worse(cold)
    before = hits(data, old), hits(data, old, np.zeros(data.skills, dtype=bool))
    after = float((before[0] + warm).mean()), float((before[1] + cold).mean())
    better = Weights(cold=new.cold, warm=new.warm, embedder=embedder, trained_on=len(cases), hit1=after[0])
    return Trained(
        weights=old if worse else better,
        kept_old=bool(worse),
        requests=len(cases),
        before_warm=float(before[0].mean()),
        after_warm=after[0],
        before_cold=float(before[1].mean()),
        after_cold=after[1],
    )


def _folded(data: Lists, old: Weights) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Per request, what weights learned without it change: 1 won, -1 lost; with history and without."""
    import numpy as np

    fold = np.random.default_rng(0).permutation(len(data.right)) % FOLDS
    none = np.zeros(data.skills, dtype=bool)
    warm, cold = np.zeros(len(fold)), np.zeros(len(fold))
    for k in range(FOLDS):
        held, new = data.rows(fold == k), fit(data.rows(fold != k))
        warm[fold == k] = hits(held, new) - hits(held, old)
        cold[fold == k] = hits(held, new, none) - hits(held, old, none)
    return warm, cold


def _clearly_worse(change: "NDArray[np.float64]") -> bool:
    """By more than two standard errors of the requests on which the two differ."""
    lost, differ = -float(change.sum()), float(abs(change).sum())
    return lost > 0 and lost * lost > 4 * differ


def right_skills(past: Sequence[Past]) -> Mapping[str, frozenset[str]]:
    """By request, the skills that solved it."""
    found: dict[str, set[str]] = {}
    for p in past:
        if p.solved:
            found.setdefault(p.text, set()).add(p.skill)
    return {text: frozenset(skills) for text, skills in found.items()}


def _vectors(weights: Weights) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    import numpy as np

    cold = np.array([getattr(weights.cold, name) for name in COLD], dtype=np.float64)
    warm = np.array([getattr(weights.warm, name) for name in WARM], dtype=np.float64)
    return cold, warm


def _scores(
    data: Lists,
    seen: "NDArray[np.bool_]",
    cold: "NDArray[np.float64]",
    warm: "NDArray[np.float64]",
    rows: "NDArray[np.intp] | slice",
) -> "NDArray[np.float64]":
    import numpy as np

    scores = np.where(seen, data.warm[rows] @ warm, data.cold[rows] @ cold)
    return np.where(data.owner[rows] >= 0, scores, -1e9)


def _slope(
    data: Lists, rows: "NDArray[np.intp]", kept: "NDArray[np.bool_]", theta: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    import numpy as np

    cold, warm, heat = theta[: len(COLD)], theta[len(COLD) : -1], np.exp(theta[-1])
    seen = data.seen[rows] & kept[data.owner[rows]]
    plain = _scores(data, seen, cold, warm, rows)
    share = np.exp(heat * (plain - plain.max(axis=1, keepdims=True)))
    right = share * data.right[rows]
    right /= np.maximum(right.sum(axis=1, keepdims=True), 1e-12)
    pull = (share / share.sum(axis=1, keepdims=True) - right) / len(rows)
    return np.concatenate(
        [
            heat * np.einsum("rc,rcf->f", pull * ~seen, data.cold[rows]),
            heat * np.einsum("rc,rcf->f", pull * seen, data.warm[rows]),
            [heat * float((pull * np.where(plain > -1e8, plain, 0)).sum())],
        ]
    )
