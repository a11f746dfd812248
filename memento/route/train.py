"""Learn the weights from a library's own past: listwise, with history taken away at random.

    score        -log of the share of the right candidates under softmax (its temperature is learned too),
                 by Adam (Kingma and Ba, arXiv 1412.6980), pulled towards the weights that ship: the fewer
                 requests, the harder
    balance      then the weight of having a past at all is moved to where most requests are found in views in
                 which a fifth of the skills is new; one for a skill with a past counts three times, one for a
                 new skill once, so that nobody is starved
    confidence   a logistic model of the best candidate, right skills there, against the best one with the
                 right skills taken away

Gated like a skill: each quarter of the requests is held against weights learned from the others, among all
candidates. New ones replace old ones only when they win more of those than they lose, by more than chance
would, and do not lose clearly without history. numpy only; seconds for thousands of requests.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memento.route.lessons import BALANCE, FULL, NONE, Lessons
from memento.route.weights import DEFAULT, FEATURES, KNOWN, MOST_MARGIN, PAST, SURE, Score, Sure, Weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Doubles = NDArray[np.float64]

STEPS, BATCH, RATE = 600, 256, 0.03
FITTED = (0, 0, 1, 2, 3, 4)
"""Views that steps are drawn from; the full memory twice."""
PULL = 30.0
"""Requests that the pull towards the shipped weights counts for."""
HEAT = 2.5
"""Log of the softmax's inverse temperature at the start."""
FOLDS = 4
WARM_COUNTS = 3.0
"""At 2 the requests of skills with a past lose up to 4 points to new ones, at 6 those of new ones 6."""
SHIFTS, STEP, AROUND = 30, 0.01, 6
RIDGE = 0.01
"""Of the confidence, whose features say much the same."""
AWAY = -1e9


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


def train(lessons: Lessons, old: Weights, *, embedder: str) -> Trained:
    """New weights, or the old ones where those are better."""
    import numpy as np

    taught = lessons.rows(_answered(lessons.right & lessons.there))
    warm, cold = _folded(taught, old)
    new = fit([taught])
    before = [hits(taught, old.score, view).mean() for view in (FULL, NONE)]
    after = before[0] + warm.mean(), before[1] + cold.mean()
    worse = not _better(warm) or _clearly_worse(cold)
    weights = Weights(
        score=new,
        sure=fit_sure([(taught, new)]),
        embedder=embedder,
        trained_on=len(taught),
        hit1=round(float(after[0]), 4),
    )
    return Trained(
        weights=old if worse else weights,
        kept_old=bool(worse),
        requests=len(taught),
        before_warm=float(before[0]),
        after_warm=float(after[0]),
        before_cold=float(before[1]),
        after_cold=float(np.float64(after[1])),
    )


def hits(lessons: Lessons, score: Score, view: int) -> "Doubles":
    """1 for each request whose best candidate is right, else 0."""
    import numpy as np

    best = _scores(lessons, score, view).argmax(axis=1)
    found: Doubles = lessons.right[np.arange(len(best)), best].astype(np.float64)
    return found


def fit(
    sets: Sequence[Lessons],
    start: Score = DEFAULT.score,
    *,
    pull: float = PULL,
    held: Collection[str] = (),
    seed: int = 0,
) -> Score:
    """Weights for `sets`, each of which counts the same; those named in `held` stay where they start."""
    import numpy as np

    draw = np.random.default_rng(seed)
    usable = [s.rows(_answered(s.right & s.proven)) for s in sets]
    theta = np.array([*_vector(start), HEAT])
    home = theta.copy()
    free = np.array([*(name not in held for name in FEATURES), True])
    strength = pull / sum(map(len, usable))
    first, second = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, STEPS + 1):
        chosen = usable[step % len(usable)]
        view, rows = int(draw.choice(FITTED)), draw.integers(0, len(chosen), BATCH)
        slope = _slope(chosen, view, rows, theta) + strength * (theta - home)
        slope *= free
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        pace = RATE * min(1.0, 2 * (1 - step / STEPS) + 0.03)
        theta -= pace * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    names = zip(FEATURES, theta[:-1], strict=True)
    return _balanced(usable, Score(**{name: round(float(value), 4) for name, value in names}))


def _balanced(sets: Sequence[Lessons], score: Score) -> Score:
    """`score` with the `seen` around which most is found."""
    import numpy as np

    steps = range(-SHIFTS - AROUND, SHIFTS + AROUND + 1)
    moved = [replace(score, seen=round(score.seen + STEP * step, 4)) for step in steps]
    found = [np.mean([_worth(lessons, candidate) for lessons in sets]) for candidate in moved]
    # Few of the requests change hands from one step to the next: a single step's peak is mostly luck.
    near = np.convolve(found, np.ones(2 * AROUND + 1), "valid")
    return moved[AROUND + int(near.argmax())]


def _worth(lessons: Lessons, score: Score) -> float:
    """Hit@1 over the views kept for balance; a request for a skill with a past counts WARM_COUNTS times."""
    import numpy as np

    # Among the proven: what is right for a request is not known of the others.
    fair = replace(lessons, there=lessons.there & lessons.proven)
    found = np.stack([hits(fair, score, view) for view in BALANCE])
    views = list(BALANCE)
    return sum(
        count * float(found[which[views]].mean()) if which[views].any() else 0.0
        for count, which in ((WARM_COUNTS, lessons.warm), (1.0, lessons.cold))
    )


def fit_sure(sets: "Sequence[tuple[Lessons, Score]]", *, young: bool = False) -> Sure:
    """The confidence of weights that score as given; each set counts the same.

    `young`: for a library whose past is short or other than these; see _sure_table. What a count of
    requests says does not carry over then.
    """
    import numpy as np

    tables = [_sure_table(lessons, score, young=young) for lessons, score in sets]
    values = np.concatenate([table for table, _ in tables])
    if young:
        values[:, SURE.index("count")] = 0.0
    there = np.concatenate([flags for _, flags in tables])
    mass = np.concatenate([np.full(len(table), 1 / len(table)) for table, _ in tables])
    mass /= mass.sum()
    middle, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    table = np.concatenate([(values - middle) / spread, np.ones((len(values), 1))], axis=1)
    theta = np.zeros(table.shape[1])
    for _ in range(50):  # Newton's method; the small ridge keeps it from running away
        chance = 1 / (1 + np.exp(-table @ theta))
        slope = table.T @ (mass * (chance - there)) + RIDGE * theta
        curve = (table * (mass * chance * (1 - chance))[:, None]).T @ table + RIDGE * np.eye(len(theta))
        theta -= np.linalg.solve(curve, slope)
    plain = theta[:-1] / spread
    bias = float(theta[-1] - plain @ middle)
    return Sure(bias=round(bias, 4), **{n: round(float(v), 4) for n, v in zip(SURE, plain, strict=True)})


def _sure_table(lessons: Lessons, score: Score, *, young: bool) -> "tuple[Doubles, Doubles]":
    """Features of the best candidate, with the right ones there and without, and which is which.

    Taken away twice: with their past (nobody ever asked such a thing; shares are then of what is left), and
    without it (they were retired, and the past still knows who solved it). With `young` once more
    as if nothing were remembered at all: a library starts so.
    """
    import numpy as np

    share, height, nearest = (PAST.index(name) for name in ("share", "height", "nearest"))
    past = lessons.past[FULL].astype(np.float64)
    left = past.copy()
    seen = past[..., PAST.index("seen")] > 0
    gone = np.where(lessons.right, past[..., share], 0).sum(axis=1, keepdims=True)
    most = np.where(lessons.right, 0, past[..., share]).max(axis=1, keepdims=True)
    left[..., share] /= np.maximum(1 - gone, most + 1e-6)
    highest = np.where(seen & ~lessons.right, past[..., nearest], -1.0).max(axis=1, keepdims=True)
    left[..., height] = np.where(seen, highest, 0)
    left[..., PAST.index("vote")] = left[..., share] * left[..., height]
    others, bare = lessons.there & ~lessons.right, np.zeros_like(past)
    none = [bare] if young else []
    there = [_best(lessons, values, lessons.there, score) for values in (past, past, *none)]
    away = [_best(lessons, values, others, score) for values in (left, past, *none)]
    flags = [np.full(len(t), n) for n, tables in ((1.0, there), (0.0, away)) for t in tables]
    return np.concatenate([*there, *away]), np.concatenate(flags)


def _best(lessons: Lessons, past: "Doubles", there: "Flags", score: Score) -> "Doubles":
    """The features of SURE of the best candidate of each request."""
    import numpy as np

    theta = np.array(_vector(score))
    scores = np.where(there, lessons.text @ theta[:2] + past @ theta[2:], AWAY)
    rows, order = np.arange(len(scores)), np.argsort(-scores, axis=1, kind="stable")
    top = order[:, 0]
    second = scores[rows, order[:, 1]] if scores.shape[1] > 1 else np.full(len(rows), AWAY)
    first = scores[rows, top]
    ahead = np.where(second > AWAY / 2, first - second, first)
    height = past[rows, top, PAST.index("height")]
    columns = [
        lessons.text[rows, top, 0],
        np.minimum(1.0, lessons.text[rows, top, 1]),
        *(past[rows, top, PAST.index(name)] for name in ("seen", "nearest")),
        np.maximum(0.0, height),
        *(past[rows, top, PAST.index(name)] * np.clip(height / KNOWN, 0, 1) for name in ("share", "count")),
        np.minimum(ahead, MOST_MARGIN),
        lessons.text[rows, top, 1] / np.maximum(lessons.wording[:, 0], 1e-6),
        np.maximum(0.0, lessons.text[rows, top, 0]) * lessons.wording[:, 1],
    ]
    table: Doubles = np.stack(columns, axis=1)
    return table[there.any(axis=1)]


def _scores(lessons: Lessons, score: Score, view: int) -> "Doubles":
    import numpy as np

    theta = np.array(_vector(score))
    plain = lessons.text @ theta[:2] + lessons.past[view] @ theta[2:]
    return np.where(lessons.there, plain, AWAY)


def _slope(lessons: Lessons, view: int, rows: "NDArray[np.intp]", theta: "Doubles") -> "Doubles":
    import numpy as np

    values = np.concatenate([lessons.text[rows], lessons.past[view][rows]], axis=2)
    fair = lessons.there[rows] & lessons.proven[rows]
    heat = np.exp(theta[-1])
    plain = np.where(fair, values @ theta[:-1], AWAY)
    share = np.exp(heat * (plain - plain.max(axis=1, keepdims=True)))
    share /= share.sum(axis=1, keepdims=True)
    right = share * (lessons.right[rows] & fair)
    right /= np.maximum(right.sum(axis=1, keepdims=True), 1e-12)
    pull = (share - right) / len(rows)
    warmer = heat * float((pull * np.where(fair, plain, 0)).sum())
    return np.concatenate([heat * np.einsum("rc,rcf->f", pull, values), [warmer]])


def _folded(lessons: Lessons, old: Weights) -> "tuple[Doubles, Doubles]":
    """Per request, what weights learned without it change: 1 won, -1 lost; with history and without."""
    import numpy as np

    fold = np.random.default_rng(0).permutation(len(lessons)) % FOLDS
    warm, cold = np.zeros(len(fold)), np.zeros(len(fold))
    for k in range(FOLDS):
        held, new = lessons.rows(fold == k), fit([lessons.rows(fold != k)])
        warm[fold == k] = hits(held, new, FULL) - hits(held, old.score, FULL)
        cold[fold == k] = hits(held, new, NONE) - hits(held, old.score, NONE)
    return warm, cold


def _answered(right: "Flags") -> "Flags":
    """Of each request, whether a right skill is among its candidates."""
    found: Flags = right.max(axis=1)
    return found


def _better(change: "Doubles") -> bool:
    """By more than a standard error of the requests on which the two differ."""
    won, differ = float(change.sum()), float(abs(change).sum())
    return won > 0 and won * won > differ


def _clearly_worse(change: "Doubles") -> bool:
    """By more than two standard errors of the requests on which the two differ."""
    lost, differ = -float(change.sum()), float(abs(change).sum())
    return lost > 0 and lost * lost > 4 * differ


def _vector(score: Score) -> list[float]:
    return [getattr(score, name) for name in FEATURES]
