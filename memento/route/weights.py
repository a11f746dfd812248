"""How much each part of the case for a skill counts: a linear score, weights in a readable JSON file.

    score = cosine, bm25                                          with `cold`   for a skill without history
    score = cosine, bm25, 1, nearest, kernel, prototype, count    with `warm`   for one with
    both  - wrong x its kernel over requests that it was wrongly given

`route.json` in the library holds trained weights; without one these defaults hold, which only ever add for
a near repetition, so that a new skill loses nothing to an old one but its repetitions.
"""

import json
from dataclasses import asdict, dataclass, fields

from memento.errors import ConfigError
from memento.route.memory import Recalled

FILE = "route.json"
FORMAT = 1
BM25_UNIT = 75.0
"""BM25 that counts as much as a cosine of 1. Measured on three sets, 60 to 90 are within a point."""
COLD = ("cosine", "bm25")
WARM = ("cosine", "bm25", "seen", "nearest", "kernel", "prototype", "count")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cold:
    """Weights for a skill without history."""

    cosine: float = 1.0
    bm25: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Warm:
    """Weights for a skill with history; `seen` is what having one counts by itself."""

    cosine: float = 1.0
    bm25: float = 1.0
    seen: float = 0.0
    nearest: float = 0.0
    kernel: float = 0.5
    prototype: float = 0.0
    count: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """A whole set, with the embedder that it was trained for: cosines of another mean something else."""

    cold: Cold = Cold()
    warm: Warm = Warm()
    wrong: float = 0.5
    embedder: str | None = None
    trained_on: int = 0
    hit1: float | None = None
    """On held-out requests, when it was trained."""

    def parts(self, cosine: float, bm25: float, recalled: Recalled | None) -> dict[str, float]:
        """What each feature adds to the score, by name."""
        values = {"cosine": max(0.0, cosine), "bm25": bm25 / BM25_UNIT}
        weights: Cold | Warm = self.cold
        if recalled is not None and recalled.seen > 0:
            weights = self.warm
            values |= {
                "seen": 1.0,
                "nearest": recalled.nearest,
                "kernel": recalled.kernel,
                "prototype": recalled.prototype,
                "count": recalled.seen,
            }
        parts = {name: float(getattr(weights, name)) * value for name, value in values.items()}
        if recalled is not None and recalled.wrong:
            parts["wrong"] = -self.wrong * recalled.wrong
        return parts


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
        cold, warm = (_numbers(kind, raw.pop(key)) for kind, key in ((Cold, "cold"), (Warm, "warm")))
        return Weights(cold=Cold(**cold), warm=Warm(**warm), **raw)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"{FILE} cannot be used ({error}); train again with `memento route train`, or delete it"
        ) from error


def _numbers(kind: type[Cold] | type[Warm], raw: dict[str, float]) -> dict[str, float]:
    names = {field.name for field in fields(kind)}
    if set(raw) != names:
        raise ValueError(f"{sorted(set(raw) ^ names)} missing or unknown")
    return {name: float(value) for name, value in raw.items()}
