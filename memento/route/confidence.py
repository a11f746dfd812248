"""How sure is the text that this skill is meant? In [0, 1], and comparable between libraries.

Raw BM25 grows with the library (rarer words weigh more) and with the request (more words, more sum).
So two views are averaged, each blind to one of the two:

    coverage   share of the request's weight that the skill's text holds, its head counting twice
    strength   BM25 in units of the rarest possible word, m, as m / (m + 4)

Measured, benchmarks/routing.py (AUROC of "a right skill is there" against "all were taken out", libraries
of 20 skills; BM25 alone / coverage alone / both): metatool .73 / .68 / .72, ultratool .81 / .75 / .82, real
skills .92 / .92 / .95. In one large library of names and descriptions words alone stay weak: .64 to .67.
"""

import math
from collections.abc import Mapping

from memento.route.index import Hit, Wording
from memento.route.ranking import Scored
from memento.route.weights import Sure, sure_features

HEAD_WEIGHT = 2
"""A body mentions much in passing; what the skill is for stands in its head. Measured: 1 : 1 is .003 lower
in AUROC on real skills and lets 8 to 13 points more strange requests through, head alone is .008 lower."""
HALF_STRENGTH = 4.0
"""This many matched rare words make a strength of one half."""

FUSED_THRESHOLD = 0.30
"""With an embedder, and no past. Measured in libraries of 20: of requests whose skill is there .76 reach it
on metatool (.83 rank it first), .84 (.87) on real skills and .85 (.87) on ultratool; of requests whose
skill is not, .29, .44 and .70 reach a wrong one. At .25 that is .80, .87, .86 and .51, .68, .84. In the
starter library, without its tests, 34 of 36 own requests lie above it and one of 32 near misses."""


def coverage(hit: Hit, rarity: Mapping[str, float]) -> float:
    """Share of the query's weight that the skill's name and description, and its whole text, hold."""
    total = sum(rarity.values())
    if not total:
        return 0.0
    head = sum(weight for term, weight in rarity.items() if term in hit.head)
    full = sum(weight for term, weight in rarity.items() if term in hit.full)
    return (HEAD_WEIGHT * head + full) / ((HEAD_WEIGHT + 1) * total)


def strength(hit: Hit, rarest: float) -> float:
    """BM25 per rarest word, saturated."""
    words = hit.bm25 / rarest
    return words / (words + HALF_STRENGTH)


def confidence(hit: Hit, rarity: Mapping[str, float], rarest: float) -> float:
    """The mean of coverage and strength."""
    return (coverage(hit, rarity) + strength(hit, rarest)) / 2


def fused(weights: Sure, first: Scored, margin: float, wording: Wording) -> float:
    """The chance that the best candidate is right, by a logistic model of what speaks for it."""
    values = sure_features(first.cosine or 0.0, first.bm25, first.recalled, margin, wording)
    z = weights.bias + sum(getattr(weights, name) * value for name, value in values.items())
    return 1 / (1 + math.exp(-min(max(z, -60.0), 60.0)))
