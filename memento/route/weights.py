"""How much each part of the case for a skill counts: a linear score, weights in a readable JSON file.

    score = cosine, bm25                                              for every skill
          + seen, nearest, prototype, vote, height, share, count,     for one that has solved requests
            seen_cosine, seen_bm25                                    (text counts less where the past speaks)
          - wrong                                                     for one that was wrongly given such

    confidence = 1 / (1 + exp(-z)),   z of the best: bias, cosine, bm25, seen, nearest,
                                          height, share, count, margin, covered, unknown

`route.json` in the library holds trained weights; without one these defaults hold. They were fitted on three
sets at once; on each set with weights from the two others: `python benchmarks/routing_defaults.py`.
"""

import json
from dataclasses import asdict, dataclass, fields

from memento.errors import ConfigError
from memento.route.index import Wording
from memento.route.past import Recalled

FILE = "route.json"
FORMAT = 3
BM25_UNIT = 75.0
"""BM25 that counts as much as a cosine of 1. Measured on three sets, 60 to 90 are within a point."""
TEXT = ("cosine", "bm25")
PAST = ("seen", "nearest", "prototype", "vote", "height", "share", "count", "seen_cosine", "seen_bm25")
FEATURES = (*TEXT, *PAST)
SURE = ("cosine", "bm25", "seen", "nearest", "height", "share", "count", "margin", "covered", "unknown")
KNOWN = 0.25
"""Height from which the past knows such requests for sure; at 0 it sees what any strange request sees."""
MOST_MARGIN = 0.3
"""A first that is further ahead of the second is not more certain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Weights of the score."""

    cosine: float = 1.0
    bm25: float = 1.0
    seen: float = 0.0356
    nearest: float = 0.601
    prototype: float = 0.1514
    vote: float = 0.3115
    height: float = -0.2173
    share: float = 0.0
    count: float = 0.0
    seen_cosine: float = 0.0
    seen_bm25: float = 0.0
    wrong: float = 0.5
    """Not learned: wrong routes are rare, and a person may turn it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sure:
    """Weights of the confidence, a logistic model."""

    bias: float = -2.1931
    cosine: float = 1.4733
    bm25: float = 1.9399
    seen: float = 0.4819
    nearest: float = 2.7611
    height: float = -4.4497
    share: float = 1.949
    count: float = 0.0
    margin: float = 1.8206
    covered: float = 1.6526
    unknown: float = 3.3278


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """A whole set, with the embedder that it was trained for: cosines of another mean something else."""

    score: Score = Score()
    sure: Sure = Sure()
    embedder: str | None = None
    trained_on: int = 0
    hit1: float | None = None
    """On held-out requests, when it was trained."""

    def parts(self, cosine: float, bm25: float, recalled: Recalled | None) -> dict[str, float]:
        """What each feature adds to the score, by name."""
        values = features(cosine, bm25, recalled)
        parts = {name: float(getattr(self.score, name)) * value for name, value in values.items()}
        if recalled is not None and recalled.wrong:
            parts["wrong"] = -self.score.wrong * recalled.wrong
        return parts


def features(cosine: float, bm25: float, recalled: Recalled | None) -> dict[str, float]:
    """The features of one candidate by name; those of the past only where there is one."""
    values = {"cosine": cosine, "bm25": bm25 / BM25_UNIT}
    if recalled is None or not recalled.seen:
        return values
    return values | {
        "seen": 1.0,
        "nearest": recalled.nearest,
        "prototype": recalled.prototype,
        "vote": recalled.vote,
        "height": recalled.height,
        "share": recalled.share,
        "count": recalled.seen,
        "seen_cosine": values["cosine"],
        "seen_bm25": values["bm25"],
    }


def sure_features(
    cosine: float, bm25: float, recalled: Recalled | None, margin: float, wording: Wording
) -> dict[str, float]:
    """What speaks for the best candidate, by name of SURE; `margin` is how far it is ahead."""
    known = recalled if recalled is not None and recalled.seen else Recalled()
    near = min(1.0, max(0.0, known.height / KNOWN))
    return {
        "cosine": cosine,
        "bm25": min(1.0, bm25 / BM25_UNIT),
        "seen": float(known.seen > 0),
        "nearest": known.nearest,
        # That nothing near is known must never speak for a skill: not low height, not a share of nothing.
        "height": max(0.0, known.height),
        "share": known.share * near,
        "count": known.seen * near,
        "margin": min(margin, MOST_MARGIN),
        "covered": bm25 / wording.most if wording.most else 0.0,
        # The fewer of the words any skill has, the more the meaning must speak.
        "unknown": max(0.0, cosine) * wording.unknown,
    }


DEFAULT = Weights()


def dump(weights: Weights) -> str:
    """The text of route.json."""
    return json.dumps({"format": FORMAT, **asdict(weights)}, indent=2) + "\n"


def load(text: str) -> Weights:
    """Weights from the text of route.json. Raises ConfigError."""
    try:
        raw = json.loads(text)
        if raw.pop("format") != FORMAT:
            raise ConfigError(f"{FILE} has another format; train again with `memento route train`")
        score, sure = (_numbers(kind, raw.pop(key)) for kind, key in ((Score, "score"), (Sure, "sure")))
        return Weights(score=Score(**score), sure=Sure(**sure), **raw)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"{FILE} cannot be used ({error}); train again with `memento route train`, or delete it"
        ) from error


def fitting(text: str | None, embedder: str | None) -> Weights:
    """Those of route.json where they are for this embedder, else the shipped ones. Raises ConfigError."""
    weights = load(text) if text else DEFAULT
    return weights if embedder and weights.embedder in (None, embedder) else DEFAULT


def _numbers(kind: type[Score] | type[Sure], raw: dict[str, float]) -> dict[str, float]:
    names = {field.name for field in fields(kind)}
    if set(raw) != names:
        raise ValueError(f"{sorted(set(raw) ^ names)} missing or unknown")
    return {name: float(value) for name, value in raw.items()}
